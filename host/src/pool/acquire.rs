//! Waiting for a backend.

use std::sync::Arc;
use std::time::{Duration, Instant};

use onepool_proto::error::{Holder, Wait};
use onepool_proto::{Code, Failure};
use tokio::sync::oneshot;

use super::ledger::Loan;
use super::scheduler::{Answer, Ask, Turn, WaiterId};
use super::{Lease, Pool, State, Text, Waiter, stopping};

/// What a call is told first that waited in vain for a pause to end.
const PAUSED: &str = "an operator has paused this plugin: ";

/// Holders that are named in a text.
const NAMED: usize = 8;

/// How long a caller waits for a backend.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Patience {
    /// For its turn in the queue.
    pub(crate) queue: Duration,
    /// For everything.
    pub(crate) deadline: Option<Instant>,
}

impl Pool {
    /// Waits for a backend, to run `text` first.
    ///
    /// # Errors
    /// `QUEUE_FULL` at once, `QUEUE_TIMEOUT` or `DEADLINE_EXCEEDED` after a while with who holds
    /// the backends, `DEADLOCK` if those who wait hold all that could end the wait, `DRAINING`
    /// while the host stops, or why no backend could be opened.
    ///
    /// # Cancel safety
    /// Dropping the future leaves the queue.
    pub(crate) async fn acquire(
        &self,
        ask: Ask,
        text: Option<&Arc<Text>>,
        patience: Patience,
    ) -> Result<Lease, Failure> {
        let began = Instant::now();
        let (lease, waiter) = {
            let mut state = self.0.state.lock();
            if self.0.stopping.is_cancelled() {
                return Err(stopping());
            }
            if let Some(lease) = self.lend_at_once(&mut state, &ask, began) {
                drop(state);
                return Ok(lease);
            }
            if let Some(failure) = state.out_of_reach(&ask.plugin) {
                state.scheduler.refused(&ask.plugin, Duration::ZERO);
                return Err(failure);
            }
            match state.scheduler.ask(&ask, began) {
                Answer::Full => {
                    state.scheduler.refused(&ask.plugin, Duration::ZERO);
                    return Err(full(&ask.plugin));
                }
                Answer::Wait(waiter) => {
                    let (sender, lease) = oneshot::channel();
                    let text = text.cloned();
                    state.waiters.insert(
                        waiter,
                        Waiter {
                            lease: sender,
                            text,
                        },
                    );
                    (lease, waiter)
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
            Ok(Ok(result)) => result.map(|lease| lease.after(waited)),
            Ok(Err(_)) => Err(stopping()),
            Err(_) => Err(place.timed_out(waited, patience)),
        };
        if result.is_err() {
            let mut state = self.0.state.lock();
            state.scheduler.refused(&ask.plugin, waited);
        }
        result
    }

    /// A lease without waiting, where a backend is free and nobody waits.
    fn lend_at_once(&self, state: &mut State, ask: &Ask, now: Instant) -> Option<Lease> {
        let id = state.scheduler.lend_at_once(ask, now)?;
        let Some(owner) = state.owners.get(&id).cloned() else {
            // Its owner has just ended and is about to say so.
            state.scheduler.gone(id, now);
            return None;
        };
        Some(Lease::new(state.scheduler.turn(id), owner, self.clone()))
    }

    /// Takes the backend of an earlier turn if nobody has used it since.
    pub(crate) fn acquire_same(&self, last: Turn, ask: &Ask) -> Option<Lease> {
        let mut state = self.0.state.lock();
        let id = last.backend;
        let owner = state.owners.get(&id).cloned()?;
        if state.scheduler.turn(id) != last {
            return None;
        }
        let taken = state.scheduler.take(id, ask.loan(Instant::now()));
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
        let (position, own, paused) = {
            let state = self.pool.0.state.lock();
            let position = state.scheduler.position(&self.ask.plugin, self.waiter);
            let paused = state.scheduler.holds_back(&self.ask.plugin);
            (position, state.scheduler.held_by(self.ask.holder), paused)
        };
        let holders = self.pool.holders();
        let who = name_all(&holders);
        let position = u32::try_from(position.unwrap_or(0)).unwrap_or(u32::MAX);
        let code = if waited < patience.queue {
            Code::DEADLINE_EXCEEDED
        } else {
            Code::QUEUE_TIMEOUT
        };
        let waited_ms = millis(waited);
        let message = format!(
            "{}no backend came free in {waited_ms} ms; {position} calls of this plugin were before \
             this one; backends are held by: {who}{}",
            if paused { PAUSED } else { "" },
            waiting_while_holding(own)
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

/// Who holds the backends, and for how long, as a sentence's end.
pub(super) fn name_all(holders: &[Holder]) -> String {
    if holders.is_empty() {
        return "nobody".to_owned();
    }
    let name = |holder: &Holder| {
        let Holder {
            plugin,
            held_ms,
            purpose,
        } = holder;
        format!("{plugin} for {held_ms} ms ({purpose})")
    };
    let named: Vec<_> = holders.iter().take(NAMED).map(name).collect();
    let rest = holders.len().saturating_sub(NAMED);
    let rest = if rest > 0 {
        format!(", and {rest} more")
    } else {
        String::new()
    };
    format!("{}{rest}", named.join(", "))
}

/// Names what holds up many a caller: itself.
fn waiting_while_holding(own: usize) -> String {
    if own == 0 {
        return String::new();
    }
    format!(
        "; this plugin's own session holds {own} of them while it waits for another: use the \
         transaction or connection at hand instead of asking for a second one"
    )
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
