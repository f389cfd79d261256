//! A Connection's transaction.

use std::sync::Arc;

use onepool_proto::id::{Mint, RowSetId, TransactionId};
use onepool_proto::message::{Begin, Call, Execute, Finish, FinishHow, Sql, Want};
use onepool_proto::{Code, DatabaseKind, Failure};
use tokio::sync::oneshot;

use super::connection::{Pending, State, backend_lost};
use super::operation::{Answer, Due, Ended};
use crate::db::classify::What;
use crate::pool::{self, Job, Lease, Settings, Setup, Step};

/// Ended transactions that a Connection remembers, to tell stale ids from unknown ones.
const REMEMBERED: usize = 64;

/// An open transaction.
#[derive(Debug)]
pub(super) struct Transaction {
    id: TransactionId,
    /// What the database has not been told yet, in order. A transaction that was never used is
    /// never begun.
    pending: Vec<Step>,
    /// The settings when it began: PostgreSQL rolls them back with it.
    settings: Arc<Settings>,
}

impl Transaction {
    pub(super) fn new(id: TransactionId, begin: String, settings: Arc<Settings>) -> Self {
        Self {
            id,
            pending: vec![Step::Begin(begin)],
            settings,
        }
    }

    pub(super) fn take_pending(&mut self) -> Vec<Step> {
        std::mem::take(&mut self.pending)
    }

    pub(super) fn savepoint(&mut self, depth: u32) {
        self.pending.push(Step::Savepoint(depth));
    }

    pub(super) fn roll_back_to(&mut self, depth: u32) {
        if !self.forget(depth) {
            self.pending.push(Step::RollbackTo(depth));
        }
    }

    /// Forgets a savepoint that the database has not been told of. Whether there was one.
    fn forget(&mut self, depth: u32) -> bool {
        let at = self
            .pending
            .iter()
            .position(|step| *step == Step::Savepoint(depth));
        if let Some(at) = at {
            self.pending.truncate(at);
        }
        at.is_some()
    }

    fn begun(&self) -> bool {
        !matches!(self.pending.first(), Some(Step::Begin(_)))
    }
}

impl State {
    /// The statement with which `begin()` opens a transaction. On SQLite it takes the write lock
    /// at once, as it has the writer lane: a later upgrade could fail at any time.
    pub(super) fn plain_begin(&self) -> String {
        let statement = match (self.pool().kind(), self.read_only) {
            (DatabaseKind::Sqlite, false) => "BEGIN IMMEDIATE",
            (DatabaseKind::Sqlite, true) | (_, false) => "BEGIN",
            (DatabaseKind::Postgres, true) => "BEGIN READ ONLY",
            (DatabaseKind::MySql, true) => "START TRANSACTION READ ONLY",
        };
        statement.to_owned()
    }

    pub(super) fn may_begin(&self, id: TransactionId) -> Result<(), Failure> {
        let known = self.transaction.as_ref().is_some_and(|open| open.id == id);
        if known || self.ended.contains(&id) {
            return Err(Failure::new(
                Code::DUPLICATE_ID,
                "this transaction has begun before",
            ));
        }
        if self.transaction.is_some() {
            return Err(Failure::new(
                Code::OUT_OF_ORDER,
                "a transaction is open on this connection already",
            ));
        }
        Ok(())
    }

    pub(super) fn transaction_mut(
        &mut self,
        id: TransactionId,
    ) -> Result<&mut Transaction, Failure> {
        let ended = self.ended.contains(&id);
        match &mut self.transaction {
            Some(open) if open.id == id => Ok(open),
            _ if ended => Err(Failure::new(
                Code::STALE_ID,
                "this transaction has ended: it was committed or rolled back before",
            )),
            _ => Err(Failure::new(
                Code::UNKNOWN_ID,
                "no transaction of this connection has this id",
            )),
        }
    }

    /// Makes sure that a statement belongs to the open transaction, or that there is none.
    pub(super) fn expect_transaction(&mut self, id: Option<TransactionId>) -> Result<(), Failure> {
        match id {
            Some(id) => self.transaction_mut(id).map(|_| ()),
            None if self.transaction.is_none() => Ok(()),
            None => Err(Failure::new(
                Code::OUT_OF_ORDER,
                "a transaction is open on this connection, and the statement is not part of it",
            )),
        }
    }

    /// Rolls back without waiting. What comes next on this Connection waits for it.
    pub(super) fn abandon_transaction(&mut self) {
        self.row_sets.clear();
        self.pending = None;
        let Some(transaction) = self.transaction.take() else {
            return;
        };
        let used = transaction.begun();
        self.undone(transaction);
        // A lease that the transaction has not used is held for pinned state.
        if used && let Some(lease) = self.held.take() {
            let setup = self.plain_setup();
            self.send_end(lease, setup, FinishHow::Rollback);
        }
    }

    /// Ends the transaction on `lease`; `pending` tells how that went.
    fn send_end(&mut self, lease: Lease, setup: Setup, how: FinishHow) {
        let (done, finished) = oneshot::channel();
        let finish = pool::Finish {
            setup,
            depth: 0,
            how,
            done,
            lease: None,
        };
        self.pending = Some(Pending::Finish(finished));
        lease.send_last(|lease| {
            Job::Finish(Box::new(pool::Finish {
                lease: Some(lease),
                ..finish
            }))
        });
    }

    /// How the end of the transaction went, if its backend lived to tell.
    async fn end_result(&mut self) -> Option<Result<(), Failure>> {
        let Some(Pending::Finish(finished)) = &mut self.pending else {
            return None;
        };
        let finished = finished.await.ok();
        self.pending = None;
        self.finished(finished)
    }

    pub(super) fn undone(&mut self, transaction: Transaction) {
        if self.pool().kind() == DatabaseKind::Postgres {
            self.settings = Arc::clone(&transaction.settings);
        }
        self.remember(transaction.id);
    }

    fn remember(&mut self, id: TransactionId) {
        self.ended.push_back(id);
        if self.ended.len() > REMEMBERED {
            self.ended.pop_front();
        }
    }

    /// Opens a transaction at once, with a statement of the plugin's.
    pub(super) async fn begin(&mut self, call: Begin, due: Due) -> Result<(), Failure> {
        self.may_begin(call.transaction)?;
        let text = self.pool().text(call.statement);
        if !matches!(text.verdict.steps(), [step] if matches!(step.what, What::Begin(_))) {
            return self.begin_nothing(call.call, text.sql.clone(), due).await;
        }
        self.refuse(&text)?;
        let settings = Arc::clone(&self.settings);
        let open = Transaction::new(call.transaction, text.sql.clone(), settings);
        self.transaction = Some(open);
        let begun = match self.place(&text, due).await {
            Ok(_) => self.send_steps().await,
            Err(failure) => Err(failure),
        };
        if begun.is_err() {
            self.abandon_transaction();
        }
        begun
    }

    /// Runs what was given to open a transaction and does not: as with any driver, the database
    /// has the first word.
    async fn begin_nothing(&mut self, call: Call, sql: String, due: Due) -> Result<(), Failure> {
        let statement = Execute {
            call,
            transaction: None,
            sql: Sql::Text(sql),
            arguments: None,
            persistent: false,
            want: Want::Summary,
            row_set: RowSetId::mint(&Mint::new()),
            known_columns: None,
        };
        self.execute(statement, due).await?;
        Err(Failure::new(
            Code::INVALID_ARGUMENT,
            "this statement does not open a transaction; give one that does, such as BEGIN",
        ))
    }

    async fn send_steps(&mut self) -> Result<(), Failure> {
        let (done, answered) = oneshot::channel();
        let setup = Box::new(self.setup());
        if let Some(held) = &mut self.held {
            held.send(Job::Steps { setup, done });
        }
        answered.await.unwrap_or_else(|_| Err(backend_lost()))
    }

    /// Ends a transaction or a savepoint.
    pub(super) async fn finish(&mut self, call: Finish) -> Result<(), Failure> {
        let Finish {
            transaction: id,
            depth,
            how,
            ..
        } = call;
        let transaction = self.transaction_mut(id)?;
        if depth > 0 {
            if transaction.forget(depth) {
                return Ok(());
            }
            self.row_sets.clear();
            return self.send_finish(depth, how).await;
        }
        self.row_sets.clear();
        self.pending = None;
        let used = self.transaction.as_ref().is_some_and(Transaction::begun);
        let setup = Setup {
            in_transaction: false,
            ..self.setup()
        };
        let Some(transaction) = self.transaction.take() else {
            return Ok(());
        };
        let lease = if used { self.held.take() } else { None };
        let Some(lease) = lease else {
            self.remember(id);
            return Ok(());
        };
        if how == FinishHow::Rollback {
            self.undone(transaction);
            self.send_end(lease, setup, how);
            return self.end_result().await.unwrap_or(Ok(()));
        }
        self.remember(id);
        self.send_end(lease, setup, how);
        let result = self
            .end_result()
            .await
            .unwrap_or_else(|| Err(unknown_outcome()));
        if result.is_err() && self.pool().kind() == DatabaseKind::Postgres {
            self.settings = transaction.settings;
        }
        result
    }

    async fn send_finish(&mut self, depth: u32, how: FinishHow) -> Result<(), Failure> {
        let (done, answered) = oneshot::channel();
        let setup = self.setup();
        let Some(held) = &mut self.held else {
            return Err(backend_lost());
        };
        held.send(Job::Finish(Box::new(pool::Finish {
            setup,
            depth,
            how,
            done,
            lease: None,
        })));
        answered
            .await
            .map_or_else(|_| Err(backend_lost()), |finished| finished.result)
    }

    pub(super) fn answer_finish(
        &mut self,
        answer: Answer<()>,
        ended: Ended<Result<(), Failure>>,
        how: FinishHow,
    ) {
        match (ended, how) {
            (Ended::Done(result), _) => answer.send(result),
            (Ended::Dropped, _) => (),
            (Ended::Late, FinishHow::Commit) => answer.send(Err(unknown_outcome())),
            (Ended::Late, FinishHow::Rollback) => answer.send(Ok(())),
        }
    }
}

fn unknown_outcome() -> Failure {
    Failure::new(
        Code::OUTCOME_UNKNOWN,
        "no answer came to the commit: it may or may not have taken effect; look in the database \
         before doing it again",
    )
}
