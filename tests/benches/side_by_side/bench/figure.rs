//! What was measured.

use serde::{Deserialize, Serialize};

use crate::bench::contender::Contender;
use crate::bench::order::{Dialect, Sample};
use crate::bench::plan::Mode;
use crate::bench::workload::Workload;

/// A contender at a case, in all rounds.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Figure {
    pub(crate) mode: Mode,
    pub(crate) database: Dialect,
    pub(crate) workload: Workload,
    pub(crate) case: String,
    pub(crate) contender: Contender,
    /// One for each round, in their order.
    pub(crate) rounds: Vec<Measure>,
    /// Why there are no more.
    pub(crate) error: Option<String>,
}

/// A contender at a case, once. Times are in microseconds, CPU time is for each call.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(crate) struct Measure {
    pub(crate) calls: u64,
    pub(crate) calls_per_s: f64,
    pub(crate) p50_us: f64,
    pub(crate) p99_us: f64,
    pub(crate) client_cpu_us: f64,
    /// The host's, or PgBouncer's.
    pub(crate) broker_cpu_us: Option<f64>,
    pub(crate) database_cpu_us: Option<f64>,
    /// How many connections the database's server has seen from this contender at the end.
    pub(crate) database_connections: Option<u32>,
    /// The most memory that a client has had.
    pub(crate) client_peak_kib: Option<u64>,
    pub(crate) broker_peak_kib: Option<u64>,
    /// What the host's own memory has grown by at most.
    pub(crate) grown_kib: Option<f64>,
    /// What the host keeps for a plugin process with one connection.
    pub(crate) plugin_kib: Option<f64>,
    /// What the host keeps for each further connection.
    pub(crate) connection_kib: Option<f64>,
}

impl Measure {
    /// Puts together what the clients have measured at the same time.
    pub(crate) fn of(samples: &[Sample]) -> Self {
        let mut nanos: Vec<u64> = samples.iter().flat_map(|one| one.nanos.clone()).collect();
        nanos.sort_unstable();
        let rate = |one: &Sample| one.nanos.len() as f64 * 1e9 / one.elapsed_nanos.max(1) as f64;
        let cpu: u64 = samples.iter().map(|one| one.cpu_nanos).sum();
        let calls = nanos.len().max(1) as u64;
        Self {
            calls,
            calls_per_s: samples.iter().map(rate).sum(),
            p50_us: quantile(&nanos, 0.5),
            p99_us: quantile(&nanos, 0.99),
            client_cpu_us: cpu as f64 / 1000.0 / calls as f64,
            ..Self::default()
        }
    }
}

/// Of sorted nanoseconds, in microseconds.
fn quantile(sorted: &[u64], part: f64) -> f64 {
    let place = (sorted.len().saturating_sub(1) as f64 * part).round() as usize;
    sorted
        .get(place)
        .map_or(0.0, |nanos| *nanos as f64 / 1000.0)
}

/// The middle one; of two, their mean. `None` if there is none.
pub(crate) fn median(values: impl IntoIterator<Item = f64>) -> Option<f64> {
    let mut values: Vec<f64> = values.into_iter().collect();
    values.sort_by(f64::total_cmp);
    let upper = *values.get(values.len() / 2)?;
    let lower = *values.get((values.len() - 1) / 2)?;
    Some((lower + upper) / 2.0)
}

/// All figures of a run, to be asked for.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Figures<'a>(pub(crate) &'a [Figure]);

/// Which figure.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Key<'a> {
    pub(crate) mode: Mode,
    pub(crate) database: Dialect,
    pub(crate) workload: Workload,
    pub(crate) case: &'a str,
    pub(crate) contender: Contender,
}

impl<'a> Figures<'a> {
    /// What was measured in each round; empty if nothing was, or not in all of them.
    pub(crate) fn rounds(self, key: Key<'_>) -> &'a [Measure] {
        let is_it = |figure: &&Figure| {
            figure.mode == key.mode
                && figure.database == key.database
                && figure.workload == key.workload
                && figure.case == key.case
                && figure.contender == key.contender
        };
        match self.0.iter().find(is_it) {
            Some(figure) if figure.error.is_none() => &figure.rounds,
            _ => &[],
        }
    }

    /// The median over the rounds of what is computed from the measures of each.
    pub(crate) fn median_of<const N: usize>(
        self,
        keys: [Key<'_>; N],
        compute: impl Fn([&Measure; N]) -> f64,
    ) -> Option<f64> {
        let all = keys.map(|key| self.rounds(key));
        let rounds = all.iter().map(|rounds| rounds.len()).min()?;
        let one = |round: usize| {
            let measures: Vec<&Measure> = all.iter().flat_map(|all| all.get(round)).collect();
            measures.try_into().ok().map(&compute)
        };
        median((0..rounds).filter_map(one))
    }
}
