//! Doing what the scheduler says: lending, opening and closing.

use std::time::Instant;

use onepool_proto::{Code, Failure};
use tokio::sync::oneshot;

use super::desk::{OwnerHandle, Series};
use super::job::Job;
use super::lease::{Lease, Revocation};
use super::ledger::{BackendId, Purpose};
use super::scheduler::{Action, Turn, WaiterId};
use super::{Pool, State};

type LeaseSender = oneshot::Sender<Result<Lease, Failure>>;

impl Pool {
    /// Does all that the scheduler says is to be done.
    pub(super) fn pump(&self) {
        let (mut lent, mut grants, mut closed) = (Vec::new(), Vec::new(), Vec::new());
        {
            let mut state = self.0.state.lock();
            if self.0.stopping.is_cancelled() {
                return;
            }
            let now = Instant::now();
            while let Some(action) = state.scheduler.next(now) {
                match action {
                    Action::Open(grant) => grants.push(grant),
                    Action::Close(id) => closed.extend(state.owners.remove(&id)),
                    Action::Lend(waiter, id) => {
                        lent.extend(self.deliver(&mut state, waiter, id, now));
                    }
                }
            }
        }
        for owner in closed {
            owner.tell(Job::Close);
        }
        for grant in grants {
            let pool = self.clone();
            self.0.tasks.spawn(async move {
                let _ = pool.open(grant).await;
            });
        }
        // Outside the lock, since a lease that nobody takes frees its backend again, and has this
        // called once more.
        for (waiter, lease) in lent {
            let _ = waiter.send(Ok(lease));
        }
    }

    /// Pairs a waiter with its lease.
    fn deliver(
        &self,
        state: &mut State,
        waiter: WaiterId,
        id: BackendId,
        now: Instant,
    ) -> Option<(LeaseSender, Lease)> {
        let (sender, owner) = (
            state.waiters.remove(&waiter).map(|waiter| waiter.lease),
            state.owners.get(&id).cloned(),
        );
        match (sender, owner) {
            (Some(sender), Some(owner)) => {
                let turn = state.scheduler.turn(id);
                Some((sender, Lease::new(turn, owner, self.clone())))
            }
            (None, Some(_)) => {
                state.scheduler.free(id, now);
                None
            }
            // Its owner has just ended and is about to say so.
            (sender, None) => {
                if let Some(sender) = sender {
                    let _ = sender.send(Err(Failure::new(
                        Code::DATABASE_IO,
                        "the backend was lost before it could be used; try again",
                    )));
                }
                state.scheduler.gone(id, now);
                None
            }
        }
    }

    /// A backend is clean and nobody's.
    pub(super) fn free(&self, id: BackendId) {
        let close = {
            let mut state = self.0.state.lock();
            if self.0.stopping.is_cancelled() {
                state.scheduler.closing(id, Instant::now());
                state.owners.get(&id).cloned()
            } else {
                state.scheduler.free(id, Instant::now());
                None
            }
        };
        match close {
            Some(owner) => owner.tell(Job::Close),
            None => self.pump(),
        }
        self.0.fewer.notify_waiters();
    }

    pub(super) fn resetting(&self, id: BackendId) {
        let mut state = self.0.state.lock();
        state.scheduler.resetting(id, Instant::now());
    }

    pub(super) fn closing(&self, id: BackendId) {
        let mut state = self.0.state.lock();
        state.owners.remove(&id);
        state.scheduler.closing(id, Instant::now());
    }

    pub(super) fn gone(&self, id: BackendId) {
        let owner = {
            let mut state = self.0.state.lock();
            state.scheduler.gone(id, Instant::now());
            state.owners.remove(&id)
        };
        drop(owner);
        self.pump();
        self.0.fewer.notify_waiters();
    }

    pub(super) fn set_purpose(&self, turn: Turn, purpose: Purpose) {
        {
            let mut state = self.0.state.lock();
            // The loan may have been revoked, and the backend be somebody else's.
            if state.scheduler.turn(turn.backend) != turn {
                return;
            }
            let scheduler = &mut state.scheduler;
            scheduler.set_purpose(turn.backend, purpose, Instant::now());
        }
        // The writer lane may be free now.
        self.pump();
    }

    /// Remembers why a loan is revoked, until its lease is dropped.
    pub(super) fn note_revocation(&self, id: BackendId, series: Series, revocation: Revocation) {
        let mut state = self.0.state.lock();
        state.revocations.insert((id, series), revocation);
    }

    pub(super) fn revocation(&self, id: BackendId, series: Series) -> Option<Revocation> {
        self.0.state.lock().revocations.get(&(id, series)).cloned()
    }

    pub(super) fn forget_revocation(&self, id: BackendId, series: Series) {
        self.0.state.lock().revocations.remove(&(id, series));
    }

    /// Tells every owner that the quotas have changed.
    pub(super) fn recheck(&self) {
        let owners: Vec<OwnerHandle> = self.0.state.lock().owners.values().cloned().collect();
        for owner in owners {
            owner.tell(Job::Recheck);
        }
    }
}
