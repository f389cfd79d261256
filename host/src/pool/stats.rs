//! What the pool has done.

use std::sync::Arc;
use std::time::Duration;

use dashmap::DashMap;

use super::{Counts, Pool};

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
    /// The plugins that have asked for a backend, by name.
    pub plugins: Vec<(String, PluginStats)>,
}

/// What one plugin has had of the pool.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PluginStats {
    /// Leases it was given.
    pub leases: u64,
    /// Times that it asked and was given none.
    pub refused: u64,
    /// How long it waited for leases, in total.
    pub waited: Duration,
    /// The longest it waited for one.
    pub longest_wait: Duration,
}

#[derive(Debug, Default)]
pub(super) struct Stats {
    plugins: DashMap<Arc<str>, PluginStats>,
}

impl Stats {
    pub(super) fn waited(&self, plugin: &Arc<str>, waited: Duration, served: bool) {
        let mut stats = match self.plugins.get_mut(plugin) {
            Some(stats) => stats,
            None => self.plugins.entry(Arc::clone(plugin)).or_default(),
        };
        if served {
            stats.leases += 1;
        } else {
            stats.refused += 1;
        }
        stats.waited += waited;
        stats.longest_wait = stats.longest_wait.max(waited);
    }
}

impl Pool {
    pub(crate) fn stats(&self) -> PoolStats {
        let plugins = &self.0.stats.plugins;
        let mut plugins: Vec<_> = plugins
            .iter()
            .map(|entry| (entry.key().to_string(), *entry.value()))
            .collect();
        plugins.sort_by(|one, two| one.0.cmp(&two.0));
        let state = self.0.state.lock();
        PoolStats {
            max_connections: state.scheduler.cap(),
            peak: state.scheduler.peak(),
            backends: state.scheduler.counts(),
            waiting: state.scheduler.waiting(),
            plugins,
        }
    }
}
