//! What a running host tells of itself. With several databases the lists are of all of them, and say
//! of which one each entry is.

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::time::Duration;

use crate::databases::Place;
use crate::host::Host;
use crate::pool::{
    EndedLease, LeaseInfo, PluginStats, PoolStats, StatementInfo, StatementState, Verdict,
};
use crate::telemetry::{HostStats, PluginActivity};

impl Host {
    /// What the host has counted so far.
    #[must_use]
    pub fn stats(&self) -> HostStats {
        self.counters.read(self.roster.len())
    }

    /// The names of the host's databases, `main` first.
    #[must_use]
    pub fn databases(&self) -> Vec<String> {
        self.each_database(|place| place.name.to_string())
    }

    /// What the pool of the main database holds now, and what it has done so far.
    #[must_use]
    pub fn pool_stats(&self) -> PoolStats {
        self.roster.pool().stats()
    }

    /// The same of the database of this name; `None` if there is no such database.
    #[must_use]
    pub fn pool_stats_of(&self, database: &str) -> Option<PoolStats> {
        let place = self.roster.databases().named(database).ok()?;
        Some(place.pool.stats())
    }

    /// What each plugin has had of the pools of all databases, by name; of those that have asked for a
    /// connection.
    #[must_use]
    pub fn plugin_stats(&self) -> BTreeMap<String, PluginStats> {
        let mut all = BTreeMap::<_, PluginStats>::new();
        for place in self.roster.databases().all() {
            for (plugin, stats) in place.pool.stats().plugins {
                all.entry(plugin).or_default().add(&stats);
            }
        }
        all
    }

    /// The connections that plugins have now, those held longest first: who has each, for what, and
    /// what runs on it.
    #[must_use]
    pub fn leases(&self) -> Vec<LeaseInfo> {
        let mut leases = self.each_database(|place| place.pool.leases()).concat();
        leases.sort_by_key(|lease| Reverse(lease.held));
        leases
    }

    /// The leases that ended within `within`, in the order in which they did. Of those that lasted
    /// 5 ms or longer the latest 256 of each database are known.
    #[must_use]
    pub fn ended_leases(&self, within: Duration) -> Vec<EndedLease> {
        let ended = self.each_database(|place| place.pool.ended_leases(within));
        let mut ended = ended.concat();
        ended.sort_by_key(|lease| Reverse(lease.ago));
        ended
    }

    /// The statements that run now, the longest first, and then the calls that wait for a
    /// connection, in the order they came.
    #[must_use]
    pub fn statements(&self) -> Vec<StatementInfo> {
        let statements = self.each_database(|place| place.pool.statements());
        let mut statements = statements.concat();
        statements.sort_by_key(|statement| match statement.state {
            StatementState::Running => (false, Reverse(statement.running)),
            StatementState::Waiting => (true, Reverse(statement.waited)),
        });
        statements
    }

    /// Whether anybody waits for a connection, and what for: whether the database is slow, or the
    /// queue full. With several databases the worst comes first, and those that are well are told of
    /// where all are.
    #[must_use]
    pub fn verdict(&self) -> Verdict {
        let verdicts = self.each_database(|place| (place.pool.label(), place.pool.verdict()));
        Verdict::of_all(verdicts)
    }

    /// The same of the database of this name alone; `None` if there is no such database.
    #[must_use]
    pub fn verdict_of(&self, database: &str) -> Option<Verdict> {
        let place = self.roster.databases().named(database).ok()?;
        Some(place.pool.verdict())
    }

    /// What each plugin has done since the host started, by name, in all databases together; of those
    /// that have asked for a connection.
    #[must_use]
    pub fn activity(&self) -> Vec<(String, PluginActivity)> {
        let mut all = BTreeMap::<_, PluginActivity>::new();
        for place in self.roster.databases().all() {
            for (plugin, activity) in place.pool.activity() {
                all.entry(plugin).or_default().add(activity);
            }
        }
        all.into_iter().collect()
    }

    /// The same of the database of this name alone; `None` if there is no such database.
    #[must_use]
    pub fn activity_of(&self, database: &str) -> Option<Vec<(String, PluginActivity)>> {
        let place = self.roster.databases().named(database).ok()?;
        Some(place.pool.activity())
    }

    fn each_database<T>(&self, tell: impl FnMut(&Place) -> T) -> Vec<T> {
        self.roster.databases().all().map(tell).collect()
    }
}
