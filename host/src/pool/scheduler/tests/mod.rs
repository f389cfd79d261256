//! What the scheduler does, on a clock that is turned by hand.

mod deadlock;
mod lane;
mod lending;
mod logins;
mod shares;
mod upkeep;

use std::time::Duration;

use super::*;

const PATIENCE: Duration = Duration::from_secs(1);

/// A scheduler and whoever would carry out what it says: opening and closing take no time.
struct Desk {
    scheduler: Scheduler,
    now: Instant,
}

/// A statement that only reads, of a plugin that has one session.
fn ask_of(plugin: &str) -> Ask {
    Ask {
        plugin: plugin.into(),
        holder: Holder(0),
        purpose: Purpose::Statement,
        writer: false,
        prefer: None,
    }
}

impl Desk {
    fn new(cap: u32) -> Self {
        Self {
            scheduler: Scheduler::new(cap),
            now: Instant::now(),
        }
    }

    fn share(&mut self, plugin: &str, share: Share) {
        self.scheduler.set_share(&Arc::from(plugin), share);
    }

    fn pass(&mut self, milliseconds: u64) {
        self.now += Duration::from_millis(milliseconds);
    }

    fn ask(&mut self, plugin: &str) -> WaiterId {
        self.queue(&ask_of(plugin))
    }

    fn ask_for(&mut self, plugin: &str, writer: bool) -> WaiterId {
        self.queue(&Ask {
            writer,
            ..ask_of(plugin)
        })
    }

    fn ask_as(&mut self, plugin: &str, holder: u64) -> WaiterId {
        self.queue(&Ask {
            holder: Holder(holder),
            purpose: Purpose::Transaction,
            ..ask_of(plugin)
        })
    }

    fn queue(&mut self, ask: &Ask) -> WaiterId {
        match self.scheduler.ask(ask, self.now) {
            Answer::Wait(id) => id,
            Answer::Full => panic!("the queue is full"),
        }
    }

    fn at_once(&mut self, plugin: &str, writer: bool) -> Option<BackendId> {
        let ask = Ask {
            writer,
            ..ask_of(plugin)
        };
        self.scheduler.lend_at_once(&ask, self.now)
    }

    /// Does all there is to do, opening backends at once, and says who got one.
    fn run(&mut self) -> Vec<(WaiterId, BackendId)> {
        let mut lent = Vec::new();
        while let Some(action) = self.scheduler.next(self.now) {
            match action {
                Action::Lend(waiter, id) => lent.push((waiter, id)),
                Action::Close(id) => self.scheduler.gone(id, self.now),
                Action::Open(grant) => self.scheduler.free(grant.id(), self.now),
            }
        }
        lent
    }

    fn waiters(&mut self) -> Vec<WaiterId> {
        self.run().into_iter().map(|(waiter, _)| waiter).collect()
    }

    /// Does all there is to do, which is closing, and says what was closed.
    fn closed(&mut self) -> Vec<BackendId> {
        let mut closed = Vec::new();
        while let Some(action) = self.scheduler.next(self.now) {
            match action {
                Action::Close(id) => {
                    closed.push(id);
                    self.scheduler.gone(id, self.now);
                }
                other => panic!("{other:?}"),
            }
        }
        closed
    }

    /// Who waits in vain, if everybody who has a backend lets it rest, but for these.
    fn deadlocked(&self, uses: &[BackendId]) -> Option<WaiterId> {
        let rests = |id| {
            if uses.contains(&id) {
                Duration::ZERO
            } else {
                Duration::MAX
            }
        };
        self.scheduler.deadlocked(self.now, PATIENCE, rests)
    }
}
