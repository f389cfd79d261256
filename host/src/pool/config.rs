//! What the pool is started with.

use std::sync::Arc;
use std::time::{Duration, Instant};

use onepool_proto::{Code, DatabaseKind, Failure};

use super::names::Names;
use super::quota::Quota;
use super::scheduler::Upkeep;
use crate::db::{Allowance, Source};

/// What the pool is started with.
#[derive(Debug)]
pub(crate) struct PoolConfig {
    pub(crate) source: Source,
    /// The same database as somebody else, and the plugins that it is for.
    pub(crate) logins: Vec<PluginLogin>,
    /// The cap: backends of every kind, the control backend included.
    pub(crate) max_connections: u32,
    /// Functions of the database that leave nothing behind on a session.
    pub(crate) harmless_functions: Vec<String>,
    /// What each plugin may have.
    pub(crate) quotas: Vec<(Arc<str>, Quota)>,
    /// What every other plugin may have.
    pub(crate) default_quota: Quota,
    pub(crate) times: PoolTimes,
    /// Whether the database is told with each statement which plugin runs it.
    pub(crate) statement_comments: bool,
    /// Where the numbers come from that its backends are named with.
    pub(crate) names: Names,
    /// The database's name, where the host has several.
    pub(crate) label: Option<Arc<str>>,
}

/// The database as somebody else than the host.
#[derive(Clone, Debug)]
pub(crate) struct PluginLogin {
    pub(crate) source: Source,
    /// Those whose backends are opened so.
    pub(crate) plugins: Vec<Arc<str>>,
}

impl PluginLogin {
    /// Whose it is, for people.
    pub(super) fn whose(&self) -> String {
        format!("the login of {}", self.plugins.join(", "))
    }
}

/// How many backends are kept and for how long, and how long a deadlock lasts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct PoolTimes {
    pub(crate) upkeep: Upkeep,
    /// How old a backend may get.
    pub(crate) max_lifetime: Option<Duration>,
    /// How long backends must rest in the hands of callers that wait for each other before that
    /// is taken for a deadlock.
    pub(crate) hold_and_wait_timeout: Duration,
    /// From when on a statement is logged as slow.
    pub(crate) slow_statement: Option<Duration>,
    /// From when on a lease is warned of.
    pub(crate) long_lease: Option<Duration>,
}

impl Default for PoolTimes {
    fn default() -> Self {
        Self {
            upkeep: Upkeep::default(),
            max_lifetime: Some(Duration::from_secs(1800)),
            hold_and_wait_timeout: Duration::from_secs(5),
            slow_statement: None,
            long_lease: Some(Duration::from_secs(300)),
        }
    }
}

impl PoolTimes {
    /// When a backend that is opened now has lived long enough: up to a fifth earlier than it
    /// might, so that backends that were opened at once are not closed at once.
    pub(super) fn expiry(&self) -> Option<Instant> {
        let lifetime = self.max_lifetime?;
        let lifetime = lifetime.mul_f64(1.0 - 0.2 * rand::random::<f64>());
        Instant::now().checked_add(lifetime)
    }
}

impl PoolConfig {
    /// Refuses a cap that cannot hold, with the sum spelled out.
    pub(super) fn check(&self) -> Result<(), Failure> {
        check_cap(self.max_connections, self.source.kind())?;
        let minimums = self
            .quotas
            .iter()
            .map(|(plugin, quota)| (plugin, quota.min));
        check_minimums(self.max_connections, self.source.kind(), minimums)
    }
}

/// Refuses a cap beyond what the database lets the host have.
pub(super) fn check_allowance(cap: u32, allowance: Option<Allowance>) -> Result<(), Failure> {
    match allowance {
        Some(Allowance { limit, sum }) if limit < cap => Err(Failure::new(
            Code::CONFIGURATION,
            format!(
                "a cap of {cap} is more than the database allows: {sum}; lower max_connections to \
                 {limit} or less, or have the database allow more"
            ),
        )),
        _ => Ok(()),
    }
}

/// Backends that are not for work: on a server, the control backend.
fn control(kind: DatabaseKind) -> u32 {
    u32::from(kind != DatabaseKind::Sqlite)
}

/// Refuses a cap that leaves nothing for work.
pub(super) fn check_cap(cap: u32, kind: DatabaseKind) -> Result<(), Failure> {
    let least = control(kind) + 1;
    if cap >= least {
        return Ok(());
    }
    let parts = if control(kind) == 0 {
        ""
    } else {
        ", and 1 to cancel statements and watch closes"
    };
    Err(Failure::new(
        Code::CONFIGURATION,
        format!(
            "a cap of {cap} is too small: {kind} needs 1 connection for work{parts}; raise \
             max_connections to {least} or more"
        ),
    ))
}

/// Refuses guaranteed minimums that the cap cannot hold together.
pub(super) fn check_minimums<'a>(
    cap: u32,
    kind: DatabaseKind,
    minimums: impl Iterator<Item = (&'a Arc<str>, u32)>,
) -> Result<(), Failure> {
    let work = cap.saturating_sub(control(kind));
    let minimums: Vec<_> = minimums.filter(|(_, min)| *min > 0).collect();
    let sum: u64 = minimums.iter().map(|(_, min)| u64::from(*min)).sum();
    if sum <= u64::from(work) {
        return Ok(());
    }
    let parts: Vec<_> = minimums
        .iter()
        .map(|(plugin, min)| format!("{min} for {plugin}"))
        .collect();
    Err(Failure::new(
        Code::CONFIGURATION,
        format!(
            "the guaranteed minimums do not fit the cap: {} make {sum}, and of {cap} connections \
             {work} are for work; raise max_connections or lower a minimum",
            parts.join(" + "),
        ),
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cap_without_room_for_work_is_refused_with_the_sum() {
        for (cap, kind) in [
            (0, DatabaseKind::Sqlite),
            (0, DatabaseKind::Postgres),
            (1, DatabaseKind::Postgres),
            (1, DatabaseKind::MySql),
        ] {
            let failure = check_cap(cap, kind).unwrap_err();
            assert_eq!(failure.code, Code::CONFIGURATION);
            assert!(failure.message.contains("needs 1 connection for work"));
        }
        assert_eq!(check_cap(1, DatabaseKind::Sqlite), Ok(()));
        assert_eq!(check_cap(2, DatabaseKind::MySql), Ok(()));
    }

    #[test]
    fn minimums_that_do_not_fit_are_added_up() {
        let (a, b) = (Arc::from("a"), Arc::from("b"));
        let minimums = || [(&a, 2), (&b, 1)].into_iter();
        assert_eq!(
            check_minimums(4, DatabaseKind::Postgres, minimums()),
            Ok(())
        );
        let failure = check_minimums(3, DatabaseKind::Postgres, minimums()).unwrap_err();
        assert!(
            failure.message.contains("2 for a + 1 for b make 3"),
            "{failure}"
        );
        assert!(
            failure.message.contains("of 3 connections 2 are for work"),
            "{failure}"
        );
    }
}
