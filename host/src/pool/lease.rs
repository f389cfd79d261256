//! A backend on loan.

use std::fmt;

use tokio::sync::mpsc;

use super::Pool;
use super::job::Job;
use super::ledger::Purpose;
use super::scheduler::Turn;

/// Where a backend's owner takes its jobs. It has no bound of its own: only the holder of the one
/// lease sends, and waits for what it sent.
pub(crate) type OwnerSender = mpsc::UnboundedSender<Job>;

/// A backend on loan. Dropping it gives the backend back, by way of its owner, who makes it clean.
#[must_use = "a dropped lease gives its backend back"]
pub(crate) struct Lease {
    turn: Turn,
    owner: OwnerSender,
    pool: Pool,
    state: State,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// No job was sent: the backend is as clean as it was. Exits: `Used`, `Settled`.
    Unused,
    /// The owner has had a job and says what becomes of the backend. Exit: `Settled`.
    Used,
    /// The owner has taken the backend back; nothing is left to do.
    Settled,
}

impl Lease {
    pub(super) fn new(turn: Turn, owner: OwnerSender, pool: Pool) -> Self {
        Self {
            turn,
            owner,
            pool,
            state: State::Unused,
        }
    }

    /// Which backend, and which of its loans this is.
    pub(crate) fn turn(&self) -> Turn {
        self.turn
    }

    /// Gives the owner a job. A job that cannot be delivered is dropped, which tells its sender.
    pub(crate) fn send(&mut self, job: Job) {
        self.state = State::Used;
        let _ = self.owner.send(job);
    }

    /// Gives the owner a job with which the loan ends: the job carries the lease.
    pub(crate) fn send_last(mut self, job: impl FnOnce(Self) -> Job) {
        self.state = State::Used;
        let owner = self.owner.clone();
        let _ = owner.send(job(self));
    }

    /// Says what the loan is for, when that changes.
    pub(crate) fn set_purpose(&self, purpose: Purpose) {
        self.pool.set_purpose(self.turn.backend, purpose);
    }

    /// The owner takes the backend back.
    pub(super) fn settle(mut self) {
        self.state = State::Settled;
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        match self.state {
            State::Unused => self.pool.free(self.turn.backend),
            // An owner that is gone has told the pool so itself.
            State::Used => drop(self.owner.send(Job::Return)),
            State::Settled => (),
        }
    }
}

impl fmt::Debug for Lease {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "lease of {:?}", self.turn.backend)
    }
}
