//! What the host's statistics say of its pool.

use std::time::Duration;

use onepool_host::Host;

/// The pool of a host at one moment.
#[derive(Clone, Debug, Default)]
pub struct Gauge {
    /// The most connections there ever were at once.
    pub peak: u32,
    /// Calls that wait for a connection.
    pub waiting: usize,
    /// What each plugin has had, by name.
    plugins: Vec<(String, Share)>,
}

/// What one plugin has had of the pool.
#[derive(Clone, Copy, Debug, Default)]
pub struct Share {
    /// Leases that it was given.
    pub leases: u64,
    /// The longest it waited for one.
    pub longest_wait: Duration,
}

impl Gauge {
    /// Reads the host's statistics.
    pub fn read(host: &Host) -> Self {
        let pool = host.stats().pool;
        let plugins = pool.plugins.into_iter().map(|(name, stats)| {
            let share = Share {
                leases: stats.leases,
                longest_wait: stats.longest_wait,
            };
            (name, share)
        });
        Self {
            peak: pool.peak,
            waiting: pool.waiting,
            plugins: plugins.collect(),
        }
    }

    /// The leases that all plugins were given.
    pub fn leases(&self) -> u64 {
        self.plugins.iter().map(|(_, share)| share.leases).sum()
    }

    /// What the plugin of this name has had.
    pub fn share(&self, plugin: &str) -> Share {
        let found = self.plugins.iter().find(|(name, _)| name == plugin);
        found.map(|(_, share)| *share).unwrap_or_default()
    }
}
