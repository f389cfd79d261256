//! What one plugin does.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use onepool_proto::{Code, Failure};
use parking_lot::Mutex;
use serde::{Deserialize, Serialize};

use super::slowest::slowest_of;
use super::{Counter, Distribution, Histogram, SlowStatement, Slowest};

/// What a plugin can ask for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum CallKind {
    /// To run a statement.
    Execute,
    /// More rows of a statement.
    Fetch,
    /// To run a statement with many sets of arguments.
    Batch,
    /// To prepare a statement.
    Prepare,
    /// To open a transaction at once.
    Begin,
    /// To end a transaction.
    Finish,
    /// A sign of life of the database.
    Ping,
    /// The lock between its migrators.
    MigrationLock,
    /// Only what would have ridden on another call.
    Flush,
}

impl CallKind {
    /// Each of them, in order.
    pub const ALL: [Self; 9] = [
        Self::Execute,
        Self::Fetch,
        Self::Batch,
        Self::Prepare,
        Self::Begin,
        Self::Finish,
        Self::Ping,
        Self::MigrationLock,
        Self::Flush,
    ];

    /// Its name.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Execute => "execute",
            Self::Fetch => "fetch",
            Self::Batch => "batch",
            Self::Prepare => "prepare",
            Self::Begin => "begin",
            Self::Finish => "finish",
            Self::Ping => "ping",
            Self::MigrationLock => "migration_lock",
            Self::Flush => "flush",
        }
    }
}

/// What one plugin does and did, of all its sessions together.
#[derive(Debug, Default)]
pub(crate) struct PluginTally {
    calls: [Counter; CallKind::ALL.len()],
    errors: Mutex<BTreeMap<u16, u64>>,
    pub(crate) rows: Counter,
    pub(crate) bytes: Counter,
    leases: Counter,
    refused: Counter,
    longest_wait_nanos: AtomicU64,
    waits: Histogram,
    executions: Histogram,
    slowest: Slowest,
    pub(crate) transactions: Histogram,
    pub(crate) holds: Histogram,
}

impl PluginTally {
    pub(crate) fn called(&self, kind: CallKind) {
        if let Some(calls) = self.calls.get(kind as usize) {
            calls.add_one();
        }
    }

    pub(crate) fn failed(&self, failure: &Failure) {
        *self.errors.lock().entry(failure.code.number()).or_default() += 1;
    }

    /// A call was given a backend, or none, after it had waited for this long.
    pub(crate) fn waited(&self, waited: Duration, served: bool) {
        let outcome = if served { &self.leases } else { &self.refused };
        outcome.add_one();
        self.waits.record(waited);
        if !waited.is_zero() {
            let nanos = u64::try_from(waited.as_nanos()).unwrap_or(u64::MAX);
            self.longest_wait_nanos.fetch_max(nanos, Ordering::Relaxed);
        }
    }

    /// A statement ran for this long, until now; `text` is what is shown of it.
    pub(crate) fn ran(&self, text: impl FnOnce() -> String, took: Duration, now: Instant) {
        self.executions.record(took);
        self.slowest.consider(text, took, now);
    }

    pub(crate) fn leases(&self) -> u64 {
        self.leases.get()
    }

    pub(crate) fn refused(&self) -> u64 {
        self.refused.get()
    }

    pub(crate) fn waited_in_all(&self) -> Duration {
        self.waits.sum()
    }

    pub(crate) fn longest_wait(&self) -> Duration {
        Duration::from_nanos(self.longest_wait_nanos.load(Ordering::Relaxed))
    }

    pub(crate) fn read(&self) -> PluginActivity {
        let calls = CallKind::ALL.into_iter().zip(&self.calls);
        let errors = self.errors.lock().clone();
        PluginActivity {
            calls: calls.map(|(kind, count)| (kind, count.get())).collect(),
            errors: errors
                .into_iter()
                .map(|(number, count)| (name(number), count))
                .collect(),
            rows: self.rows.get(),
            bytes: self.bytes.get(),
            leases: self.leases(),
            refused: self.refused(),
            waits: self.waits.read(),
            executions: self.executions.read(),
            transactions: self.transactions.read(),
            holds: self.holds.read(),
            slowest: self.slowest.read(Instant::now()),
        }
    }
}

fn name(number: u16) -> String {
    Code::from_number(number).to_string()
}

/// What one plugin has done since the host started, of all its sessions together.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct PluginActivity {
    /// The calls it has made.
    pub calls: Vec<(CallKind, u64)>,
    /// The calls that failed, by the name of their code.
    pub errors: Vec<(String, u64)>,
    /// Rows that its statements have yielded.
    pub rows: u64,
    /// Bytes of these rows.
    pub bytes: u64,
    /// Leases it was given.
    pub leases: u64,
    /// Times that it asked for one and was given none.
    pub refused: u64,
    /// How long its calls waited for a backend, also in vain.
    pub waits: Distribution,
    /// How long its statements ran, from when they were handed to the database until the last of
    /// their rows was handed over.
    pub executions: Distribution,
    /// How long its transactions were open in the database.
    pub transactions: Distribution,
    /// How long its leases lasted.
    pub holds: Distribution,
    /// The slowest of its statements within ten minutes, the slowest first.
    pub slowest: Vec<SlowStatement>,
}

impl PluginActivity {
    /// Takes in what the plugin has done in another database.
    pub(crate) fn add(&mut self, other: Self) {
        add_counts(&mut self.calls, other.calls);
        add_counts(&mut self.errors, other.errors);
        self.rows += other.rows;
        self.bytes += other.bytes;
        self.leases += other.leases;
        self.refused += other.refused;
        self.waits.add(&other.waits);
        self.executions.add(&other.executions);
        self.transactions.add(&other.transactions);
        self.holds.add(&other.holds);
        let both = std::mem::take(&mut self.slowest).into_iter();
        self.slowest = slowest_of(both.chain(other.slowest).collect());
    }

    /// The calls it has made, of all kinds.
    #[must_use]
    pub fn calls_in_all(&self) -> u64 {
        self.calls.iter().map(|(_, count)| count).sum()
    }

    /// The calls that failed, with whatever code.
    #[must_use]
    pub fn errors_in_all(&self) -> u64 {
        self.errors.iter().map(|(_, count)| count).sum()
    }
}

/// Adds to each count what another list has under its name.
fn add_counts<K: PartialEq>(counts: &mut Vec<(K, u64)>, others: Vec<(K, u64)>) {
    for (name, more) in others {
        match counts.iter_mut().find(|(known, _)| *known == name) {
            Some((_, count)) => *count += more,
            None => counts.push((name, more)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_done_in_two_databases_adds_up() {
        let (one, other) = (PluginTally::default(), PluginTally::default());
        let now = Instant::now();
        for (tally, text, millis) in [(&one, "SELECT 1", 5), (&other, "SELECT 1", 7)] {
            tally.called(CallKind::Execute);
            tally.failed(&Failure::new(Code::DATABASE_IO, ""));
            tally.ran(|| text.to_owned(), Duration::from_millis(millis), now);
            tally.waited(Duration::from_millis(millis), true);
        }
        other.failed(&Failure::new(Code::QUEUE_FULL, ""));
        other.ran(|| "SELECT 2".to_owned(), Duration::from_millis(6), now);
        let mut both = PluginActivity::default();
        both.add(one.read());
        both.add(other.read());
        assert_eq!((both.calls_in_all(), both.errors_in_all()), (2, 3));
        assert_eq!(both.errors.len(), 2);
        assert_eq!((both.leases, both.executions.count()), (2, 3));
        assert_eq!(both.waits.sum(), Duration::from_millis(12));
        let slowest = both.slowest.iter().map(|slow| (&*slow.text, slow.times));
        assert_eq!(
            slowest.collect::<Vec<_>>(),
            [("SELECT 1", 2), ("SELECT 2", 1)]
        );
    }
}
