//! Waiting for the next job of a loan, and for how long.

use std::time::Instant;

use onepool_proto::{DatabaseKind, Failure};
use tokio::sync::mpsc;
use tokio::time::timeout_at;

use super::Owner;
use super::condition::Transaction;
use crate::db::Output;
use crate::pool::{Deadline, Job, Limit, PluginQuota, Purpose, Quota, Revocation, Stop};

/// Whether the whole database takes no writes, whatever this session has set.
const POSTGRES_IS_READ_ONLY: &str = "SELECT (pg_is_in_recovery() OR EXISTS (SELECT FROM \
    pg_settings WHERE name = 'default_transaction_read_only' AND reset_val = 'on'))::text";
const MYSQL_IS_READ_ONLY: &str = "SELECT IF(@@GLOBAL.read_only, 'true', 'false')";

impl Owner {
    /// The next job. A loan that rests for too long before it comes is revoked.
    ///
    /// Nothing is under way in the database here, so nothing is lost when waiting ends early.
    pub(super) async fn next_job(
        &mut self,
        jobs: &mut mpsc::UnboundedReceiver<Job>,
    ) -> Option<Job> {
        loop {
            let Some(Deadline { at, of }) = self.runs_out() else {
                return jobs.recv().await;
            };
            if let Ok(job) = timeout_at(at.into(), jobs.recv()).await {
                return job;
            }
            if !self.revoke(of).await {
                return jobs.recv().await;
            }
            if self.condition.must_close.is_some() {
                return Some(Job::Close);
            }
        }
    }

    /// A job is done. If the loan goes on, it rests from now on.
    pub(super) fn rest(&mut self) {
        if self.condition.pinned || self.condition.transaction != Transaction::None {
            self.rests_since = Instant::now();
            self.desk.rest(self.rests_since);
        }
        self.desk.leave();
    }

    /// The limits that the plugin's quota sets a statement which begins now, beside its own.
    pub(super) fn limit(&self, stop: &mut Stop, output: Option<&mut Output>) {
        let Some(quota) = self.quota.as_ref().map(PluginQuota::get) else {
            return;
        };
        let now = Some(Instant::now());
        let statement = Deadline::after(now, quota.statement_timeout, Limit::Statement);
        let ends = Deadline::earlier(statement, self.transaction_ends(&quota));
        stop.deadline = Deadline::earlier(stop.deadline, ends);
        if let Some(output) = output {
            output.limit(quota.rows_per_result, quota.bytes_per_result);
        }
    }

    /// When the loan will have gone on for too long if nothing happens.
    fn runs_out(&self) -> Option<Deadline> {
        let in_transaction = self.condition.transaction != Transaction::None;
        if !in_transaction && !self.condition.pinned {
            return None;
        }
        let quota = self.quota.as_ref()?.get();
        let rests = Some(self.rests_since);
        if !in_transaction {
            return Deadline::after(rests, quota.pinned_idle_timeout, Limit::PinnedIdle);
        }
        let idle = Deadline::after(rests, quota.idle_in_transaction, Limit::IdleInTransaction);
        Deadline::earlier(idle, self.transaction_ends(&quota))
    }

    /// Why the transaction must be rolled back whatever comes next: it has gone on for too long, and
    /// one of its statements may have been refused for that.
    pub(super) fn overdue(&self) -> Option<Failure> {
        let Deadline { at, of } = self.transaction_ends(&self.quota.as_ref()?.get())?;
        (at <= Instant::now()).then(|| of.failure())
    }

    fn transaction_ends(&self, quota: &Quota) -> Option<Deadline> {
        let begun = self.condition.begun_at;
        Deadline::after(begun, quota.transaction_timeout, Limit::Transaction)
    }

    /// Takes the backend back, unless a job is on its way. Whether it did.
    async fn revoke(&mut self, limit: Limit) -> bool {
        let purpose = match limit {
            Limit::PinnedIdle(_) => Purpose::Pinned,
            _ => Purpose::Transaction,
        };
        self.revoke_from(purpose, limit.failure()).await
    }

    /// Ends a loan that an operator wants to end, as soon as nothing runs in it.
    pub(super) async fn end_doomed(&mut self) {
        let Some((turn, why)) = self.doomed.take() else {
            return;
        };
        if !self.pool.goes_on(turn) {
            return;
        }
        let purpose = match self.condition.transaction {
            Transaction::None => Purpose::Pinned,
            _ => Purpose::Transaction,
        };
        // A job that is on its way comes first.
        if !self.revoke_from(purpose, why.clone()).await {
            self.doomed = Some((turn, why));
        }
    }

    async fn revoke_from(&mut self, purpose: Purpose, why: Failure) -> bool {
        let series = self.desk.series();
        let message = why.message.clone();
        let revocation = Revocation { purpose, why };
        // Noted first: whoever finds the loan revoked asks why.
        self.pool.note_revocation(self.id, series, revocation);
        if !self.desk.revoke() {
            self.pool.forget_revocation(self.id, series);
            return false;
        }
        tracing::info!(backend = %self.id, "a loan was revoked: {message}");
        self.pool.0.stats.revoked.add_one();
        self.take_back().await;
        true
    }

    /// Whether the database as a whole takes no writes, as after a failover that left this
    /// backend with what is a replica now. All are opened anew then.
    pub(super) async fn lost_its_primary(&mut self) -> bool {
        let question = match self.kind() {
            DatabaseKind::Sqlite => return false,
            DatabaseKind::Postgres => POSTGRES_IS_READ_ONLY,
            DatabaseKind::MySql => MYSQL_IS_READ_ONLY,
        };
        let rows = match self.driver.query(question).await {
            Ok(rows) => rows,
            Err(failure) => {
                self.learn(failure);
                return false;
            }
        };
        let read_only = rows.into_iter().flatten().flatten().next().as_deref() == Some("true");
        // A database that is meant to be read-only is not connected to anew for every refusal.
        let reopens = read_only && self.pool.distrust_all();
        if reopens {
            tracing::warn!("the database takes no writes any more; its backends are opened anew");
        }
        reopens
    }
}
