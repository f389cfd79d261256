//! What an operator does to the pool: holding callers back, emptying it, ending what it holds.

use std::sync::Arc;
use std::time::{Duration, Instant};

use onepool_proto::{Code, Failure};
use tokio::time::timeout;

use super::job::Job;
use super::ledger::BackendId;
use super::scheduler::WaiterId;
use super::snapshot::{LeaseInfo, LeaseState};
use super::{Pool, Purpose, Target};

/// Whom nothing new is lent to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Paused {
    /// Nobody is lent anything.
    pub all: bool,
    /// The plugins that are held back by themselves.
    pub plugins: Vec<String>,
}

/// Why nothing was ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum NotKilled {
    /// There is none of this name any more, or never was.
    Gone,
    /// It ends a transaction, which is not cancelled half-way.
    Ending,
}

impl Pool {
    /// Lends nothing new to a plugin, or to anybody.
    pub(crate) fn hold_back(&self, plugin: Option<&Arc<str>>) {
        self.0.state.lock().scheduler.pause(plugin);
    }

    /// Ends a pause, and a drain. Whether there was one.
    pub(crate) fn resume(&self, plugin: Option<&str>) -> bool {
        let lifted = self.0.state.lock().scheduler.lift(plugin);
        self.pump();
        lifted
    }

    pub(crate) fn paused(&self) -> Paused {
        let state = self.0.state.lock();
        Paused {
            all: state.scheduler.is_paused(),
            plugins: state
                .scheduler
                .paused_plugins()
                .map(ToString::to_string)
                .collect(),
        }
    }

    /// Whether the pool has ever been asked about this plugin.
    pub(crate) fn knows(&self, plugin: &str) -> bool {
        self.0.state.lock().scheduler.knows(plugin)
    }

    /// Pauses, and waits until the plugin has nothing on loan; without a plugin until every backend
    /// for work is closed.
    ///
    /// # Errors
    /// What is still on loan when the time is over. The pause goes on.
    ///
    /// # Cancel safety
    /// Dropping the future leaves the pause.
    pub(crate) async fn drain(
        &self,
        plugin: Option<&Arc<str>>,
        patience: Duration,
    ) -> Result<(), Vec<LeaseInfo>> {
        {
            let mut state = self.0.state.lock();
            match plugin {
                Some(_) => state.scheduler.pause(plugin),
                None => state.scheduler.empty(),
            }
        }
        self.pump();
        if timeout(patience, self.drained(plugin)).await.is_ok() {
            return Ok(());
        }
        let mut held = self.leases();
        held.retain(|lease| plugin.is_none_or(|plugin| lease.plugin == **plugin));
        Err(held)
    }

    async fn drained(&self, plugin: Option<&Arc<str>>) {
        loop {
            let mut fewer = std::pin::pin!(self.0.fewer.notified());
            // From here on nothing is missed.
            fewer.as_mut().enable();
            let rest = {
                let state = self.0.state.lock();
                let counts = state.scheduler.counts();
                match plugin {
                    Some(plugin) => state.scheduler.leased_to(plugin),
                    None => counts.total() - counts.control,
                }
            };
            if rest == 0 {
                return;
            }
            fewer.await;
        }
    }

    /// Replaces every backend: the idle ones now, the others as they come free. Returns how many.
    pub(crate) fn reconnect(&self) -> u32 {
        let count = {
            let mut state = self.0.state.lock();
            let counts = state.scheduler.counts();
            state.scheduler.expire_all(Instant::now());
            counts.free + counts.leased + counts.resetting
        };
        self.pump();
        count
    }

    /// Ends a lease, a statement or the wait of a call; whoever has it is told `by` whom.
    ///
    /// # Errors
    /// If there is none of this name, or it cannot be ended. Nothing else is ever hit.
    pub(crate) fn kill(&self, target: Target, by: &str) -> Result<(), NotKilled> {
        match target {
            Target::Wait(waiter) => self.kill_wait(WaiterId(waiter), by),
            Target::Statement { backend, number } => {
                self.kill_statement(BackendId::of(backend), number, by)
            }
            Target::Lease { backend, turn } => self.kill_lease(BackendId::of(backend), turn, by),
            // Sessions are not the pool's.
            Target::Session(_) => Err(NotKilled::Gone),
        }
    }

    fn kill_wait(&self, id: WaiterId, by: &str) -> Result<(), NotKilled> {
        let waiter = {
            let mut state = self.0.state.lock();
            state.scheduler.dismiss(id);
            state.waiters.remove(&id)
        };
        let waiter = waiter.ok_or(NotKilled::Gone)?;
        let message = format!("{by} has cancelled the call while it waited for a backend");
        let failure = Failure::new(Code::CANCELLED_WAITING, message);
        let _ = waiter.lease.send(Err(failure));
        Ok(())
    }

    fn kill_statement(&self, id: BackendId, number: u64, by: &str) -> Result<(), NotKilled> {
        let owner = self.0.state.lock().owners.get(&id).cloned();
        let latest = owner.and_then(|owner| owner.activity().latest());
        let running = latest.filter(|latest| latest.number == number && latest.ended.is_none());
        let brake = running.ok_or(NotKilled::Gone)?.brake;
        let message = format!("{by} has cancelled the statement while it ran in the database");
        // The brake is of this statement alone: coming late it hits nothing.
        brake
            .ok_or(NotKilled::Ending)?
            .pull(Failure::new(Code::CANCELLED_RUNNING, message));
        Ok(())
    }

    fn kill_lease(&self, id: BackendId, turn: u64, by: &str) -> Result<(), NotKilled> {
        let found = {
            let state = self.0.state.lock();
            let current = state.scheduler.turn(id);
            let mut loans = state.scheduler.loans();
            let loan = loans.find(|(other, _)| *other == id && current.number() == turn);
            let loan = loan.map(|(_, loan)| loan.clone());
            loan.zip(state.owners.get(&id).cloned())
                .map(|(loan, owner)| (current, loan, owner))
        };
        let (current, loan, owner) = found.ok_or(NotKilled::Gone)?;
        let message = match loan.purpose {
            Purpose::Transaction => {
                format!("{by} has ended the transaction, and it was rolled back")
            }
            Purpose::Statement => {
                format!("{by} has cancelled the statement while it ran in the database")
            }
            Purpose::Pinned => format!("{by} has ended the session state of this connection"),
        };
        let why = Failure::new(Code::LEASE_REVOKED, message);
        let running = owner.activity().latest();
        let running = running.filter(|latest| latest.since >= loan.since && latest.ended.is_none());
        if let Some(brake) = running.and_then(|running| running.brake) {
            brake.pull(why.clone());
        }
        // What is left of it when the statement has ended.
        owner.tell(Job::Revoke { turn: current, why });
        Ok(())
    }

    /// Whether this loan goes on.
    pub(super) fn goes_on(&self, turn: super::Turn) -> bool {
        let state = self.0.state.lock();
        let mut loans = state.scheduler.loans();
        state.scheduler.turn(turn.backend) == turn && loans.any(|(id, _)| id == turn.backend)
    }
}

/// What keeps a drain from its end, in words.
pub(crate) fn in_words(held: &[LeaseInfo]) -> String {
    const NAMED: usize = 8;
    let name = |lease: &LeaseInfo| {
        let state = match lease.state {
            LeaseState::Running => "running",
            LeaseState::Resting => "resting",
        };
        let for_ms = lease.held.as_millis();
        format!(
            "{} of {} ({state}, held for {for_ms} ms)",
            lease.id, lease.plugin
        )
    };
    let named: Vec<_> = held.iter().take(NAMED).map(name).collect();
    match held.len().saturating_sub(NAMED) {
        0 => named.join(", "),
        rest => format!("{}, and {rest} more", named.join(", ")),
    }
}
