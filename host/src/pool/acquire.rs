//! Waiting for a backend.

use std::time::{Duration, Instant};

use onepool_proto::error::{Holder, Wait};
use onepool_proto::{Code, Failure};
use tokio::sync::oneshot;

use super::ledger::Loan;
use super::scheduler::{Answer, Ask, Turn, WaiterId};
use super::{Lease, Pool, stopping};

/// How long a caller waits for a backend.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Patience {
    /// For its turn in the queue.
    pub(crate) queue: Duration,
    /// For everything.
    pub(crate) deadline: Option<Instant>,
}

impl Pool {
    /// Waits for a backend.
    ///
    /// # Errors
    /// `QUEUE_FULL` at once, `QUEUE_TIMEOUT` or `DEADLINE_EXCEEDED` after a while with who holds
    /// the backends, `DRAINING` while the host stops, or why no backend could be opened.
    ///
    /// # Cancel safety
    /// Dropping the future leaves the queue.
    pub(crate) async fn acquire(&self, ask: Ask, patience: Patience) -> Result<Lease, Failure> {
        let began = Instant::now();
        let (sender, lease) = oneshot::channel();
        let waiter = {
            let mut state = self.0.state.lock();
            if self.0.stopping.is_cancelled() {
                return Err(stopping());
            }
            match state.scheduler.ask(&ask) {
                Answer::Full => return Err(full(&ask.plugin)),
                Answer::Wait(waiter) => {
                    state.waiters.insert(waiter, sender);
                    waiter
                }
            }
        };
        let place = InQueue {
            pool: self,
            ask: &ask,
            waiter,
        };
        self.pump();
        let until = began + patience.queue;
        let until = patience
            .deadline
            .map_or(until, |deadline| deadline.min(until));
        let outcome = tokio::time::timeout_at(until.into(), lease).await;
        let waited = began.elapsed();
        let result = match outcome {
            Ok(Ok(result)) => result,
            Ok(Err(_)) => Err(stopping()),
            Err(_) => Err(place.timed_out(waited, patience)),
        };
        self.0.stats.waited(&ask.plugin, waited, result.is_ok());
        result
    }

    /// Takes the backend of an earlier turn if nobody has used it since.
    pub(crate) fn acquire_same(&self, last: Turn, ask: &Ask) -> Option<Lease> {
        let mut state = self.0.state.lock();
        let id = last.backend;
        let owner = state.owners.get(&id).cloned()?;
        if state.scheduler.turn(id) != last {
            return None;
        }
        let loan = Loan {
            plugin: ask.plugin.clone(),
            since: Instant::now(),
            purpose: ask.purpose,
            writer: false,
        };
        let taken = state.scheduler.take(id, loan);
        let turn = state.scheduler.turn(id);
        drop(state);
        taken.then(|| Lease::new(turn, owner, self.clone()))
    }

    /// Who holds the backends, longest first.
    pub(crate) fn holders(&self) -> Vec<Holder> {
        let now = Instant::now();
        let state = self.0.state.lock();
        let holder = |loan: &Loan| Holder {
            plugin: loan.plugin.to_string(),
            held_ms: millis(now.saturating_duration_since(loan.since)),
            purpose: loan.purpose.to_string(),
        };
        let mut holders: Vec<_> = state
            .scheduler
            .loans()
            .map(|(_, loan)| holder(loan))
            .collect();
        holders.sort_by_key(|holder| std::cmp::Reverse(holder.held_ms));
        holders
    }
}

/// A place in the queue, left when dropped.
struct InQueue<'a> {
    pool: &'a Pool,
    ask: &'a Ask,
    waiter: WaiterId,
}

impl InQueue<'_> {
    fn timed_out(&self, waited: Duration, patience: Patience) -> Failure {
        let position = {
            let state = self.pool.0.state.lock();
            state.scheduler.position(&self.ask.plugin, self.waiter)
        };
        let holders = self.pool.holders();
        let who = holders
            .iter()
            .take(8)
            .map(|holder| {
                format!(
                    "{} for {} ms ({})",
                    holder.plugin, holder.held_ms, holder.purpose
                )
            })
            .collect::<Vec<_>>()
            .join(", ");
        let position = u32::try_from(position.unwrap_or(0)).unwrap_or(u32::MAX);
        let code = if waited < patience.queue {
            Code::DEADLINE_EXCEEDED
        } else {
            Code::QUEUE_TIMEOUT
        };
        let waited_ms = millis(waited);
        let message = format!(
            "no backend came free in {waited_ms} ms; {position} calls of this plugin were before \
             this one; backends are held by: {}",
            if who.is_empty() { "nobody" } else { &who }
        );
        let wait = Some(Box::new(Wait {
            waited_ms,
            position,
            holders,
        }));
        Failure {
            wait,
            ..Failure::new(code, message)
        }
    }
}

impl Drop for InQueue<'_> {
    fn drop(&mut self) {
        let mut state = self.pool.0.state.lock();
        // A lease that was already on its way is dropped with its receiver, outside this lock.
        if state.waiters.remove(&self.waiter).is_some() {
            state.scheduler.withdraw(&self.ask.plugin, self.waiter);
        }
    }
}

fn full(plugin: &str) -> Failure {
    Failure::new(
        Code::QUEUE_FULL,
        format!("the queue of plugin {plugin} for backends is full; let fewer calls wait at once"),
    )
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
