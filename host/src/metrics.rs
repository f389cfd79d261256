//! What a host has counted, as Prometheus reads it. `docs/metrics.md` documents the names.

use std::collections::BTreeMap;
use std::fmt;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use prometheus_client::collector::Collector;
use prometheus_client::encoding::text::encode;
use prometheus_client::encoding::{DescriptorEncoder, MetricEncoder, NoLabelSet};
use prometheus_client::metrics::MetricType;
use prometheus_client::registry::Registry;

use crate::databases::Place;
use crate::host::Host;
use crate::plugin::{PluginState, PluginStatus};
use crate::pool::{CloseReason, PluginStats, PoolStats};
use crate::telemetry::{Distribution, HostStats, PluginActivity, ProcessUse};

/// What [`Host::metrics`] returns is of this media type.
pub const MEDIA_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// How many buckets a histogram has, beside that for the rest.
const BUCKETS: usize = 23;

/// The bounds of a histogram's buckets, in microseconds: each doubling from 16 µs to 67 s, of which
/// the database's own work is the middle.
fn bounds() -> [u64; BUCKETS] {
    std::array::from_fn(|doubling| 16 << doubling)
}

impl Host {
    /// What this host has counted, in the text format of OpenMetrics, which Prometheus reads: for
    /// applications that serve their own metrics. `onepool serve` does it with `[metrics]`.
    #[must_use]
    pub fn metrics(&self) -> String {
        let several = !self.roster.databases().others().is_empty();
        let read = |place: &Place| PoolSheet {
            database: several.then(|| place.name.to_string()),
            stats: place.pool.stats(),
            activity: place.pool.activity(),
        };
        let sheet = Sheet {
            database: self.database().to_string(),
            started: self.started,
            host: self.stats(),
            pools: self.roster.databases().all().map(read).collect(),
            plugins: self.plugins(),
            lag: self.lag.read(),
            process: ProcessUse::read(),
        };
        let mut registry = Registry::default();
        registry.register_collector(Box::new(sheet));
        let mut text = String::new();
        // A string takes whatever is written to it.
        let _ = encode(&mut text, &registry);
        text
    }
}

/// Everything that is told, as it was at one moment.
#[derive(Debug)]
struct Sheet {
    database: String,
    started: SystemTime,
    host: HostStats,
    pools: Vec<PoolSheet>,
    plugins: Vec<PluginStatus>,
    lag: Distribution,
    process: Option<ProcessUse>,
}

/// What is told of one database.
#[derive(Debug)]
struct PoolSheet {
    /// Its name, where there are several.
    database: Option<String>,
    stats: PoolStats,
    activity: Vec<(String, PluginActivity)>,
}

impl PoolSheet {
    /// The labels of a sample that is of this database.
    fn labels<const N: usize>(&self, others: [Label; N]) -> Vec<Label> {
        let own = self.database.clone().map(|name| ("database", name));
        others.into_iter().chain(own).collect()
    }

    /// What each plugin has of it now, by name.
    fn plugins(&self) -> Samples<PluginStats> {
        let plugins: BTreeMap<_, _> = self.stats.plugins.iter().cloned().collect();
        let sample = |(name, stats)| (self.labels([("plugin", name)]), stats);
        plugins.into_iter().map(sample).collect()
    }

    /// What each plugin has done in it.
    fn calls(&self) -> impl Iterator<Item = (Vec<Label>, &PluginActivity)> {
        let activity = self.activity.iter();
        activity.map(|(name, done)| (self.labels([("plugin", name.clone())]), done))
    }
}

impl Collector for Sheet {
    fn encode(&self, encoder: DescriptorEncoder<'_>) -> fmt::Result {
        let mut out = Out(encoder);
        self.of_host(&mut out)?;
        self.of_process(&mut out)?;
        self.of_pools(&mut out)?;
        self.of_plugins(&mut out)?;
        self.of_calls(&mut out)
    }
}

impl Sheet {
    fn of_host(&self, out: &mut Out<'_>) -> fmt::Result {
        let Self { host, .. } = self;
        let info = [
            ("version", env!("CARGO_PKG_VERSION").to_owned()),
            ("database", self.database.clone()),
        ];
        let help = "Always 1; the labels say which version serves which kind of database";
        out.gauges("onepool_build_info", help, [(&info[..], 1_u64)])?;
        let started = self.started.duration_since(UNIX_EPOCH).unwrap_or_default();
        let help = "When the host started, in seconds since 1970";
        out.gauge("onepool_start_time_seconds", help, started.as_secs_f64())?;
        let help = "Sessions that were opened";
        out.counter("onepool_sessions_opened", help, host.sessions_opened)?;
        let help = "Peers that were refused";
        out.counter("onepool_handshakes_refused", help, host.handshakes_refused)?;
        let help = "Peers that went away during the handshake";
        out.counter("onepool_handshakes_broken", help, host.handshakes_broken)?;
        let help = "Panics of the host that stayed within a session or a backend";
        let of_backends = self.pools.iter().map(|pool| pool.stats.panicked).sum();
        let panics = [
            (
                &[("place", "session".to_owned())][..],
                host.sessions_panicked,
            ),
            (&[("place", "backend".to_owned())][..], of_backends),
        ];
        out.counters("onepool_panics", help, panics)?;
        let help = "How late the host's thread is when it should have its turn";
        out.histograms("onepool_loop_lag_seconds", help, [(&[][..], &self.lag)])
    }

    fn of_process(&self, out: &mut Out<'_>) -> fmt::Result {
        let Some(process) = &self.process else {
            return Ok(());
        };
        let help = "Time on a processor";
        out.counter("process_cpu_seconds", help, process.cpu.as_secs_f64())?;
        let help = "Memory that is not swapped out";
        out.gauge(
            "process_resident_memory_bytes",
            help,
            process.resident_bytes,
        )
    }

    fn of_pools(&self, out: &mut Out<'_>) -> fmt::Result {
        let each = |read: fn(&PoolStats) -> u64| -> Samples<u64> {
            let pools = self.pools.iter();
            let sample = |pool: &PoolSheet| (pool.labels([]), read(&pool.stats));
            pools.map(sample).collect()
        };
        let help = "The cap: how many connections the database ever sees";
        let caps = each(|pool| pool.max_connections.into());
        out.gauges("onepool_max_connections", help, slices(&caps))?;
        let help = "Connections to the database, by what they are doing";
        out.gauges("onepool_backends", help, slices(&self.backends()))?;
        let help = "The most connections that there ever were at once";
        let peaks = each(|pool| pool.peak.into());
        out.gauges("onepool_backends_peak", help, slices(&peaks))?;
        let help = "Connections that were opened";
        let opened = each(|pool| pool.opened);
        out.counters("onepool_backends_opened", help, slices(&opened))?;
        let help = "Times that a connection could not be opened";
        let not_opened = each(|pool| pool.not_opened);
        out.counters("onepool_backends_not_opened", help, slices(&not_opened))?;
        let help = "Connections that were closed, and why";
        out.counters("onepool_backends_closed", help, slices(&self.closes()))?;
        let help = "Connections that were reset, since something had been left behind on them";
        let resets = each(|pool| pool.resets);
        out.counters("onepool_backends_reset", help, slices(&resets))?;
        let help = "Cancels that were sent to the database";
        let sent = each(|pool| pool.cancels.sent);
        out.counters("onepool_cancels_sent", help, slices(&sent))?;
        let help = "Statements that ended by a cancel";
        let hit = each(|pool| pool.cancels.hit);
        out.counters("onepool_cancels_hit", help, slices(&hit))?;
        let help = "Deadlocks over connections that were broken";
        let deadlocks = each(|pool| pool.deadlocks);
        out.counters("onepool_deadlocks", help, slices(&deadlocks))?;
        let help = "Leases that were revoked because they took too long";
        let revoked = each(|pool| pool.revoked);
        out.counters("onepool_leases_revoked", help, slices(&revoked))
    }

    fn backends(&self) -> Samples<u64> {
        let of_pool = |pool: &PoolSheet| {
            let backends = pool.stats.backends;
            let places = [
                ("connecting", backends.connecting),
                ("free", backends.free),
                ("leased", backends.leased),
                ("resetting", backends.resetting),
                ("closing", backends.closing),
                ("control", backends.control),
            ];
            places.map(|(state, count)| {
                let labels = pool.labels([("state", state.to_owned())]);
                (labels, u64::from(count))
            })
        };
        self.pools.iter().flat_map(of_pool).collect()
    }

    fn closes(&self) -> Samples<u64> {
        let of_pool = |pool: &PoolSheet| -> Samples<u64> {
            let closes = pool.stats.closes.iter();
            let sample = |(reason, count): &(CloseReason, u64)| {
                let labels = pool.labels([("reason", reason.name().to_owned())]);
                (labels, *count)
            };
            closes.map(sample).collect()
        };
        self.pools.iter().flat_map(of_pool).collect()
    }

    /// What the plugins are now.
    fn of_plugins(&self, out: &mut Out<'_>) -> fmt::Result {
        let plugins = self.plugins.iter();
        let plugins: Vec<_> = plugins.map(|status| (of(&status.name), status)).collect();
        let each = |read: fn(&PluginStatus) -> u64| {
            let plugins = plugins.iter();
            plugins.map(move |(labels, status)| (&labels[..], read(status)))
        };
        let help = "Whether the plugin is connected, or in the host's own process";
        let up = |status: &PluginStatus| {
            let up = matches!(status.state, PluginState::Running | PluginState::Attached);
            u64::from(up)
        };
        out.gauges("onepool_plugin_up", help, each(up))?;
        let help = "Sessions of the plugin";
        out.gauges(
            "onepool_sessions",
            help,
            each(|status| status.sessions as u64),
        )?;
        let help = "How often the plugin was started again";
        out.counters(
            "onepool_plugin_restarts",
            help,
            each(|status| status.restarts),
        )?;

        let known: Vec<_> = self.pools.iter().flat_map(PoolSheet::plugins).collect();
        let each = |read: fn(&PluginStats) -> u64| {
            let known = known.iter();
            known.map(move |(labels, stats)| (&labels[..], read(stats)))
        };
        let help = "Calls that wait for a connection";
        out.gauges("onepool_waiting", help, each(|stats| stats.waiting as u64))?;
        let help = "Calls that wait for a connection while their own session holds one";
        let stuck = |stats: &PluginStats| u64::from(stats.holding_and_waiting);
        out.gauges("onepool_waiting_while_holding", help, each(stuck))?;
        let help = "Connections that the plugin has on loan";
        out.gauges(
            "onepool_leased",
            help,
            each(|stats| u64::from(stats.leased)),
        )
    }

    /// What the plugins have done.
    fn of_calls(&self, out: &mut Out<'_>) -> fmt::Result {
        let activity: Vec<_> = self.pools.iter().flat_map(PoolSheet::calls).collect();
        let each = |read: fn(&PluginActivity) -> u64| {
            let activity = activity.iter();
            activity.map(move |(labels, done)| (&labels[..], read(done)))
        };
        let timed = |read: fn(&PluginActivity) -> &Distribution| {
            let activity = activity.iter();
            activity.map(move |(labels, done)| (&labels[..], read(done)))
        };
        let labelled = |labels: &[Label], key: &'static str, value: &str| -> Vec<Label> {
            let own = (key, value.to_owned());
            labels.iter().cloned().chain([own]).collect()
        };
        let calls = activity.iter().flat_map(|(labels, done)| {
            let calls = done.calls.iter();
            calls.map(move |(kind, count)| (labelled(labels, "call", kind.name()), *count))
        });
        let calls: Samples<u64> = calls.collect();
        out.counters("onepool_calls", "Calls of the plugin", slices(&calls))?;
        let errors = activity.iter().flat_map(|(labels, done)| {
            let errors = done.errors.iter();
            errors.map(move |(code, count)| (labelled(labels, "code", code), *count))
        });
        let errors: Samples<u64> = errors.collect();
        let help = "Calls that failed, by their code: see onepool explain";
        out.counters("onepool_errors", help, slices(&errors))?;
        let help = "Rows that statements have yielded";
        out.counters("onepool_rows", help, each(|done| done.rows))?;
        let help = "Bytes of these rows";
        out.counters("onepool_row_bytes", help, each(|done| done.bytes))?;
        let help = "Connections that the plugin was given";
        out.counters("onepool_leases", help, each(|done| done.leases))?;
        let help = "Times that it asked for a connection and was given none";
        out.counters("onepool_leases_refused", help, each(|done| done.refused))?;
        let help = "How long calls waited for a connection, also in vain";
        out.histograms("onepool_wait_seconds", help, timed(|done| &done.waits))?;
        let help = "How long statements ran in the database, until their last row was handed over";
        let executions = timed(|done| &done.executions);
        out.histograms("onepool_execution_seconds", help, executions)?;
        let help = "How long transactions were open in the database";
        let transactions = timed(|done| &done.transactions);
        out.histograms("onepool_transaction_seconds", help, transactions)?;
        let help = "How long leases lasted";
        out.histograms("onepool_hold_seconds", help, timed(|done| &done.holds))
    }
}

type Label = (&'static str, String);

/// The label that names a plugin.
fn of(plugin: &str) -> [Label; 1] {
    [("plugin", plugin.to_owned())]
}

/// Samples of one family, each with its labels.
type Samples<V> = Vec<(Vec<Label>, V)>;

fn slices<V: Copy>(samples: &[(Vec<Label>, V)]) -> impl Iterator<Item = (&[Label], V)> {
    samples.iter().map(|(labels, value)| (&labels[..], *value))
}

/// Where metrics are written to, one family after the other.
struct Out<'a>(DescriptorEncoder<'a>);

impl Out<'_> {
    fn gauge(&mut self, name: &str, help: &str, value: impl Number) -> fmt::Result {
        self.gauges(name, help, [(&[][..], value)])
    }

    fn counter(&mut self, name: &str, help: &str, value: impl Number) -> fmt::Result {
        self.counters(name, help, [(&[][..], value)])
    }

    fn gauges<'s>(
        &mut self,
        name: &str,
        help: &str,
        samples: impl IntoIterator<Item = (&'s [Label], impl Number)>,
    ) -> fmt::Result {
        self.family(name, help, MetricType::Gauge, samples, |out, value| {
            out.encode_gauge(&value.float())
        })
    }

    fn counters<'s>(
        &mut self,
        name: &str,
        help: &str,
        samples: impl IntoIterator<Item = (&'s [Label], impl Number)>,
    ) -> fmt::Result {
        self.family(name, help, MetricType::Counter, samples, |out, value| {
            out.encode_counter::<NoLabelSet, _, u64>(&value.float(), None)
        })
    }

    fn histograms<'s>(
        &mut self,
        name: &str,
        help: &str,
        samples: impl IntoIterator<Item = (&'s [Label], &'s Distribution)>,
    ) -> fmt::Result {
        let kind = MetricType::Histogram;
        self.family(name, help, kind, samples, |out, measured| {
            let bounds = bounds();
            let (counts, count) = (measured.between(&bounds), measured.count());
            let longer = count - counts.iter().sum::<u64>();
            let seconds = |micros: &u64| Duration::from_micros(*micros).as_secs_f64();
            let mut buckets: Vec<_> = bounds.iter().map(seconds).zip(counts).collect();
            buckets.push((f64::INFINITY, longer));
            let sum = measured.sum().as_secs_f64();
            out.encode_histogram::<NoLabelSet>(sum, count, &buckets, None)
        })
    }

    fn family<'s, V>(
        &mut self,
        name: &str,
        help: &str,
        kind: MetricType,
        samples: impl IntoIterator<Item = (&'s [Label], V)>,
        write: impl Fn(&mut MetricEncoder<'_>, V) -> fmt::Result,
    ) -> fmt::Result {
        let mut out = self.0.encode_descriptor(name, help, None, kind)?;
        for (labels, value) in samples {
            if labels.is_empty() {
                write(&mut out, value)?;
            } else {
                write(&mut out.encode_family(&labels)?, value)?;
            }
        }
        Ok(())
    }
}

/// What a sample may be. The format has floating-point numbers alone.
trait Number: Copy {
    fn float(self) -> f64;
}

impl Number for f64 {
    fn float(self) -> f64 {
        self
    }
}

impl Number for u32 {
    fn float(self) -> f64 {
        self.into()
    }
}

impl Number for u64 {
    #[expect(clippy::cast_precision_loss, reason = "as Prometheus stores it")]
    fn float(self) -> f64 {
        self as f64
    }
}
