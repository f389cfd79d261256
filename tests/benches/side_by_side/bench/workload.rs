//! The workloads, and the cases of each.

use std::fmt;

use clap::ValueEnum;
use serde::{Deserialize, Serialize};

use crate::bench::client::texts::TENS;
use crate::bench::contender::Contender;
use crate::bench::order::{Dialect, Hold, Threads, Work};
use crate::bench::plan::{Mode, Plan};

/// What is done.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, ValueEnum, Serialize, Deserialize,
)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Workload {
    /// A call that touches no database
    Echo,
    /// One row by its key
    Point,
    /// 100,000 rows of five columns, typed
    Bulk,
    /// Many rows in one transaction
    Insert,
    /// Four statements in a transaction
    Tx,
    /// Memory of a host whose plugins do nothing
    Idle,
    /// 500 callers for four connections
    Waiting,
    /// Memory of a host while a million rows pass through
    Memory,
    /// Points beside a running bulk in the same process
    Beside,
}

impl fmt::Display for Workload {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = self.to_possible_value();
        f.write_str(name.as_ref().map_or("", |name| name.get_name()))
    }
}

/// A workload at one size.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Case {
    pub(crate) workload: Workload,
    pub(crate) name: String,
    pub(crate) work: Work,
    pub(crate) beside: Option<Work>,
    /// In each process.
    pub(crate) callers: u32,
    pub(crate) processes: u32,
    pub(crate) threads: Threads,
    /// Instead of a pool's default size.
    pub(crate) pool: Option<u32>,
    pub(crate) contenders: Vec<Contender>,
}

/// The payload of an echo: about what a point query and its answer have.
const ECHO_BYTES: usize = 128;

impl Case {
    fn new(workload: Workload, name: impl Into<String>, work: Work) -> Self {
        Self {
            workload,
            name: name.into(),
            work,
            beside: None,
            callers: 1,
            processes: 1,
            threads: Threads::All,
            pool: None,
            contenders: Contender::ALL.to_vec(),
        }
    }

    fn callers(mut self, callers: u32) -> Self {
        self.callers = callers;
        self
    }

    fn processes(mut self, processes: u32) -> Self {
        self.processes = processes;
        self
    }

    fn of(mut self, contenders: &[Contender]) -> Self {
        self.contenders = contenders.to_vec();
        self
    }

    /// How a contender's clients keep their connections.
    pub(crate) fn hold(&self, contender: Contender) -> Hold {
        match (contender, self.pool) {
            (Contender::Bare | Contender::Held | Contender::BouncerHeld, _) => Hold::Each,
            (_, Some(size)) => Hold::PoolOf(size),
            (_, None) => Hold::Pool,
        }
    }
}

/// All that a plan measures on a database. A quick one leaves out what no must is about.
pub(crate) fn cases(plan: &Plan, dialect: Dialect) -> Vec<Case> {
    let mut cases = if plan.plot {
        plotted()
    } else {
        measured(plan, dialect)
    };
    for case in &mut cases {
        case.threads = plan.threads;
    }
    cases
}

fn measured(plan: &Plan, dialect: Dialect) -> Vec<Case> {
    let mut cases = Vec::new();
    let only = dialect == Dialect::PostgreSQL;
    let wanted = |workload: Workload| plan.has(workload) && (only || workload.is_for_all());
    let quick_only_in = |mode| !plan.quick || plan.mode == mode;
    if wanted(Workload::Echo) && quick_only_in(Mode::Pinned) {
        cases.push(echo());
    }
    if wanted(Workload::Point) {
        cases.extend(points(plan, dialect));
    }
    if wanted(Workload::Tx) && quick_only_in(Mode::Pinned) {
        cases.push(Case::new(Workload::Tx, "1 caller", Work::Tx));
    }
    if quick_only_in(Mode::Free) {
        if wanted(Workload::Bulk) {
            let bulk = Work::Bulk { times: 1 };
            cases.push(Case::new(Workload::Bulk, "100,000 rows", bulk));
        }
        if wanted(Workload::Insert) {
            cases.extend(inserts(plan));
        }
        if wanted(Workload::Waiting) {
            cases.push(waiting());
        }
        if wanted(Workload::Beside) {
            cases.extend(besides());
        }
    }
    if plan.mode == Mode::Free {
        if wanted(Workload::Idle) {
            cases.push(idle());
        }
        if wanted(Workload::Memory) {
            cases.push(memory());
        }
    }
    for case in &mut cases {
        case.contenders
            .retain(|contender| only || !contender.is_pgbouncer());
    }
    cases
}

impl Workload {
    /// Whether it says something about each database, rather than about the host.
    fn is_for_all(self) -> bool {
        matches!(
            self,
            Self::Point | Self::Bulk | Self::Insert | Self::Tx | Self::Beside
        )
    }
}

fn echo() -> Case {
    let work = Work::Echo { bytes: ECHO_BYTES };
    Case::new(Workload::Echo, "1 caller", work).of(&[Contender::Bare, Contender::Onepool])
}

fn points(plan: &Plan, dialect: Dialect) -> Vec<Case> {
    let callers: &[u32] = match (plan.quick, plan.mode) {
        (true, Mode::Pinned) => &[1],
        (true, Mode::Free) => &[32],
        (false, _) => &[1, 8, 32, 128],
    };
    let mut cases: Vec<Case> = callers.iter().map(|callers| point(*callers)).collect();
    if dialect == Dialect::PostgreSQL && !(plan.quick && plan.mode == Mode::Pinned) {
        cases.push(Case::new(Workload::Point, "32 processes", Work::Point).processes(32));
    }
    cases
}

fn point(callers: u32) -> Case {
    Case::new(Workload::Point, point_name(callers), Work::Point).callers(callers)
}

/// What the case of so many callers in one process is called.
pub(crate) fn point_name(callers: u32) -> String {
    format!("{callers} caller{}", if callers == 1 { "" } else { "s" })
}

/// The callers that a plot shows.
pub(crate) const PLOTTED: [u32; 9] = [1, 2, 4, 8, 16, 32, 64, 128, 256];

/// What the README shows: plugins with ten callers each, as many as a pool has connections.
pub(crate) const PLUGINS: &str = "15 plugins";

/// Who is shown there.
pub(crate) const PLUGINS_CONTENDERS: [Contender; 3] = [
    Contender::Pooled,
    Contender::BouncerPooled,
    Contender::Onepool,
];

fn plotted() -> Vec<Case> {
    let mut cases: Vec<Case> = PLOTTED.into_iter().map(point).collect();
    let plugins = Case::new(Workload::Point, PLUGINS, Work::Point);
    cases.push(plugins.callers(10).processes(15).of(&PLUGINS_CONTENDERS));
    cases
}

fn inserts(plan: &Plan) -> Vec<Case> {
    let rows = if plan.quick { 2_000 } else { 10_000 };
    let batches: &[u32] = if plan.quick {
        &[50, 1000]
    } else {
        &[10, 50, 250, 1000]
    };
    let contenders = [Contender::Held, Contender::BouncerHeld, Contender::Onepool];
    let case = |name: String, batch| {
        Case::new(Workload::Insert, name, Work::Insert { rows, batch }).of(&contenders)
    };
    let mut cases = vec![case("one by one".into(), None)];
    cases.extend(
        batches
            .iter()
            .map(|n| case(format!("batches of {n}"), Some(*n))),
    );
    cases
}

fn waiting() -> Case {
    let mut case = Case::new(Workload::Waiting, "500 callers", Work::Point)
        .callers(500)
        .of(&[Contender::BouncerHeld, Contender::Onepool]);
    // They shall wait in the host, not in the plugin's own pool.
    case.pool = Some(500);
    case
}

fn besides() -> [Case; 2] {
    let contenders = [
        Contender::Held,
        Contender::Pooled,
        Contender::BouncerPooled,
        Contender::Onepool,
    ];
    let alone = Case::new(Workload::Beside, "alone", Work::Point).of(&contenders);
    let mut beside = Case::new(Workload::Beside, "beside a bulk", Work::Point).of(&contenders);
    beside.beside = Some(Work::Bulk { times: 1 });
    beside.callers = 2;
    [alone, beside]
}

fn idle() -> Case {
    let hold = Work::Hold { connections: 10 };
    Case::new(Workload::Idle, "100 plugin processes", hold)
        .processes(100)
        .of(&[Contender::Onepool])
}

fn memory() -> Case {
    let bulk = Work::Bulk { times: TENS };
    Case::new(Workload::Memory, "1,000,000 rows", bulk).of(&[Contender::Onepool])
}
