//! Timing.

use std::array;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use serde::{Deserialize, Serialize};

/// Buckets for each doubling: what is read from a histogram is off by a quarter at most.
const STEPS: u64 = 4;
/// Doublings of a microsecond: the last bucket is for what takes ten days or more.
const DOUBLINGS: u64 = 40;
const BUCKETS: usize = (STEPS * (DOUBLINGS - 1)) as usize;

/// How often something took how long. Adding to it takes no lock and allocates nothing.
///
/// Buckets are microseconds in steps that grow with what is measured: four for each doubling.
#[derive(Debug)]
pub(crate) struct Histogram {
    counts: [AtomicU64; BUCKETS],
    sum_nanos: AtomicU64,
}

impl Default for Histogram {
    fn default() -> Self {
        Self {
            counts: array::from_fn(|_| AtomicU64::new(0)),
            sum_nanos: AtomicU64::new(0),
        }
    }
}

impl Histogram {
    pub(crate) fn record(&self, took: Duration) {
        let micros = u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
        if let Some(count) = self.counts.get(bucket(micros)) {
            count.fetch_add(1, Ordering::Relaxed);
        }
        let nanos = u64::try_from(took.as_nanos()).unwrap_or(u64::MAX);
        self.sum_nanos.fetch_add(nanos, Ordering::Relaxed);
    }

    pub(crate) fn sum(&self) -> Duration {
        Duration::from_nanos(self.sum_nanos.load(Ordering::Relaxed))
    }

    pub(crate) fn read(&self) -> Distribution {
        let load = |count: &AtomicU64| count.load(Ordering::Relaxed);
        let mut counts: Vec<u64> = self.counts.iter().map(load).collect();
        let used = counts.iter().rposition(|count| *count > 0);
        counts.truncate(used.map_or(0, |last| last + 1));
        Distribution {
            counts,
            sum_nanos: load(&self.sum_nanos),
        }
    }
}

/// Which bucket this many microseconds belong to.
fn bucket(micros: u64) -> usize {
    if micros < STEPS {
        return usize::try_from(micros).unwrap_or(0);
    }
    let doubling = u64::from(micros.ilog2());
    let step = (micros >> (doubling - 2)) % STEPS;
    let index = STEPS * (doubling - 1) + step;
    usize::try_from(index).unwrap_or(BUCKETS).min(BUCKETS - 1)
}

/// How many microseconds are just too many for a bucket.
fn end(bucket: usize) -> u64 {
    let bucket = bucket as u64;
    if bucket < STEPS {
        return bucket + 1;
    }
    let (doubling, step) = (bucket / STEPS + 1, bucket % STEPS);
    (STEPS + step + 1) << (doubling - 2)
}

/// How often something took how long, as it was when it was read.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Distribution {
    /// Without those at the end that are zero.
    counts: Vec<u64>,
    sum_nanos: u64,
}

impl Distribution {
    /// How often.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.counts.iter().sum()
    }

    /// How long in all.
    #[must_use]
    pub fn sum(&self) -> Duration {
        Duration::from_nanos(self.sum_nanos)
    }

    /// How long at most in the shorter part, given as a fraction: 0.99 for the 99th percentile.
    /// It is too long by a quarter at most. `None` if nothing was measured.
    #[must_use]
    pub fn quantile(&self, fraction: f64) -> Option<Duration> {
        let count = self.count();
        if count == 0 {
            return None;
        }
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            clippy::cast_precision_loss,
            reason = "a rank that is off by one among 2^53 is no error"
        )]
        let rank = ((fraction.clamp(0.0, 1.0) * count as f64).ceil() as u64).max(1);
        let mut seen = 0;
        let at = self.counts.iter().position(|here| {
            seen += here;
            seen >= rank
        });
        at.map(|bucket| Duration::from_micros(end(bucket)))
    }

    /// Takes in what was measured elsewhere.
    pub(super) fn add(&mut self, other: &Self) {
        if self.counts.len() < other.counts.len() {
            self.counts.resize(other.counts.len(), 0);
        }
        for (count, more) in self.counts.iter_mut().zip(&other.counts) {
            *count += more;
        }
        self.sum_nanos += other.sum_nanos;
    }

    /// What came after `earlier` was read.
    #[must_use]
    pub fn since(&self, earlier: &Self) -> Self {
        let before = earlier.counts.iter().copied().chain(std::iter::repeat(0));
        let pairs = self.counts.iter().zip(before);
        Self {
            counts: pairs.map(|(now, then)| now.saturating_sub(then)).collect(),
            sum_nanos: self.sum_nanos.saturating_sub(earlier.sum_nanos),
        }
    }

    /// How often it took less than `below`, and at least what the bound before says; `bounds` are
    /// powers of two in microseconds, in order. What took longer is not among these.
    #[cfg(feature = "metrics")]
    pub(crate) fn between(&self, bounds: &[u64]) -> Vec<u64> {
        let mut counts = self.counts.iter().enumerate().peekable();
        let below = |bound: &u64| {
            let mut here = 0;
            while let Some((_, count)) = counts.next_if(|(bucket, _)| end(*bucket) <= *bound) {
                here += count;
            }
            here
        };
        bounds.iter().map(below).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn buckets_follow_each_other_without_a_gap() {
        assert_eq!(bucket(0), 0);
        for index in 1..BUCKETS {
            let first = end(index - 1);
            assert_eq!((bucket(first - 1), bucket(first)), (index - 1, index));
        }
        assert_eq!(bucket(u64::MAX), BUCKETS - 1);
    }

    #[test]
    fn quantiles_are_too_long_by_a_quarter_at_most() {
        let histogram = Histogram::default();
        assert_eq!(histogram.read().quantile(0.5), None);
        for millis in 1..=1000 {
            histogram.record(Duration::from_millis(millis));
        }
        let read = histogram.read();
        assert_eq!(read.count(), 1000);
        assert_eq!(read.sum(), Duration::from_millis(500_500));
        for (fraction, real) in [(0.5, 500.0), (0.99, 990.0), (1.0, 1000.0), (0.0, 1.0)] {
            let found = read.quantile(fraction).unwrap().as_secs_f64() * 1000.0;
            assert!((real..=real * 1.26).contains(&found), "{fraction}: {found}");
        }
    }

    #[test]
    fn what_came_since_is_told_from_what_was_before() {
        let histogram = Histogram::default();
        histogram.record(Duration::from_secs(1));
        let before = histogram.read();
        histogram.record(Duration::from_millis(1));
        let since = histogram.read().since(&before);
        assert_eq!(since.count(), 1);
        assert_eq!(since.sum(), Duration::from_millis(1));
        assert!(since.quantile(1.0).unwrap() < Duration::from_millis(2));
    }

    #[cfg(feature = "metrics")]
    #[test]
    fn the_bounds_of_an_exposition_are_those_of_buckets() {
        let histogram = Histogram::default();
        for micros in [0, 15, 16, 31, 32, 1_000_000] {
            histogram.record(Duration::from_micros(micros));
        }
        assert_eq!(histogram.read().between(&[16, 32, 64]), [2, 2, 1]);
    }
}
