//! The command line.

use clap::Parser;

use crate::bench::order::{Dialect, Threads};
use crate::bench::plan::Mode;
use crate::bench::workload::Workload;

/// onepool beside sqlx and PgBouncer, in one run.
///
/// PgBouncer 1.21 or newer is looked for where ONEPOOL_BENCH_PGBOUNCER says, and then on the PATH;
/// scripts/get-pgbouncer fetches one. All figures go to side_by_side.json in Cargo's target folder.
#[derive(Debug, Parser)]
#[command(name = "side_by_side")]
pub(crate) struct Arguments {
    /// Fewer cases and rounds: ends within three minutes; a plot is then only a sketch
    #[arg(long)]
    pub(crate) quick: bool,

    /// One workload alone; may be repeated
    #[arg(long = "workload", value_name = "NAME", value_enum)]
    pub(crate) workloads: Vec<Workload>,

    /// One database alone; may be repeated
    #[arg(long = "database", value_name = "NAME", value_enum)]
    pub(crate) databases: Vec<Dialect>,

    /// One mode alone
    #[arg(long, value_name = "NAME", value_enum)]
    pub(crate) mode: Option<Mode>,

    /// How many threads the runtime of each client has, whoever the contender is
    #[arg(long, value_name = "NAME", value_enum, default_value = "all")]
    pub(crate) threads: Threads,

    /// How often everything is measured, in an order of its own each time
    #[arg(long, value_name = "N")]
    pub(crate) rounds: Option<u32>,

    /// Draw docs/callers.svg and docs/plugins.svg instead, from PostgreSQL in free mode; needs to be
    /// built with `--features plots`
    #[arg(long, conflicts_with_all = ["workloads", "databases", "mode"])]
    pub(crate) plot: bool,

    /// What Cargo says to every bench
    #[arg(long, hide = true)]
    pub(crate) bench: bool,
}
