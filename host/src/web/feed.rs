//! What the page shows, once a second.

use std::collections::{BTreeMap, HashMap};
use std::convert::Infallible;
use std::sync::{Arc, Weak};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use axum::response::sse::{Event, Sse};
use futures_core::Stream;
use futures_util::stream;
use serde::Serialize;
use tokio::sync::OwnedSemaphorePermit;
use tokio::time::{Interval, MissedTickBehavior, interval};

use crate::databases::Place;
use crate::host::Host;
use crate::plugin::PluginStatus;
use crate::pool::{EndedLease, LeaseInfo, PoolStats, StatementInfo, StatementState, Verdict};
use crate::telemetry::{Pace, PluginActivity, PluginPace, SlowStatement};

/// Between two views.
const PAUSE: Duration = Duration::from_secs(1);
/// Statements and waiting calls that are shown, of each kind.
const SHOWN: usize = 50;
/// Slowest statements that are shown.
const SLOWEST: usize = 12;

/// Views until the host has stopped, or the reader has gone.
pub(super) fn feed(
    host: Weak<Host>,
    seat: OwnedSemaphorePermit,
) -> Sse<impl Stream<Item = Result<Event, Infallible>>> {
    let mut looks = interval(PAUSE);
    looks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let feed = Feed {
        host,
        looks,
        pace: Pace::default(),
        looked: Instant::now(),
        _seat: seat,
    };
    Sse::new(stream::unfold(feed, |mut feed| async move {
        let view = feed.next().await?;
        // A view is plain data, which can always be written.
        let text = serde_json::to_string(&view).unwrap_or_default();
        Some((Ok(Event::default().data(text)), feed))
    }))
}

struct Feed {
    host: Weak<Host>,
    looks: Interval,
    pace: Pace,
    /// When the last view was made.
    looked: Instant,
    /// One of those that look at once.
    _seat: OwnedSemaphorePermit,
}

#[derive(Serialize)]
struct View {
    now_ms: u64,
    version: &'static str,
    database: String,
    endpoint: String,
    pool: PoolView,
    /// Where there are several databases, each of them, `main` first.
    databases: Vec<DatabaseView>,
    plugins: Vec<PluginRow>,
    waits: Vec<StatementInfo>,
    running: Vec<StatementInfo>,
    leases: Vec<LeaseInfo>,
    /// Leases that have ended since the last view.
    ended: Vec<EndedLease>,
    slowest: Vec<SlowRow>,
}

#[derive(Serialize)]
struct PoolView {
    summary: String,
    max_connections: u32,
    peak: u32,
    waiting: usize,
    backends: HashMap<&'static str, u32>,
}

#[derive(Serialize)]
struct DatabaseView {
    name: String,
    kind: String,
    pool: PoolView,
}

#[derive(Serialize)]
struct PluginRow {
    name: String,
    state: &'static str,
    sessions: usize,
    restarts: u64,
    problem: Option<String>,
    leased: u32,
    waiting: usize,
    pace: PluginPace,
}

#[derive(Serialize)]
struct SlowRow {
    plugin: String,
    #[serde(flatten)]
    slow: SlowStatement,
}

impl Feed {
    async fn next(&mut self) -> Option<View> {
        self.looks.tick().await;
        let host = self
            .host
            .upgrade()
            .filter(|host| !host.stopped.is_cancelled())?;
        let (now, before) = (Instant::now(), self.looked);
        self.looked = now;
        let activity = host.activity();
        let slowest = slowest(&activity);
        let paces = self.pace.next(now, activity);
        let (running, waits): (Vec<_>, Vec<_>) = host
            .statements()
            .into_iter()
            .partition(|statement| statement.state == StatementState::Running);
        // What ended a moment before is told twice rather than not at all.
        let since = now.saturating_duration_since(before) + PAUSE / 10;
        let ended = host.ended_leases(since);
        Some(View {
            now_ms: millis(
                SystemTime::now()
                    .duration_since(UNIX_EPOCH)
                    .unwrap_or_default(),
            ),
            version: env!("CARGO_PKG_VERSION"),
            database: host.database().to_string(),
            endpoint: host.endpoint().to_string(),
            pool: pool(host.verdict(), host.pool_stats()),
            databases: databases(&host),
            plugins: plugins(&host, paces),
            waits: waits.into_iter().take(SHOWN).collect(),
            running: running.into_iter().take(SHOWN).collect(),
            leases: host.leases(),
            ended,
            slowest,
        })
    }
}

/// The slowest statements of all plugins.
fn slowest(activity: &[(String, PluginActivity)]) -> Vec<SlowRow> {
    let of_plugin = |(plugin, done): &(String, PluginActivity)| {
        let row = |slow: &SlowStatement| SlowRow {
            plugin: plugin.clone(),
            slow: slow.clone(),
        };
        done.slowest.iter().map(row).collect::<Vec<_>>()
    };
    let mut rows: Vec<_> = activity.iter().flat_map(of_plugin).collect();
    rows.sort_by_key(|row| std::cmp::Reverse(row.slow.took_ms));
    rows.truncate(SLOWEST);
    rows
}

/// Each database, where there are several.
fn databases(host: &Host) -> Vec<DatabaseView> {
    let databases = host.roster.databases();
    if databases.others().is_empty() {
        return Vec::new();
    }
    let view = |place: &Place| DatabaseView {
        name: place.name.to_string(),
        kind: place.pool.kind().to_string(),
        pool: pool(place.pool.verdict(), place.pool.stats()),
    };
    databases.all().map(view).collect()
}

fn pool(verdict: Verdict, stats: PoolStats) -> PoolView {
    let backends = stats.backends;
    PoolView {
        summary: verdict.summary,
        max_connections: stats.max_connections,
        peak: stats.peak,
        waiting: stats.waiting,
        backends: HashMap::from([
            ("connecting", backends.connecting),
            ("free", backends.free),
            ("leased", backends.leased),
            ("resetting", backends.resetting),
            ("closing", backends.closing),
            ("control", backends.control),
        ]),
    }
}

fn plugins(host: &Arc<Host>, mut paces: BTreeMap<String, PluginPace>) -> Vec<PluginRow> {
    let stats = host.plugin_stats();
    let row = |plugin: PluginStatus| {
        let stats = stats.get(&plugin.name).copied().unwrap_or_default();
        PluginRow {
            state: plugin.state.in_words(),
            sessions: plugin.sessions,
            restarts: plugin.restarts,
            problem: plugin.problem,
            leased: stats.leased,
            waiting: stats.waiting,
            pace: paces.remove(&plugin.name).unwrap_or_default(),
            name: plugin.name,
        }
    };
    host.plugins().into_iter().map(row).collect()
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
