//! The owner of a backend: one task that alone touches its connection.
//!
//! It takes [jobs](super::job) one after the other and never drops a future that is talking to
//! the database: whoever no longer wants an answer has it cancelled or drained. What it knows of
//! the backend is its [`Condition`]; a backend that is not known to be clean never becomes free.

mod batch;
mod clean;
mod condition;
mod guard;
mod run;
mod transaction;

use onepool_proto::{Code, DatabaseKind, Failure};
use tokio::sync::mpsc;

use super::ledger::BackendId;
use super::{Job, Lease, Pool};
use crate::db::{self, Driver};
use condition::Condition;

pub(super) struct Owner {
    pool: Pool,
    id: BackendId,
    driver: Driver,
    condition: Condition,
}

/// Owns a backend until it is closed.
pub(super) async fn own(
    pool: Pool,
    id: BackendId,
    driver: Driver,
    mut jobs: mpsc::UnboundedReceiver<Job>,
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
    };
    while let Some(job) = jobs.recv().await {
        if matches!(job, Job::Close) {
            break;
        }
        owner.apply(job).await;
        if owner.condition.must_close {
            break;
        }
    }
    owner.close().await;
    // What is still in the queue is told by being dropped.
    drop(gone);
}

impl Owner {
    async fn apply(&mut self, job: Job) {
        match job {
            Job::Run(run) => self.run(*run).await,
            Job::Batch(batch) => self.batch(*batch).await,
            Job::Prepare(prepare) => self.prepare(*prepare).await,
            Job::Steps { setup, done } => {
                let result = self.set_up(&setup).await;
                let _ = done.send(result);
            }
            Job::Finish(finish) => self.finish(*finish).await,
            Job::Ping { done, lease } => {
                let result = self.driver.ping().await;
                let result = result.map_err(|failure| self.learn(failure));
                let _ = done.send(result);
                self.end_loan(lease).await;
            }
            Job::Return => self.take_back().await,
            Job::Close => (),
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
        if !self.condition.is_clean() {
            self.pool.resetting(self.id);
            if let Err(failure) = self.clean().await {
                tracing::debug!(backend = %self.id, code = %failure.code, "closed instead of reset");
                self.condition.must_close = true;
            }
        }
        if !self.condition.must_close {
            self.pool.free(self.id);
        }
    }

    /// Notes what an error means for the backend.
    fn learn(&mut self, failure: Failure) -> Failure {
        if db::is_broken(&failure) {
            self.condition.must_close = true;
        }
        failure
    }

    /// Refuses work on a backend that is about to be closed.
    fn usable(&self) -> Result<(), Failure> {
        if self.condition.must_close {
            return Err(Failure::new(
                Code::LEASE_REVOKED,
                "the backend of this connection was lost; what was open on it is gone",
            ));
        }
        Ok(())
    }

    async fn close(self) {
        let Self {
            pool, id, driver, ..
        } = self;
        pool.closing(id);
        let identity = driver.identity().clone();
        driver.close().await;
        if let Some(control) = &pool.0.control {
            control.wait_until_gone(identity).await;
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
