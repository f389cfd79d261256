//! What plugins do in a second, from what they have done so far.

use std::collections::{BTreeMap, VecDeque};
use std::time::{Duration, Instant};

use serde::Serialize;

use super::{Distribution, PluginActivity};

/// How far back a pace looks: long enough to be read, and short enough to be now.
const WINDOW: Duration = Duration::from_secs(10);

type Activities = BTreeMap<String, PluginActivity>;

/// Tells what plugins do in a second, from what they have done so far, given now and then.
#[derive(Debug, Default)]
pub struct Pace {
    /// What was given within the window, and the last before it.
    given: VecDeque<(Instant, Activities)>,
}

/// What one plugin did within the last ten seconds.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[non_exhaustive]
pub struct PluginPace {
    /// Calls, in a second.
    pub calls: f64,
    /// Rows, in a second.
    pub rows: f64,
    /// Calls that failed, in all of the ten seconds.
    pub errors: u64,
    /// How long its calls waited for a backend.
    pub wait: Percentiles,
    /// How long its statements ran.
    pub execution: Percentiles,
}

/// How long something took, in milliseconds; `None` if there was nothing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Percentiles {
    /// The half of it took no longer.
    pub p50: Option<f64>,
    /// 99 in 100 took no longer.
    pub p99: Option<f64>,
}

impl From<Distribution> for Percentiles {
    fn from(measured: Distribution) -> Self {
        let at = |fraction| {
            let found = measured.quantile(fraction);
            found.map(|took| took.as_secs_f64() * 1000.0)
        };
        Self {
            p50: at(0.5),
            p99: at(0.99),
        }
    }
}

impl Pace {
    /// What each plugin does, by name, as of now. The first time nothing can be told of.
    pub fn next(
        &mut self,
        now: Instant,
        activity: Vec<(String, PluginActivity)>,
    ) -> BTreeMap<String, PluginPace> {
        let is_old = |(at, _): &(Instant, Activities)| now.saturating_duration_since(*at) >= WINDOW;
        while self.given.get(1).is_some_and(is_old) {
            self.given.pop_front();
        }
        let activity: Activities = activity.into_iter().collect();
        let (since, before) = match self.given.front() {
            Some((at, before)) => (*at, before),
            None => (now, &activity),
        };
        let seconds = now.saturating_duration_since(since).as_secs_f64();
        let none = PluginActivity::default();
        let pace = |(name, done): (&String, &PluginActivity)| {
            let before = before.get(name).unwrap_or(&none);
            (name.clone(), between(before, done, seconds))
        };
        let paces = activity.iter().map(pace).collect();
        self.given.push_back((now, activity));
        paces
    }
}

fn between(before: &PluginActivity, now: &PluginActivity, seconds: f64) -> PluginPace {
    #[expect(clippy::cast_precision_loss, reason = "as good as people can read it")]
    let rate = |before: u64, now: u64| {
        let more = now.saturating_sub(before) as f64;
        if seconds > 0.0 { more / seconds } else { 0.0 }
    };
    PluginPace {
        calls: rate(before.calls_in_all(), now.calls_in_all()),
        rows: rate(before.rows, now.rows),
        errors: now.errors_in_all().saturating_sub(before.errors_in_all()),
        wait: now.waits.since(&before.waits).into(),
        execution: now.executions.since(&before.executions).into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::telemetry::{CallKind, PluginTally};

    #[test]
    fn a_pace_is_that_of_the_last_ten_seconds() {
        let (tally, mut pace) = (PluginTally::default(), Pace::default());
        let start = Instant::now();
        let mut at = |second: u64, tally: &PluginTally| {
            let activity = vec![("p".to_owned(), tally.read())];
            pace.next(start + Duration::from_secs(second), activity)["p"].clone()
        };
        tally.ran(String::new, Duration::from_secs(100), start);
        assert_eq!(at(0, &tally), PluginPace::default());
        for second in 1..=30 {
            for _ in 0..second {
                tally.called(CallKind::Execute);
            }
            tally.ran(String::new, Duration::from_millis(second), start);
            at(second, &tally);
        }
        let last = at(31, &tally);
        // The calls of the seconds 22 to 30, within ten seconds.
        assert!((last.calls - 23.4).abs() < 0.01, "{last:?}");
        let longest = last.execution.p99.unwrap();
        assert!((30.0..40.0).contains(&longest), "{last:?}");
        let median = last.execution.p50.unwrap();
        assert!((26.0..34.0).contains(&median), "{last:?}");
        assert_eq!(last.wait, Percentiles::default());
    }
}
