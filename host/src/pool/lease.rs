//! A backend on loan.

use std::fmt;
use std::time::Duration;

use onepool_proto::{Code, Failure};

use super::Pool;
use super::desk::{OwnerHandle, Series};
use super::job::Job;
use super::ledger::Purpose;
use super::scheduler::Turn;

/// A backend on loan. Dropping it gives the backend back, by way of its owner, who makes it clean.
///
/// The pool may revoke it while it rests: a transaction that takes too long, state that is pinned
/// for nothing. The backend is then made clean and lent to others, and a job that comes too late
/// is answered with why.
#[must_use = "a dropped lease gives its backend back"]
pub(crate) struct Lease {
    turn: Turn,
    series: Series,
    owner: OwnerHandle,
    pool: Pool,
    state: State,
    /// How long it was waited for.
    waited: Duration,
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

/// Why a lease was revoked.
#[derive(Clone, Debug)]
pub(crate) struct Revocation {
    /// What it was held for.
    pub(crate) purpose: Purpose,
    pub(crate) why: Failure,
}

impl Lease {
    pub(super) fn new(turn: Turn, owner: OwnerHandle, pool: Pool) -> Self {
        Self {
            turn,
            series: owner.desk().series(),
            owner,
            pool,
            state: State::Unused,
            waited: Duration::ZERO,
        }
    }

    /// The same, after a wait.
    pub(super) fn after(mut self, waited: Duration) -> Self {
        self.waited = waited;
        self
    }

    /// How long it was waited for.
    pub(crate) fn waited(&self) -> Duration {
        self.waited
    }

    /// Which backend, and which of its loans this is.
    pub(crate) fn turn(&self) -> Turn {
        self.turn
    }

    /// Gives the owner a job. A job that cannot be delivered is dropped, which tells its sender.
    pub(crate) fn send(&mut self, job: Job) {
        self.state = State::Used;
        if let Err(job) = self.owner.send(self.series, job) {
            job.refuse(self.revocation().why);
        }
    }

    /// Gives the owner a job with which the loan ends: the job carries the lease.
    pub(crate) fn send_last(mut self, job: impl FnOnce(Self) -> Job) {
        self.state = State::Used;
        let (owner, pool) = (self.owner.clone(), self.pool.clone());
        let (backend, series) = (self.turn.backend, self.series);
        if let Err(job) = owner.send(series, job(self)) {
            let known = pool.revocation(backend, series);
            job.refuse(known.unwrap_or_else(lost).why);
        }
    }

    /// Says what the loan is for, when that changes.
    pub(crate) fn set_purpose(&self, purpose: Purpose) {
        self.pool.set_purpose(self.turn, purpose);
    }

    /// Why it was revoked, if it was.
    pub(crate) fn revoked(&self) -> Option<Revocation> {
        self.is_revoked().then(|| self.revocation())
    }

    /// The owner takes the backend back.
    pub(super) fn settle(mut self) {
        self.state = State::Settled;
    }

    fn is_revoked(&self) -> bool {
        self.owner.desk().has_revoked(self.series)
    }

    fn revocation(&self) -> Revocation {
        let known = self.pool.revocation(self.turn.backend, self.series);
        known.unwrap_or_else(lost)
    }
}

impl Lease {
    /// Gives back what is as clean as it was, unless it was revoked and is somebody else's.
    fn give_back_unused(&self) {
        let desk = self.owner.desk();
        if !desk.enter(self.series) {
            return self.pool.forget_revocation(self.turn.backend, self.series);
        }
        self.pool.free(self.turn.backend);
        desk.leave();
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        let returned = match self.state {
            State::Unused => return self.give_back_unused(),
            // An owner that is gone has told the pool so itself.
            State::Used => self.owner.send(self.series, Job::Return),
            State::Settled => return,
        };
        if returned.is_err() {
            self.pool.forget_revocation(self.turn.backend, self.series);
        }
    }
}

impl fmt::Debug for Lease {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "lease of {:?}", self.turn.backend)
    }
}

fn lost() -> Revocation {
    let message = "the host took the backend back; what was open on it is gone";
    Revocation {
        purpose: Purpose::Transaction,
        why: Failure::new(Code::LEASE_REVOKED, message),
    }
}
