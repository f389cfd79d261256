//! By when things must be over, and on whose account.

use std::time::{Duration, Instant};

use onepool_proto::{Code, Failure};

/// By when a statement must be over, and on whose account. It is never put off.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Deadline {
    pub(crate) at: Instant,
    pub(crate) of: Limit,
}

impl Deadline {
    /// Waits until it has passed, and says why what it was for ends; waits for ever without one.
    pub(super) async fn passed(deadline: Option<Self>) -> Failure {
        match deadline {
            Some(Self { at, of }) => {
                tokio::time::sleep_until(at.into()).await;
                of.failure()
            }
            None => std::future::pending().await,
        }
    }

    /// The one that comes first.
    pub(super) fn earlier(one: Option<Self>, other: Option<Self>) -> Option<Self> {
        let both = one.into_iter().chain(other);
        both.min_by_key(|deadline| deadline.at)
    }

    /// The deadline of what began at `since` and may take as long as `limit` says.
    pub(super) fn after(
        since: Option<Instant>,
        limit: Option<Duration>,
        of: fn(Duration) -> Limit,
    ) -> Option<Self> {
        let (since, limit) = (since?, limit?);
        let at = since.checked_add(limit)?;
        let of = of(limit);
        Some(Self { at, of })
    }
}

/// What limits the time of a statement or of a loan.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Limit {
    /// The caller.
    Call,
    /// The quota's statement timeout.
    Statement(Duration),
    /// The quota's transaction timeout.
    Transaction(Duration),
    /// The quota's timeout for transactions between statements.
    IdleInTransaction(Duration),
    /// The quota's timeout for pinned state that is not used.
    PinnedIdle(Duration),
}

impl Limit {
    /// What whoever exceeds it is told.
    pub(super) fn failure(self) -> Failure {
        let (code, message) = match self {
            Self::Call => (
                Code::DEADLINE_EXCEEDED,
                "the deadline passed while the call was in the database".to_owned(),
            ),
            Self::Statement(limit) => (
                Code::DEADLINE_EXCEEDED,
                format!(
                    "the statement took longer than the plugin's statement_timeout of {} ms and \
                     was cancelled; make it faster, or have the timeout raised",
                    limit.as_millis()
                ),
            ),
            Self::Transaction(limit) => (
                Code::LEASE_REVOKED,
                format!(
                    "the transaction took longer than the plugin's transaction_timeout of {} ms \
                     and was rolled back; do less in one transaction",
                    limit.as_millis()
                ),
            ),
            Self::IdleInTransaction(limit) => (
                Code::LEASE_REVOKED,
                format!(
                    "the transaction was idle for longer than the plugin's idle_in_transaction of \
                     {} ms and was rolled back; do nothing slow between its statements",
                    limit.as_millis()
                ),
            ),
            Self::PinnedIdle(limit) => (
                Code::LEASE_REVOKED,
                format!(
                    "the session state of this connection was not used for the plugin's \
                     pinned_idle_timeout of {} ms and is gone",
                    limit.as_millis()
                ),
            ),
        };
        Failure::new(code, message)
    }
}
