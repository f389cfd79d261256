//! What the run was like: the table at the end, and the last line.

use std::fmt;
use std::time::Duration;

use comfy_table::{CellAlignment, Table, presets};
use onepool_host::PoolStats;

use crate::cast::Member;
use crate::plugins::Figures;

const HEADER: [&str; 7] = [
    "plugin",
    "statements",
    "transactions",
    "p50",
    "p99",
    "longest wait",
    "leases",
];

/// What the run was like.
#[derive(Debug)]
pub struct Report {
    /// The plugins, and what they say they did.
    pub members: Vec<(Member, Figures)>,
    /// The pool at the end.
    pub pool: PoolStats,
}

impl fmt::Display for Report {
    /// Ends with the line that compares the peak with what separate pools would have opened.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sum = |of: fn(&Figures) -> i64| -> i64 {
            self.members.iter().map(|(_, figures)| of(figures)).sum()
        };
        writeln!(f, "{}", self.table())?;
        writeln!(
            f,
            "acknowledged rows: {}; constraint violations handled: {}; transactions tried again: {}",
            sum(|figures| figures.rows),
            sum(|figures| figures.violations),
            sum(|figures| figures.retries),
        )?;
        writeln!(
            f,
            "peak database connections: {} of {} (separate pools would have opened {})",
            self.pool.peak,
            self.pool.max_connections,
            sum(|figures| figures.connections),
        )
    }
}

impl Report {
    fn table(&self) -> Table {
        let mut table = Table::new();
        table.load_preset(presets::ASCII_BORDERS_ONLY_CONDENSED);
        table.set_header(HEADER);
        for column in table.column_iter_mut().skip(1) {
            column.set_cell_alignment(CellAlignment::Right);
        }
        for (member, figures) in &self.members {
            let stats = self
                .pool
                .plugins
                .iter()
                .find(|(name, _)| *name == member.name);
            let stats = stats.map(|(_, stats)| *stats).unwrap_or_default();
            table.add_row([
                member.name.clone(),
                figures.statements.to_string(),
                figures.transactions.to_string(),
                millis(micros(figures.p50_us)),
                millis(micros(figures.p99_us)),
                millis(stats.longest_wait),
                stats.leases.to_string(),
            ]);
        }
        table
    }
}

fn micros(micros: i64) -> Duration {
    Duration::from_micros(micros.try_into().unwrap_or(0))
}

fn millis(time: Duration) -> String {
    format!("{:.1} ms", time.as_secs_f64() * 1_000.0)
}
