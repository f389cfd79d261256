//! What a plugin has done, and how long it took.

use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

use super::figures::Figures;

/// Counts and times what all tasks of a plugin do.
#[derive(Debug, Default)]
pub struct Meter {
    transactions: AtomicI64,
    violations: AtomicI64,
    retries: AtomicI64,
    /// How long each statement took, in microseconds.
    latencies_us: Mutex<Vec<i64>>,
}

impl Meter {
    /// Runs a statement and times it.
    pub async fn statement<F: Future>(&self, call: F) -> F::Output {
        let start = Instant::now();
        let answer = call.await;
        let took_us = i64::try_from(start.elapsed().as_micros()).unwrap_or(i64::MAX);
        let mut latencies_us = self
            .latencies_us
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        latencies_us.push(took_us);
        answer
    }

    /// A transaction was committed or rolled back.
    pub fn transaction(&self) {
        self.transactions.fetch_add(1, Ordering::Relaxed);
    }

    /// A constraint was violated, and the plugin knew what to do about it.
    pub fn violation(&self) {
        self.violations.fetch_add(1, Ordering::Relaxed);
    }

    /// A transaction lost against another one and is tried again.
    pub fn retry(&self) {
        self.retries.fetch_add(1, Ordering::Relaxed);
    }

    /// The figures so far. What is not measured here is left at zero.
    pub fn figures(&self) -> Figures {
        let latencies_us = self
            .latencies_us
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let mut sorted = latencies_us.clone();
        drop(latencies_us);
        sorted.sort_unstable();
        Figures {
            statements: i64::try_from(sorted.len()).unwrap_or(i64::MAX),
            transactions: self.transactions.load(Ordering::Relaxed),
            violations: self.violations.load(Ordering::Relaxed),
            retries: self.retries.load(Ordering::Relaxed),
            p50_us: percentile(&sorted, 50),
            p99_us: percentile(&sorted, 99),
            ..Figures::default()
        }
    }
}

/// The value that so many percent do not exceed.
fn percentile(sorted: &[i64], percent: usize) -> i64 {
    let rank = (sorted.len() * percent).div_ceil(100);
    sorted.get(rank.saturating_sub(1)).copied().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::percentile;

    #[test]
    fn a_percentile_is_a_value_that_occurred() {
        let hundred: Vec<i64> = (1..=100).collect();
        assert_eq!(percentile(&hundred, 50), 50);
        assert_eq!(percentile(&hundred, 99), 99);
        assert_eq!(percentile(&[7], 99), 7);
        assert_eq!(percentile(&[], 50), 0);
    }
}
