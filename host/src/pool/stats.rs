//! What the pool has done.

use std::sync::Arc;
use std::time::Duration;

use super::closing::{CloseCounts, CloseReason};
use super::scheduler::Scheduler;
use super::{Counts, Pool};
use crate::telemetry::{Counter, PluginActivity, PluginTally};

/// What the pool has done and holds.
#[derive(Clone, Debug)]
pub struct PoolStats {
    /// The cap.
    pub max_connections: u32,
    /// The most backends there ever were at once.
    pub peak: u32,
    /// The backends by where they are now.
    pub backends: Counts,
    /// Callers that wait for a backend now.
    pub waiting: usize,
    /// Deadlocks over backends that were broken by failing one of those who waited.
    pub deadlocks: u64,
    /// Loans that were revoked because they took too long.
    pub revoked: u64,
    /// Backends that ended in a panic of the host, which stayed within them.
    pub panicked: u64,
    /// The cancels that were sent to the database.
    pub cancels: CancelStats,
    /// Backends that were opened.
    pub opened: u64,
    /// Times that a backend could not be opened.
    pub not_opened: u64,
    /// Backends that were reset, since something had been left behind on them.
    pub resets: u64,
    /// Backends that were closed, and why.
    pub closes: Vec<(CloseReason, u64)>,
    /// The plugins that have asked for a backend, by name.
    pub plugins: Vec<(String, PluginStats)>,
}

/// How running statements were cancelled: each backend has one cancel under way at most.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CancelStats {
    /// Cancels sent. A statement that does not end soon after is sent another.
    pub sent: u64,
    /// Statements that ended by one. The others ended by themselves before it arrived.
    pub hit: u64,
}

/// What one plugin has had of the pool.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PluginStats {
    /// Calls that wait for a backend now.
    pub waiting: usize,
    /// Backends that it has now.
    pub leased: u32,
    /// Calls that wait for a backend now while their own session holds one.
    pub holding_and_waiting: u32,
    /// Leases it was given.
    pub leases: u64,
    /// Times that it asked and was given none.
    pub refused: u64,
    /// How long it waited for leases, in total.
    pub waited: Duration,
    /// The longest it waited for one.
    pub longest_wait: Duration,
}

impl PluginStats {
    /// Takes in what the plugin has had of another pool.
    pub(crate) fn add(&mut self, other: &Self) {
        self.waiting += other.waiting;
        self.leased += other.leased;
        self.holding_and_waiting += other.holding_and_waiting;
        self.leases += other.leases;
        self.refused += other.refused;
        self.waited += other.waited;
        self.longest_wait = self.longest_wait.max(other.longest_wait);
    }
}

/// Counts cancels.
#[derive(Debug, Default)]
pub(super) struct CancelCounts {
    sent: Counter,
    hit: Counter,
}

impl CancelCounts {
    pub(super) fn sent(&self) {
        self.sent.add_one();
    }

    pub(super) fn hit(&self) {
        self.hit.add_one();
    }

    pub(super) fn read(&self) -> CancelStats {
        CancelStats {
            sent: self.sent.get(),
            hit: self.hit.get(),
        }
    }
}

/// What the pool counts, beside what its scheduler does.
#[derive(Debug, Default)]
pub(super) struct Stats {
    pub(super) cancels: CancelCounts,
    pub(super) deadlocks: Counter,
    pub(super) revoked: Counter,
    pub(super) panicked: Counter,
    pub(super) opened: Counter,
    pub(super) not_opened: Counter,
    pub(super) resets: Counter,
    pub(super) closes: CloseCounts,
}

impl Pool {
    pub(crate) fn stats(&self) -> PoolStats {
        let Stats {
            cancels,
            deadlocks,
            revoked,
            panicked,
            opened,
            not_opened,
            resets,
            closes,
        } = &self.0.stats;
        let state = self.0.state.lock();
        let scheduler = &state.scheduler;
        let of_both = closes.read().zip(scheduler.closes());
        PoolStats {
            max_connections: scheduler.cap(),
            peak: scheduler.peak(),
            backends: scheduler.counts(),
            waiting: scheduler.waiting(),
            deadlocks: deadlocks.get(),
            revoked: revoked.get(),
            panicked: panicked.get(),
            cancels: cancels.read(),
            opened: opened.get(),
            not_opened: not_opened.get(),
            resets: resets.get(),
            closes: of_both
                .map(|((why, owners), (_, schedulers))| (why, owners + schedulers))
                .collect(),
            plugins: plugins(scheduler),
        }
    }

    /// What each plugin has done, by name.
    pub(crate) fn activity(&self) -> Vec<(String, PluginActivity)> {
        let tallies: Vec<_> = {
            let state = self.0.state.lock();
            let tallies = state.scheduler.tallies();
            tallies
                .map(|(plugin, tally, ..)| (plugin.to_string(), Arc::clone(tally)))
                .collect()
        };
        let read = |(plugin, tally): (_, Arc<PluginTally>)| {
            let mut activity = tally.read();
            for slow in &mut activity.slowest {
                slow.database = self.label();
            }
            (plugin, activity)
        };
        tallies.into_iter().map(read).collect()
    }

    /// Where it is counted what a plugin does.
    pub(crate) fn tally(&self, plugin: &Arc<str>) -> Arc<PluginTally> {
        self.0.state.lock().scheduler.tally(plugin)
    }
}

fn plugins(scheduler: &Scheduler) -> Vec<(String, PluginStats)> {
    let stuck = scheduler.holding_and_waiting();
    let stats = |(plugin, tally, waiting, leased): (&Arc<str>, &Arc<PluginTally>, _, _)| {
        let stats = PluginStats {
            waiting,
            leased,
            holding_and_waiting: stuck.get(plugin).copied().unwrap_or(0),
            leases: tally.leases(),
            refused: tally.refused(),
            waited: tally.waited_in_all(),
            longest_wait: tally.longest_wait(),
        };
        (plugin.to_string(), stats)
    };
    scheduler.tallies().map(stats).collect()
}
