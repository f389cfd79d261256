//! What the figures must show, and what they should.

use serde::Serialize;

use crate::bench::contender::Contender::{self, Bare, BouncerHeld, Held, Onepool, Pooled};
use crate::bench::figure::{Figures, Key, Measure};
use crate::bench::order::Dialect;
use crate::bench::plan::Mode::{self, Free, Pinned};
use crate::bench::workload::Workload::{
    self, Beside, Bulk, Echo, Idle, Insert, Memory, Point, Tx, Waiting,
};

/// One line of the verdict.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Must {
    pub(crate) name: String,
    /// The median over the rounds; nothing if it was not measured.
    pub(crate) ratio: Option<f64>,
    pub(crate) must: Bound,
    pub(crate) aim: Bound,
    pub(crate) met: bool,
}

/// What a ratio has to be.
#[derive(Debug, Clone, Copy, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Bound {
    AtMost(f64),
    AtLeast(f64),
}

impl Bound {
    pub(crate) fn holds(self, ratio: f64) -> bool {
        match self {
            Self::AtMost(bound) => ratio <= bound,
            Self::AtLeast(bound) => ratio >= bound,
        }
    }

    fn aiming_at(self, aim: f64) -> Self {
        match self {
            Self::AtMost(_) => Self::AtMost(aim),
            Self::AtLeast(_) => Self::AtLeast(aim),
        }
    }
}

/// Judges what was measured on PostgreSQL.
pub(crate) fn judge(figures: Figures<'_>) -> Vec<Must> {
    let mut musts = latencies(figures);
    musts.extend(rates(figures));
    musts.extend(volumes(figures));
    musts.extend(memories(figures));
    musts
}

/// The other one's over the first one's.
type Compute = fn([&Measure; 2]) -> f64;

const TIME: Compute = |[base, ours]| ours.p50_us / base.p50_us;
const TAIL: Compute = |[base, ours]| ours.p99_us / base.p99_us;
const RATE: Compute = |[base, ours]| ours.calls_per_s / base.calls_per_s;

fn latencies(figures: Figures<'_>) -> Vec<Must> {
    let echo = |contender| key(Pinned, Echo, "1 caller", contender);
    let point = |contender| key(Pinned, Point, "1 caller", contender);
    let tx = |contender| key(Pinned, Tx, "1 caller", contender);
    let keys = [point(Held), point(BouncerHeld), point(Onepool)];
    let added = figures.median_of(keys, |[held, bouncer, ours]| {
        (ours.p50_us - held.p50_us) / (bouncer.p50_us - held.p50_us)
    });
    vec![
        must(
            "echo, one caller, pinned: over a bare ping-pong",
            figures.median_of([echo(Bare), echo(Onepool)], TIME),
            Bound::AtMost(1.5),
            1.15,
        ),
        must(
            "point, one caller, pinned: added to a held connection, over what PgBouncer adds",
            added,
            Bound::AtMost(1.1),
            0.8,
        ),
        must(
            "point, one caller, pinned: over &Pool direct",
            figures.median_of([point(Pooled), point(Onepool)], TIME),
            Bound::AtMost(1.0),
            0.85,
        ),
        must(
            "tx, one caller, pinned: time over direct",
            figures.median_of([tx(Held), tx(Onepool)], TIME),
            Bound::AtMost(1.7),
            1.3,
        ),
    ]
}

fn rates(figures: Figures<'_>) -> Vec<Must> {
    let callers = |contender| key(Free, Point, "32 callers", contender);
    let processes = |contender| key(Free, Point, "32 processes", contender);
    vec![
        must(
            "point, 32 callers in one plugin, free: calls/s over PgBouncer, held",
            figures.median_of([callers(BouncerHeld), callers(Onepool)], RATE),
            Bound::AtLeast(1.0),
            1.5,
        ),
        must(
            "point, 32 callers in one plugin, free: calls/s over &Pool direct",
            figures.median_of([callers(Pooled), callers(Onepool)], RATE),
            Bound::AtLeast(1.6),
            2.2,
        ),
        must(
            "point, 32 plugin processes, free: calls/s over PgBouncer with 32 clients",
            figures.median_of([processes(BouncerHeld), processes(Onepool)], RATE),
            Bound::AtLeast(0.8),
            1.2,
        ),
    ]
}

fn volumes(figures: Figures<'_>) -> Vec<Must> {
    let bulk = |contender| key(Free, Bulk, "100,000 rows", contender);
    let waiting = key(Free, Waiting, "500 callers", Onepool);
    let alone = key(Free, Beside, "alone", Onepool);
    let beside = key(Free, Beside, "beside a bulk", Onepool);
    let mut musts = vec![must(
        "bulk, free: rows/s over direct",
        figures.median_of([bulk(Held), bulk(Onepool)], RATE),
        Bound::AtLeast(0.95),
        1.1,
    )];
    let direct = key(Free, Insert, "one by one", Held);
    for size in [50, 250, 1000] {
        let case = format!("batches of {size}");
        let ours = key(Free, Insert, &case, Onepool);
        let name = format!("insert, batches of {size}, free: time over direct row by row");
        let ratio = figures.median_of([direct, ours], TIME);
        musts.push(must(&name, ratio, Bound::AtMost(1.1), 0.3));
    }
    musts.push(must(
        "500 waiting callers at a cap of 4, free: p99 over p50",
        figures.median_of([waiting], |[ours]| ours.p99_us / ours.p50_us),
        Bound::AtMost(3.0),
        1.5,
    ));
    musts.push(must(
        "point beside a running bulk in the same plugin, free: p99 over alone",
        figures.median_of([alone, beside], TAIL),
        Bound::AtMost(5.0),
        2.0,
    ));
    musts
}

fn memories(figures: Figures<'_>) -> Vec<Must> {
    let idle = key(Free, Idle, "100 plugin processes", Onepool);
    let memory = key(Free, Memory, "1,000,000 rows", Onepool);
    vec![
        must(
            "idle: host memory of a plugin process, in KiB",
            figures.median_of([idle], |[host]| host.plugin_kib.unwrap_or(f64::NAN)),
            Bound::AtMost(48.0),
            16.0,
        ),
        must(
            "idle: host memory of a virtual connection, in KiB",
            figures.median_of([idle], |[host]| host.connection_kib.unwrap_or(f64::NAN)),
            Bound::AtMost(1.0),
            0.0,
        ),
        must(
            "bulk of 1,000,000 rows: growth of host memory, in MiB",
            figures.median_of([memory], |[host]| {
                host.grown_kib.unwrap_or(f64::NAN) / 1024.0
            }),
            Bound::AtMost(8.0),
            2.0,
        ),
    ]
}

fn must(name: &str, ratio: Option<f64>, must: Bound, aim: f64) -> Must {
    Must {
        name: name.to_owned(),
        ratio,
        must,
        aim: must.aiming_at(aim),
        met: ratio.is_some_and(|ratio| must.holds(ratio)),
    }
}

fn key(mode: Mode, workload: Workload, case: &str, contender: Contender) -> Key<'_> {
    Key {
        mode,
        database: Dialect::PostgreSQL,
        workload,
        case,
        contender,
    }
}
