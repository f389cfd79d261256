//! What each plugin may have.

use std::sync::Arc;
use std::time::Duration;

use dashmap::DashMap;
use onepool_proto::Failure;
use parking_lot::RwLock;

use super::Pool;
use super::config::check_minimums;
use super::scheduler::Share;

/// What a plugin may have of the pool, and for how long.
///
/// Given for one plugin with [`Plugin::quota`](crate::Plugin::quota), for all others with
/// [`HostBuilder::default_quota`](crate::HostBuilder::default_quota), and changed while the host
/// runs with [`Host::set_quota`](crate::Host::set_quota).
///
/// ```
/// use std::time::Duration;
/// use onepool_host::Quota;
///
/// let quota = Quota {
///     max: Some(4),
///     min: 1,
///     statement_timeout: Some(Duration::from_secs(20)),
///     ..Quota::default()
/// };
/// # assert_eq!(quota.weight, 1);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Quota {
    /// Backends it may have at once; none means as many as the cap. Default: none.
    pub max: Option<u32>,
    /// Backends that are kept for it, whatever the others want. Default: 0.
    pub min: u32,
    /// How much it gets beside others that wait, too. Default: 1.
    pub weight: u32,
    /// How many of its calls may wait for a backend at once; the next is refused with
    /// `QUEUE_FULL`. Default: 10,000.
    pub queue_length: u32,
    /// How long a call may wait for a backend; then it fails with `QUEUE_TIMEOUT`. Default: 30
    /// seconds.
    pub queue_timeout: Duration,
    /// How long a statement may take, from when it has a backend until its last row has been
    /// handed over; then it is cancelled and fails with `DEADLINE_EXCEEDED`. A batch counts as one
    /// statement. Migrations are exempt. Default: none.
    pub statement_timeout: Option<Duration>,
    /// How long a transaction may take, from its beginning, whatever it does; then what it runs is
    /// cancelled, it is rolled back, and what comes next in it fails with `LEASE_REVOKED`.
    /// Migrations are exempt. Default: 10 minutes.
    pub transaction_timeout: Option<Duration>,
    /// How long a transaction may rest between statements; then it is rolled back as above.
    /// Migrations are exempt. Default: 60 seconds.
    pub idle_in_transaction: Option<Duration>,
    /// How long a backend that is pinned by session state (a temporary table, a session lock)
    /// may rest; then it is taken back and the state is gone: the next statement runs on another
    /// backend, without it. Default: 60 seconds.
    pub pinned_idle_timeout: Option<Duration>,
    /// How many rows one statement may yield; with one more it is cancelled and fails with
    /// `QUOTA_EXCEEDED`. Default: none.
    pub rows_per_result: Option<u64>,
    /// How many bytes the cells of one statement may have together; beyond that it is cancelled
    /// and fails with `QUOTA_EXCEEDED`. Default: none.
    pub bytes_per_result: Option<u64>,
}

impl Default for Quota {
    fn default() -> Self {
        Self {
            max: None,
            min: 0,
            weight: 1,
            queue_length: 10_000,
            queue_timeout: Duration::from_secs(30),
            statement_timeout: None,
            transaction_timeout: Some(Duration::from_secs(600)),
            idle_in_transaction: Some(Duration::from_secs(60)),
            pinned_idle_timeout: Some(Duration::from_secs(60)),
            rows_per_result: None,
            bytes_per_result: None,
        }
    }
}

impl Quota {
    /// What is wrong with it by itself, if anything.
    pub(crate) fn check(&self) -> Result<(), &'static str> {
        let zero = Some(Duration::ZERO);
        if self.max.is_some_and(|max| max < self.min.max(1)) {
            return Err("max is less than min, or 0: nothing could run; raise max or leave it out");
        }
        if self.weight == 0 {
            return Err("weight is 0, so it would never have its turn; give at least 1");
        }
        if self.queue_length == 0 {
            return Err("queue_length is 0, so no call could ever wait; give at least 1");
        }
        if [
            self.statement_timeout,
            self.transaction_timeout,
            self.idle_in_transaction,
            self.pinned_idle_timeout,
        ]
        .contains(&zero)
        {
            return Err("a timeout is 0, so nothing could ever run; leave it out for no timeout");
        }
        Ok(())
    }

    /// The part of it that the scheduler deals with.
    pub(super) fn share(&self) -> Share {
        Share {
            max: self.max,
            min: self.min,
            weight: self.weight,
            queue_length: self.queue_length,
        }
    }
}

/// The quota of one plugin, as it is now. Clones are handles to the same one.
#[derive(Clone, Debug)]
pub(crate) struct PluginQuota(Arc<RwLock<Slot>>);

#[derive(Clone, Copy, Debug)]
struct Slot {
    quota: Quota,
    /// Whether it is the plugin's own, and does not follow the default.
    own: bool,
}

impl PluginQuota {
    pub(crate) fn get(&self) -> Quota {
        self.0.read().quota
    }
}

/// The quotas of all plugins.
#[derive(Debug, Default)]
pub(super) struct Quotas {
    default: RwLock<Quota>,
    plugins: DashMap<Arc<str>, PluginQuota>,
}

impl Quotas {
    pub(super) fn new(default: Quota) -> Self {
        Self {
            default: RwLock::new(default),
            plugins: DashMap::new(),
        }
    }

    /// The quota of a plugin: its own, or the default.
    pub(super) fn of(&self, plugin: &Arc<str>) -> PluginQuota {
        if let Some(known) = self.plugins.get(plugin) {
            return known.clone();
        }
        let entry = self.plugins.entry(Arc::clone(plugin));
        let default = || {
            let quota = *self.default.read();
            PluginQuota(Arc::new(RwLock::new(Slot { quota, own: false })))
        };
        entry.or_insert_with(default).clone()
    }

    /// Gives a plugin a quota of its own.
    pub(super) fn set(&self, plugin: &Arc<str>, quota: Quota) {
        *self.of(plugin).0.write() = Slot { quota, own: true };
    }

    /// Takes these plugins' own quotas from them.
    pub(super) fn follow_default(&self, plugins: &[Arc<str>]) {
        for plugin in plugins {
            self.of(plugin).0.write().own = false;
        }
    }

    /// Changes the quota of every plugin that has none of its own, and says which these are.
    pub(super) fn set_default(&self, quota: Quota) -> Vec<Arc<str>> {
        *self.default.write() = quota;
        let mut changed = Vec::new();
        for plugin in &self.plugins {
            let mut slot = plugin.value().0.write();
            if !slot.own {
                slot.quota = quota;
                changed.push(Arc::clone(plugin.key()));
            }
        }
        changed
    }
}

impl Pool {
    /// The quota of a plugin, now and as it changes.
    pub(crate) fn quota(&self, plugin: &Arc<str>) -> PluginQuota {
        let quota = self.0.quotas.of(plugin);
        // The plugin may have been unknown, and so have the default from now on.
        let mut state = self.0.state.lock();
        state.scheduler.set_share(plugin, quota.get().share());
        quota
    }

    /// Gives a plugin a quota of its own; in force at once.
    ///
    /// # Errors
    /// If its minimum does not fit the cap beside those of the others.
    pub(crate) fn set_quota(&self, plugin: &Arc<str>, quota: Quota) -> Result<(), Failure> {
        {
            let mut state = self.0.state.lock();
            let others = state.scheduler.minimums();
            let others = others.filter(|(other, _)| *other != plugin);
            let minimums = others.chain([(plugin, quota.min)]);
            check_minimums(state.scheduler.cap(), self.kind(), minimums)?;
            self.0.quotas.set(plugin, quota);
            state.scheduler.set_share(plugin, quota.share());
        }
        self.recheck();
        self.pump();
        Ok(())
    }

    /// Changes the quota of every plugin that has none of its own; in force at once.
    pub(crate) fn set_default_quota(&self, quota: Quota) {
        for plugin in self.0.quotas.set_default(quota) {
            let mut state = self.0.state.lock();
            state.scheduler.set_share(&plugin, quota.share());
        }
        self.recheck();
        self.pump();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_default_reaches_whoever_has_no_quota_of_its_own() {
        let quotas = Quotas::new(Quota::default());
        let (own, other) = (Arc::from("own"), Arc::from("other"));
        let heavy = Quota {
            weight: 3,
            ..Quota::default()
        };
        quotas.set(&own, heavy);
        let handle = quotas.of(&other);
        let changed = quotas.set_default(Quota {
            weight: 2,
            ..Quota::default()
        });
        assert_eq!(changed, [Arc::clone(&other)]);
        assert_eq!(handle.get().weight, 2);
        assert_eq!(quotas.of(&own).get(), heavy);
        assert_eq!(quotas.of(&Arc::from("late")).get().weight, 2);
    }

    #[test]
    fn a_quota_that_lets_nothing_run_is_refused() {
        let good = Quota::default();
        assert_eq!(good.check(), Ok(()));
        for wrong in [
            Quota {
                max: Some(0),
                ..good
            },
            Quota {
                max: Some(1),
                min: 2,
                ..good
            },
            Quota { weight: 0, ..good },
            Quota {
                queue_length: 0,
                ..good
            },
            Quota {
                idle_in_transaction: Some(Duration::ZERO),
                ..good
            },
        ] {
            assert!(wrong.check().is_err(), "{wrong:?}");
        }
    }
}
