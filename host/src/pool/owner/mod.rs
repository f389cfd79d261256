//! The owner of a backend: one task that alone touches its connection.
//!
//! It takes [jobs](super::job) one after the other and never drops a future that is talking to
//! the database: whoever no longer wants an answer has it cancelled or drained. What it knows of
//! the backend is its [`Condition`]; a backend that is not known to be clean never becomes free.

mod batch;
mod clean;
mod condition;
mod defaults;
mod guard;
mod patience;
mod rows;
mod run;
mod transaction;

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Instant;

use futures_util::FutureExt;
use onepool_proto::{Code, DatabaseKind, Failure};
use tokio::sync::mpsc;

use super::activity::{Said, Statement};
use super::desk::Desk;
use super::ledger::BackendId;
use super::{CloseReason, Job, Lease, PluginQuota, Pool, Setup, Stop, Turn};
use crate::db::{self, Driver};
use crate::telemetry::PluginTally;
use condition::Condition;

pub(super) struct Owner {
    pool: Pool,
    id: BackendId,
    driver: Driver,
    condition: Condition,
    desk: Arc<Desk>,
    /// What limits how long the current loan may go on.
    quota: Option<PluginQuota>,
    /// The plugin that has the current loan, or had the last one.
    plugin: Option<Arc<str>>,
    /// Where it is counted what the current loan does.
    tally: Arc<PluginTally>,
    /// When the last job was done.
    rests_since: Instant,
    /// A loan that an operator ends, and what its user is told.
    doomed: Option<(Turn, Failure)>,
}

/// Owns a backend until it is closed.
pub(super) async fn own(
    pool: Pool,
    id: BackendId,
    driver: Driver,
    mut jobs: mpsc::UnboundedReceiver<Job>,
    desk: Arc<Desk>,
) {
    // Tells the pool even if the task panics: a slot must not stay taken for ever.
    let gone = TellGone {
        pool: pool.clone(),
        id,
    };
    let mut owner = Owner {
        pool,
        id,
        driver,
        condition: Condition::default(),
        desk,
        quota: None,
        plugin: None,
        tally: Arc::default(),
        rests_since: Instant::now(),
        doomed: None,
    };
    // Nothing of the backend is used after a panic.
    if AssertUnwindSafe(owner.serve(&mut jobs))
        .catch_unwind()
        .await
        .is_err()
    {
        owner.pool.0.stats.panicked.add_one();
        owner.condition.must_close = Some(CloseReason::Panic);
        tracing::error!(backend = %id, "a panic ended a backend; others go on");
    }
    owner.close().await;
    // What is still in the queue is told by being dropped.
    drop(gone);
}

impl Owner {
    /// Does one job after the other until the backend is to be closed.
    async fn serve(&mut self, jobs: &mut mpsc::UnboundedReceiver<Job>) {
        while let Some(job) = self.next_job(jobs).await {
            if matches!(job, Job::Close) {
                break;
            }
            let of_a_loan = job.is_of_a_loan();
            self.apply(job).await;
            self.count_transaction();
            if of_a_loan {
                self.rest();
            }
            self.end_doomed().await;
            if self.condition.must_close.is_some() {
                break;
            }
        }
    }

    async fn apply(&mut self, job: Job) {
        match job {
            Job::Run(run) => self.run(*run).await,
            Job::Batch(batch) => self.batch(*batch).await,
            Job::Prepare(prepare) => self.prepare(*prepare).await,
            Job::Steps { setup, done } => {
                self.begins(Said::Step("BEGIN"), Some(&setup), None);
                let result = self.set_up(&setup).await;
                self.ends();
                let _ = done.send(result);
            }
            Job::Finish(finish) => self.finish(*finish).await,
            Job::Ping { done, lease } => {
                self.begins(Said::Step("(a sign of life)"), None, None);
                let result = self.driver.ping().await;
                self.ends();
                let result = result.map_err(|failure| self.learn(failure));
                let _ = done.send(result);
                self.end_loan(lease).await;
            }
            Job::Return => self.take_back().await,
            Job::Revoke { turn, why } => self.doomed = Some((turn, why)),
            Job::Close | Job::Recheck => (),
            #[cfg(test)]
            Job::Panic => panic!("an owner that panics on purpose"),
        }
    }

    /// A job begins that has to do with the database, for whoever looks.
    fn begins(&self, said: Said, setup: Option<&Setup>, stop: Option<&Stop>) {
        let now = Instant::now();
        self.desk.activity.begin(Statement {
            number: 0,
            said,
            since: now,
            ended: None,
            waited: setup.map(|setup| setup.waited).unwrap_or_default(),
            trace: setup.and_then(|setup| setup.caller.trace),
            brake: stop.map(|stop| stop.brake.clone()),
        });
    }

    /// It has ended.
    fn ends(&self) {
        self.desk.activity.end(Instant::now());
        if let Some(from) = self.pool.0.times.slow_statement
            && let Some(slow) = self.desk.activity.slow(from)
        {
            self.pool.tell_slow(self.id, &slow);
        }
    }

    /// Ends the loan that came with a job.
    async fn end_loan(&mut self, lease: Option<Lease>) {
        if let Some(lease) = lease {
            lease.settle();
            self.take_back().await;
        }
    }

    /// Makes the backend clean and free, or leaves it to be closed.
    async fn take_back(&mut self) {
        self.condition.settled = false;
        let refused = std::mem::take(&mut self.condition.write_refused);
        if !self.condition.is_clean() {
            self.pool.resetting(self.id);
            if let Err(failure) = self.clean().await {
                tracing::debug!(backend = %self.id, code = %failure.code, "closed instead of reset");
                self.condition
                    .must_close
                    .get_or_insert(CloseReason::Unclean);
            }
        }
        if refused && self.condition.must_close.is_none() && self.lost_its_primary().await {
            self.condition.must_close = Some(CloseReason::Failover);
        }
        self.count_transaction();
        if self.condition.must_close.is_none() {
            self.pool.free(self.id);
        }
    }

    /// Counts the transaction that has ended, if one has.
    fn count_transaction(&mut self) {
        if let Some(took) = self.condition.took.take() {
            self.tally.transactions.record(took);
        }
    }

    /// Notes what an error means for the backend.
    fn learn(&mut self, failure: Failure) -> Failure {
        if db::is_broken(&failure) {
            self.condition.must_close = Some(CloseReason::Broken);
            // A server that has gone has left the others, too.
            self.pool.distrust_all();
        }
        failure
    }

    /// Refuses work on a backend that is about to be closed.
    fn usable(&self) -> Result<(), Failure> {
        if self.condition.must_close.is_some() {
            return Err(Failure::new(
                Code::LEASE_REVOKED,
                "the backend of this connection was lost; what was open on it is gone",
            ));
        }
        Ok(())
    }

    async fn close(self) {
        let Self {
            pool,
            id,
            driver,
            condition,
            ..
        } = self;
        // One that the pool told to close has been counted.
        if let Some(why) = condition.must_close {
            pool.0.stats.closes.add(why);
        }
        pool.closing(id);
        let identity = driver.identity().clone();
        driver.close().await;
        if let Some(control) = &pool.0.control {
            let down = |failure| pool.went_down(failure);
            control
                .wait_until_gone(identity, &pool.0.stopping, down)
                .await;
        }
    }

    fn kind(&self) -> DatabaseKind {
        self.driver.kind()
    }
}

struct TellGone {
    pool: Pool,
    id: BackendId,
}

impl Drop for TellGone {
    fn drop(&mut self) {
        self.pool.gone(self.id);
    }
}

#[cfg(test)]
mod tests;
