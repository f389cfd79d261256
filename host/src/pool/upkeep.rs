//! What is looked at now and then: backends that are too old, and callers that wait for each
//! other.

use std::collections::HashSet;
use std::time::{Duration, Instant};

use onepool_proto::{Code, Failure};
use tokio::time::{MissedTickBehavior, interval};

use super::Pool;
use super::config::PoolTimes;

/// The shortest and the longest time between two looks.
const SHORTEST: Duration = Duration::from_millis(10);
const LONGEST: Duration = Duration::from_secs(1);

impl Pool {
    /// Looks after the backends until the pool stops.
    pub(super) async fn look_after(self, times: PoolTimes) {
        let mut looks = interval(pause(&times));
        looks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut broken: Option<Instant> = None;
        let mut warned = HashSet::new();
        loop {
            tokio::select! {
                _ = looks.tick() => (),
                () = self.0.stopping.cancelled() => return,
            }
            let now = Instant::now();
            self.0.state.lock().scheduler.tidy(now);
            self.pump();
            self.warn_of_long_leases(&mut warned);
            let patience = times.hold_and_wait_timeout;
            // Whoever lost the last time gets as long to give back what it holds.
            let recently = |at: Instant| now.saturating_duration_since(at) < patience;
            if !broken.is_some_and(recently) && self.break_deadlock(now, patience) {
                broken = Some(now);
            }
        }
    }

    /// Fails the youngest of those that wait for each other. Whether there was one.
    fn break_deadlock(&self, now: Instant, patience: Duration) -> bool {
        let loser = {
            let mut state = self.0.state.lock();
            let owners = &state.owners;
            let rests = |id| {
                let owner = owners.get(&id);
                owner.map_or(Duration::ZERO, |owner| owner.desk().rests_for(now))
            };
            let Some(waiter) = state.scheduler.deadlocked(now, patience, rests) else {
                return false;
            };
            state.scheduler.dismiss(waiter);
            state.waiters.remove(&waiter)
        };
        let Some(loser) = loser else {
            return false;
        };
        self.0.stats.deadlocks.add_one();
        let who = super::acquire::name_all(&self.holders());
        let failure = Failure::new(
            Code::DEADLOCK,
            format!(
                "every backend that could end this wait is held, at rest, by somebody who waits \
                 for another, this plugin included: {who}; do not ask for a second connection \
                 while one is held"
            ),
        );
        tracing::warn!("a deadlock over backends was broken: {who}");
        let _ = loser.lease.send(Err(failure));
        true
    }
}

/// Between two looks: often enough to keep the shortest of the times.
fn pause(times: &PoolTimes) -> Duration {
    let times = [
        times.upkeep.idle_timeout,
        times.max_lifetime,
        Some(times.hold_and_wait_timeout),
        times.long_lease,
    ];
    let shortest = times.into_iter().flatten().min().unwrap_or(LONGEST);
    (shortest / 4).clamp(SHORTEST, LONGEST)
}
