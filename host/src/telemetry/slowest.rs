//! The slowest statements of late.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use parking_lot::Mutex;
use serde::{Deserialize, Serialize};

/// How many are kept.
const KEPT: usize = 10;
/// For how long one is kept.
const REMEMBERED: Duration = Duration::from_secs(600);
/// What takes less is not slow.
const LEAST: Duration = Duration::from_millis(1);

/// The slowest statements of one plugin of late. One that is not among them costs a comparison.
#[derive(Debug)]
pub(crate) struct Slowest {
    /// What a statement must take to be among them, in nanoseconds.
    floor: AtomicU64,
    kept: Mutex<Vec<Slow>>,
}

#[derive(Clone, Debug)]
struct Slow {
    text: String,
    took: Duration,
    at: Instant,
    times: u64,
}

/// A statement that took long.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct SlowStatement {
    /// The beginning of its text, without arguments.
    pub text: String,
    /// The database, where the host has several.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub database: Option<String>,
    /// The longest that it took, in milliseconds.
    pub took_ms: u64,
    /// How long ago that was, in milliseconds.
    pub ago_ms: u64,
    /// How often it was among the slowest.
    pub times: u64,
}

impl Default for Slowest {
    fn default() -> Self {
        Self {
            floor: AtomicU64::new(nanos(LEAST)),
            kept: Mutex::default(),
        }
    }
}

impl Slowest {
    /// A statement has run.
    pub(crate) fn consider(&self, text: impl FnOnce() -> String, took: Duration, now: Instant) {
        if nanos(took) < self.floor.load(Ordering::Relaxed) {
            return;
        }
        let text = text();
        let mut kept = self.kept.lock();
        match kept.iter_mut().find(|slow| slow.text == text) {
            Some(known) => {
                known.times += 1;
                if took >= known.took {
                    (known.took, known.at) = (took, now);
                }
            }
            None => kept.push(Slow {
                text,
                took,
                at: now,
                times: 1,
            }),
        }
        self.tidy(&mut kept, now);
    }

    /// The slowest first.
    pub(crate) fn read(&self, now: Instant) -> Vec<SlowStatement> {
        let mut kept = self.kept.lock();
        self.tidy(&mut kept, now);
        let slow = |slow: &Slow| SlowStatement {
            text: slow.text.clone(),
            database: None,
            took_ms: millis(slow.took),
            ago_ms: millis(now.saturating_duration_since(slow.at)),
            times: slow.times,
        };
        kept.iter().map(slow).collect()
    }

    fn tidy(&self, kept: &mut Vec<Slow>, now: Instant) {
        kept.retain(|slow| now.saturating_duration_since(slow.at) < REMEMBERED);
        kept.sort_by_key(|slow| std::cmp::Reverse(slow.took));
        kept.truncate(KEPT);
        let fastest = kept.last().filter(|_| kept.len() == KEPT);
        let floor = fastest.map_or(LEAST, |slow| slow.took);
        self.floor.store(nanos(floor), Ordering::Relaxed);
    }
}

/// The slowest of both, each text of a database once.
pub(super) fn slowest_of(all: Vec<SlowStatement>) -> Vec<SlowStatement> {
    let mut slowest: Vec<SlowStatement> = Vec::new();
    for slow in all {
        let same = |known: &&mut SlowStatement| {
            (&known.database, &known.text) == (&slow.database, &slow.text)
        };
        match slowest.iter_mut().find(same) {
            Some(known) => {
                let times = known.times + slow.times;
                if slow.took_ms > known.took_ms {
                    *known = slow;
                }
                known.times = times;
            }
            None => slowest.push(slow),
        }
    }
    slowest.sort_by_key(|slow| std::cmp::Reverse(slow.took_ms));
    slowest.truncate(KEPT);
    slowest
}

fn nanos(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_slowest_are_kept_once_each_and_forgotten_in_time() {
        let (slowest, start) = (Slowest::default(), Instant::now());
        let ran = |text: &str, millis| {
            slowest.consider(|| text.to_owned(), Duration::from_millis(millis), start);
        };
        slowest.consider(|| unreachable!(), Duration::from_micros(999), start);
        for millis in 1..=20 {
            ran(&format!("SELECT {millis}"), millis);
        }
        ran("SELECT 15", 3);
        ran("SELECT 15", 30);
        let read = slowest.read(start + Duration::from_secs(1));
        let texts: Vec<_> = read.iter().map(|slow| &*slow.text).collect();
        assert_eq!(texts.len(), KEPT);
        assert_eq!(texts[..2], ["SELECT 15", "SELECT 20"]);
        assert_eq!(
            (read[0].took_ms, read[0].ago_ms, read[0].times),
            (30, 1000, 2)
        );
        assert_eq!(texts[9], "SELECT 11");
        assert_eq!(slowest.read(start + REMEMBERED), []);
        ran("SELECT 1", 1);
        assert_eq!(slowest.read(start).len(), 1, "the floor is low again");
    }
}
