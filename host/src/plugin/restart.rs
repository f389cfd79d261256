//! When a plugin that has ended is started again, and when no more.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

/// When a plugin that has ended by itself is started again.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Restart {
    /// It is not. A host whose plugin cannot even be launched does not start.
    #[default]
    Never,
    /// If it failed: it could not be started, did not connect in time, or ended with anything but
    /// success.
    OnFailure,
    /// However it ended.
    Always,
}

/// How soon a plugin is started again, and how often it may fail before it is not.
///
/// The delay begins with `first_delay`, doubles with each failure within `window`, and never
/// exceeds `longest_delay`. Up to half of it is taken off at random, so that plugins that failed
/// together do not come back together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RestartLimits {
    /// The delay after the first failure. Default: 1 second.
    pub first_delay: Duration,
    /// The longest delay. Default: 1 minute.
    pub longest_delay: Duration,
    /// With this many failures within `window` the host gives up. Default: 5.
    pub failures: u32,
    /// For how long a failure counts. Default: 5 minutes.
    pub window: Duration,
}

impl Default for RestartLimits {
    fn default() -> Self {
        Self {
            first_delay: Duration::from_secs(1),
            longest_delay: Duration::from_secs(60),
            failures: 5,
            window: Duration::from_secs(300),
        }
    }
}

/// What to do after a failure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// Start it again after this long.
    Retry(Duration),
    /// Leave it.
    GiveUp,
}

/// The failures of one plugin that still count.
#[derive(Debug)]
pub(super) struct Failures {
    limits: RestartLimits,
    /// Oldest first.
    times: VecDeque<Instant>,
}

impl Failures {
    pub(super) fn new(limits: RestartLimits) -> Self {
        Self {
            limits,
            times: VecDeque::new(),
        }
    }

    /// Counts a failure `now`. `luck`, from 0 to 1, says how much of the delay is taken off.
    pub(super) fn count(&mut self, now: Instant, luck: f64) -> Verdict {
        let counts = |at: &Instant| now.saturating_duration_since(*at) < self.limits.window;
        self.times.retain(counts);
        self.times.push_back(now);
        let failures = u32::try_from(self.times.len()).unwrap_or(u32::MAX);
        if failures >= self.limits.failures {
            return Verdict::GiveUp;
        }
        let factor = 2_u32.saturating_pow(failures - 1);
        let delay = self.limits.first_delay.saturating_mul(factor);
        Verdict::Retry(shortened(delay.min(self.limits.longest_delay), luck))
    }

    /// The delay after an end that was no failure.
    pub(super) fn first_delay(&self, luck: f64) -> Duration {
        shortened(self.limits.first_delay, luck)
    }

    /// Begins anew: somebody has seen to it.
    pub(super) fn forget(&mut self) {
        self.times.clear();
    }
}

fn shortened(delay: Duration, luck: f64) -> Duration {
    delay.mul_f64(1.0 - luck.clamp(0.0, 1.0) / 2.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    fn failures(most: u32) -> Failures {
        Failures::new(RestartLimits {
            failures: most,
            longest_delay: 5 * SECOND,
            ..RestartLimits::default()
        })
    }

    #[test]
    fn the_delay_doubles_up_to_the_longest() {
        let (mut failures, now) = (failures(100), Instant::now());
        for seconds in [1, 2, 4, 5, 5] {
            assert_eq!(failures.count(now, 0.0), Verdict::Retry(seconds * SECOND));
        }
        for _ in 0..90 {
            assert_eq!(failures.count(now, 0.0), Verdict::Retry(5 * SECOND));
        }
        failures.forget();
        assert_eq!(failures.count(now, 1.0), Verdict::Retry(SECOND / 2));
    }

    #[test]
    fn too_many_failures_in_the_window_are_the_end() {
        let (mut failures, now) = (failures(3), Instant::now());
        let window = RestartLimits::default().window;
        assert_ne!(failures.count(now, 0.0), Verdict::GiveUp);
        assert_ne!(failures.count(now + SECOND, 0.0), Verdict::GiveUp);
        // The first no longer counts.
        assert_eq!(
            failures.count(now + window, 0.0),
            Verdict::Retry(2 * SECOND)
        );
        assert_eq!(failures.count(now + window, 0.0), Verdict::GiveUp);
    }

    #[test]
    fn a_single_failure_may_be_one_too_many() {
        assert_eq!(failures(1).count(Instant::now(), 0.0), Verdict::GiveUp);
        assert_eq!(failures(0).count(Instant::now(), 0.0), Verdict::GiveUp);
    }
}
