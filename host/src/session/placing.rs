//! Where the calls of a Connection run, and what it keeps of that.

use std::sync::Arc;
use std::time::Duration;

use onepool_proto::{Code, DatabaseKind, Failure};

use super::connection::{Pending, State};
use super::operation::Due;
use crate::pool::{After, Ask, Caller, Finished, Lease, Patience, Purpose, Setup, Text};

impl State {
    /// The backend on which a statement is to run: `None` for the one that is held, or a lease
    /// for this statement alone.
    pub(super) async fn place(
        &mut self,
        text: &Arc<Text>,
        due: Due,
    ) -> Result<Option<Lease>, Failure> {
        self.brake = None;
        self.settle(text).await;
        self.notice_revocation(text)?;
        let lease = self.lease_for(text, due).await?;
        if let Some(lease) = lease.as_ref().or(self.held.as_ref()) {
            self.trail.goes_on(lease.turn());
        }
        match text.verdict.session_read() {
            Some(function) if !self.trail.tells(function) => Err(elsewhere(function)),
            _ => Ok(lease),
        }
    }

    async fn lease_for(&mut self, text: &Arc<Text>, due: Due) -> Result<Option<Lease>, Failure> {
        let sqlite = self.pool().kind() == DatabaseKind::Sqlite;
        if self.transaction.is_some() && self.held.is_none() {
            let ask = self.ask(Purpose::Transaction, sqlite && !self.read_only);
            self.held = Some(self.acquire(ask, Some(text), due).await?);
        }
        if self.held.is_some() {
            // It goes along with what ends a transaction that was opened by text: whoever is
            // left with nothing on it keeps it from nobody, until its next call or for ever.
            let ends = text.ends() && self.transaction.is_none();
            return Ok(if ends { self.held.take() } else { None });
        }
        if let Some(function) = text.verdict.session_read() {
            let ask = self.ask(Purpose::Statement, false);
            let same = self.trail.last();
            let same = same.and_then(|last| self.pool().acquire_same(last, &ask));
            return same.map(Some).ok_or_else(|| elsewhere(function));
        }
        let writer = sqlite && !self.read_only && text.verdict.may_write();
        let ask = self.ask(Purpose::Statement, writer);
        self.acquire(ask, Some(text), due).await.map(Some)
    }

    /// Notices that the host has taken back what this Connection held. A transaction does not go
    /// on outside of it, also if it was opened by text; state that was merely pinned is gone.
    fn notice_revocation(&mut self, text: &Text) -> Result<(), Failure> {
        let Some(revocation) = self.held.as_ref().and_then(Lease::revoked) else {
            return Ok(());
        };
        if self.transaction.is_some() {
            return Err(revocation.why);
        }
        let by_text = revocation.purpose == Purpose::Transaction;
        if !by_text || text.ends() {
            self.held = None;
        }
        if by_text && !text.rolls_back() {
            return Err(revocation.why);
        }
        Ok(())
    }

    /// Waits until it is known what the last job left behind, where that matters.
    async fn settle(&mut self, text: &Text) {
        let reads_session = text.verdict.session_read().is_some();
        let (held, in_transaction) = (self.held.is_some(), self.transaction.is_some());
        match &mut self.pending {
            None => (),
            Some(Pending::Finish(done)) => {
                let finished = done.await.ok();
                self.pending = None;
                self.finished(finished);
            }
            // The owner of the transaction's backend takes its jobs in order.
            Some(_) if in_transaction && held => (),
            Some(Pending::Batch(done)) => {
                let _ = done.await;
                self.pending = None;
            }
            Some(Pending::Statement {
                done,
                changes_session,
                writing,
            }) if *changes_session || *writing || reads_session || held => {
                let after = done.await;
                self.pending = None;
                self.settled(after.ok());
            }
            Some(Pending::Statement { .. }) => (),
        }
    }

    fn settled(&mut self, after: Option<After>) {
        // Without an answer its backend is lost, and what was on it.
        let Some(after) = after else {
            self.held = None;
            return;
        };
        self.settings = after.settings;
        let purpose = if after.in_transaction {
            Purpose::Transaction
        } else {
            Purpose::Pinned
        };
        let lease = after.lease.or(self.held.take());
        self.keep(
            lease.filter(|_| after.in_transaction || after.pinned),
            purpose,
        );
    }

    /// Notes how the backend is after the end of a transaction; what the end was, if it is known.
    pub(super) fn finished(&mut self, finished: Option<Finished>) -> Option<Result<(), Failure>> {
        let Finished {
            result,
            settings,
            lease,
        } = finished?;
        self.settings = settings;
        self.keep(lease, Purpose::Pinned);
        Some(result)
    }

    fn keep(&mut self, lease: Option<Lease>, purpose: Purpose) {
        if let Some(lease) = lease {
            lease.set_purpose(purpose);
            self.held = Some(lease);
        } else {
            self.held = None;
        }
    }

    /// What must be so before the next statement. What was pending is in its hands now.
    pub(super) fn setup(&mut self) -> Setup {
        let plain = Setup {
            waited: std::mem::take(&mut self.waited),
            ..self.plain_setup()
        };
        match &mut self.transaction {
            Some(transaction) => Setup {
                before: transaction.take_pending(),
                in_transaction: true,
                ..plain
            },
            None => plain,
        }
    }

    /// What must be so before a statement outside a transaction.
    pub(super) fn plain_setup(&self) -> Setup {
        // Migrations take as long as they take.
        let limited = self.migration.is_none();
        Setup {
            settings: Arc::clone(&self.settings),
            before: Vec::new(),
            in_transaction: false,
            quota: limited.then(|| self.session.context.quota.clone()),
            waited: Duration::ZERO,
            caller: Caller {
                plugin: Arc::clone(&self.session.context.plugin),
                trace: self.trace,
            },
            tally: Arc::clone(&self.session.context.tally),
        }
    }

    pub(super) fn ask(&self, purpose: Purpose, writer: bool) -> Ask {
        let plugin = Arc::clone(&self.session.context.plugin);
        Ask {
            plugin,
            holder: self.session.holder,
            purpose,
            writer,
            prefer: self.trail.last().map(|last| last.backend),
        }
    }

    pub(super) async fn acquire(
        &mut self,
        ask: Ask,
        text: Option<&Arc<Text>>,
        due: Due,
    ) -> Result<Lease, Failure> {
        let patience = Patience {
            queue: self.session.context.quota.get().queue_timeout,
            deadline: due.0,
        };
        let lease = self.pool().acquire(ask, text, patience).await?;
        self.waited = lease.waited();
        Ok(lease)
    }
}

fn elsewhere(function: &str) -> Failure {
    Failure::new(
        Code::SESSION_READ,
        format!(
            "{function} tells of earlier statements on the same backend, and none of this connection's \
             has run there since somebody else used it; call it in the same transaction, or use the \
             query result's last_insert_id"
        ),
    )
}
