//! What is measured, and for how long.

use std::fmt;
use std::time::Duration;

use clap::ValueEnum;
use serde::{Deserialize, Serialize};

use crate::bench::arguments::Arguments;
use crate::bench::order::{Dialect, Threads};
use crate::bench::workload::Workload;

/// Which cores the processes run on.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, ValueEnum, Serialize, Deserialize,
)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Mode {
    /// All processes on one core: what the software costs
    Pinned,
    /// Each where the system likes it: what users get
    Free,
}

impl fmt::Display for Mode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Pinned => "pinned",
            Self::Free => "free",
        })
    }
}

/// What is measured in one mode.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Plan {
    pub(crate) mode: Mode,
    pub(crate) quick: bool,
    /// What the plots show, and nothing else.
    pub(crate) plot: bool,
    /// Empty: all.
    pub(crate) workloads: Vec<Workload>,
    pub(crate) databases: Vec<Dialect>,
    pub(crate) threads: Threads,
    pub(crate) rounds: u32,
    /// Before a measurement, so that statements are prepared and memory is there.
    pub(crate) warm_up: Duration,
    pub(crate) measured: Duration,
}

impl Plan {
    /// One for each mode.
    pub(crate) fn of(arguments: &Arguments) -> Vec<Self> {
        if arguments.plot {
            return vec![Self::of_plots(arguments)];
        }
        let quick = arguments.quick;
        let in_mode = |mode| Self {
            mode,
            quick,
            plot: false,
            workloads: arguments.workloads.clone(),
            databases: databases(arguments),
            threads: arguments.threads,
            rounds: arguments.rounds.unwrap_or(if quick { 3 } else { 7 }),
            warm_up: Duration::from_millis(if quick { 60 } else { 300 }),
            measured: Duration::from_millis(if quick { 250 } else { 1500 }),
        };
        let modes = match arguments.mode {
            Some(mode) => vec![mode],
            None => vec![Mode::Pinned, Mode::Free],
        };
        modes.into_iter().map(in_mode).collect()
    }

    fn of_plots(arguments: &Arguments) -> Self {
        let quick = arguments.quick;
        Self {
            mode: Mode::Free,
            quick,
            plot: true,
            workloads: Vec::new(),
            databases: vec![Dialect::PostgreSQL],
            threads: arguments.threads,
            rounds: arguments.rounds.unwrap_or(if quick { 1 } else { 3 }),
            warm_up: Duration::from_millis(100),
            measured: Duration::from_millis(if quick { 250 } else { 500 }),
        }
    }

    pub(crate) fn has(&self, workload: Workload) -> bool {
        self.workloads.is_empty() || self.workloads.contains(&workload)
    }
}

fn databases(arguments: &Arguments) -> Vec<Dialect> {
    match arguments.databases.as_slice() {
        [] => vec![Dialect::PostgreSQL, Dialect::MariaDB, Dialect::SQLite],
        chosen => chosen.to_vec(),
    }
}
