//! What ends a statement before its time, and says why.

use std::sync::{Arc, OnceLock};

use onepool_proto::{Code, Failure};
use tokio_util::sync::CancellationToken;

/// Ends a statement before its time. Clones end the same one.
///
/// Whoever runs the statement has it cancelled in the database; its [`Output`](super::Output)
/// hands over nothing more, so that a reader who is behind does not hold the statement up.
#[derive(Clone, Debug)]
pub(crate) struct Brake(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    pulled: CancellationToken,
    why: OnceLock<Failure>,
}

impl Brake {
    /// A brake that is also pulled when `over` is cancelled.
    pub(crate) fn under(over: &CancellationToken) -> Self {
        Self(Arc::new(Inner {
            pulled: over.child_token(),
            why: OnceLock::new(),
        }))
    }

    /// Pulls the brake. Of several reasons the first counts.
    pub(crate) fn pull(&self, why: Failure) {
        let _ = self.0.why.set(why);
        self.0.pulled.cancel();
    }

    /// Why it was pulled, if it was.
    pub(crate) fn reason(&self) -> Option<Failure> {
        let why = || self.0.why.get().cloned().unwrap_or_else(killed);
        self.0.pulled.is_cancelled().then(why)
    }

    /// Returns when it has been pulled.
    pub(crate) async fn pulled(&self) -> Failure {
        self.0.pulled.cancelled().await;
        self.reason().unwrap_or_else(killed)
    }
}

/// What whoever still waits is told of a statement that was ended without another reason.
pub(crate) fn killed() -> Failure {
    Failure::new(
        Code::CANCELLED_RUNNING,
        "the statement was cancelled while it was running in the database",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn the_first_reason_counts() {
        let over = CancellationToken::new();
        let brake = Brake::under(&over);
        assert_eq!(brake.reason(), None);
        brake.pull(Failure::new(Code::DEADLINE_EXCEEDED, "late"));
        brake.pull(Failure::new(Code::LEASE_REVOKED, "revoked"));
        over.cancel();
        assert_eq!(brake.pulled().await.code, Code::DEADLINE_EXCEEDED);
        let other = Brake::under(&over);
        assert_eq!(other.reason(), Some(killed()));
    }
}
