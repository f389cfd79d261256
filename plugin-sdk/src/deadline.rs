//! How long a call may take, all in all.

use std::time::{Duration, Instant};

use onepool_proto::{Code, Failure, limits};

/// How much longer than our own deadline a call waits, so that the host's typed answer arrives.
const GRACE: Duration = Duration::from_secs(5);

tokio::task_local! {
    static SCOPE: Instant;
}

/// Runs `future` with a deadline `limit` from now for every onepool call in it.
///
/// The deadline covers waiting for a backend, running the statement and fetching its rows. A call
/// that misses it fails with [`Code::DEADLINE_EXCEEDED`], and what it was doing in the database is
/// cancelled. Deadlines nest: the earliest one counts. They do not reach into tasks that `future`
/// spawns.
///
/// ```no_run
/// # async fn example(pool: onepool_sdk::OnepoolPool) -> Result<(), sqlx_core::Error> {
/// use std::time::Duration;
///
/// let report = sqlx_core::query::query("SELECT * FROM big_report");
/// let rows = onepool_sdk::with_deadline(Duration::from_secs(2), report.fetch_all(&pool)).await?;
/// # Ok(())
/// # }
/// ```
///
/// # Cancel safety
/// As cancel-safe as `future`.
pub async fn with_deadline<F: Future>(limit: Duration, future: F) -> F::Output {
    let inner = Instant::now() + limit.min(longest());
    let deadline = SCOPE.try_with(|outer| inner.min(*outer)).unwrap_or(inner);
    SCOPE.scope(deadline, future).await
}

/// When one call must be answered.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Deadline(Option<Instant>);

impl Deadline {
    /// The earlier of the scope's deadline and `limit` from now.
    pub(crate) fn begin(limit: Option<Duration>) -> Self {
        let own = limit.map(|limit| Instant::now() + limit.min(longest()));
        let scope = SCOPE.try_with(|deadline| *deadline).ok();
        Self(match (own, scope) {
            (Some(own), Some(scope)) => Some(own.min(scope)),
            (own, scope) => own.or(scope),
        })
    }

    /// No deadline at all.
    pub(crate) const NONE: Self = Self(None);

    /// The time that is left, as it is told to the host.
    pub(crate) fn remaining_ms(self) -> Result<Option<u64>, Failure> {
        let Some(at) = self.0 else { return Ok(None) };
        let left = at.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Err(Failure::new(
                Code::DEADLINE_EXCEEDED,
                "the deadline had passed before the call was sent to the host",
            ));
        }
        // Rounded up, so that what is left is never zero.
        let left_ms = left.as_micros().div_ceil(1000);
        Ok(Some(u64::try_from(left_ms).unwrap_or(limits::DEADLINE_MS)))
    }

    /// When the host is given up, if ever.
    #[cfg(unix)]
    pub(crate) fn for_host(self) -> Option<Instant> {
        self.0.map(|at| at + GRACE)
    }

    /// When tarpc gives up on the host.
    pub(crate) fn for_tarpc(self) -> Instant {
        self.0.unwrap_or_else(|| Instant::now() + longest()) + GRACE
    }
}

const fn longest() -> Duration {
    Duration::from_millis(limits::DEADLINE_MS)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn the_earliest_deadline_counts() {
        let minute = Duration::from_secs(60);
        let hour = Duration::from_secs(3600);
        assert_eq!(Deadline::begin(None).remaining_ms(), Ok(None));
        with_deadline(
            minute,
            with_deadline(hour, async {
                let left = Deadline::begin(Some(hour)).remaining_ms().unwrap().unwrap();
                assert!((59_000..=60_000).contains(&left), "{left}");
                let left = Deadline::begin(Some(minute / 2))
                    .remaining_ms()
                    .unwrap()
                    .unwrap();
                assert!((29_000..=30_000).contains(&left), "{left}");
            }),
        )
        .await;
    }

    #[tokio::test]
    async fn a_deadline_that_has_passed_fails_before_anything_is_sent() {
        with_deadline(Duration::ZERO, async {
            let failure = Deadline::begin(None).remaining_ms().unwrap_err();
            assert_eq!(failure.code, Code::DEADLINE_EXCEEDED);
        })
        .await;
    }

    #[test]
    fn tarpc_waits_longer_so_that_the_hosts_answer_arrives() {
        let limit = Duration::from_secs(60);
        let deadline = Deadline::begin(Some(limit));
        let left = deadline.for_tarpc() - Instant::now();
        assert!(left > limit && left <= limit + GRACE, "{left:?}");
    }

    #[test]
    fn no_deadline_is_far_too_long_for_a_clock() {
        let left = Deadline::begin(Some(Duration::MAX)).remaining_ms();
        assert_eq!(left, Ok(Some(limits::DEADLINE_MS)));
    }
}
