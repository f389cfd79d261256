//! What holds a conversation with a database within bounds.
//!
//! A link may fall silent, or bring what makes a driver wait for bytes that never come, or panic.
//! Whatever it is, whoever asked learns that the backend is broken.

use std::panic::AssertUnwindSafe;
use std::time::Duration;

use futures_util::FutureExt;
use onepool_proto::{Code, DatabaseKind, Failure};
use tokio::time::timeout;

/// How long a server may take over a question or a small command of the host's own.
pub(super) const ANSWER_TIMEOUT: Duration = Duration::from_secs(10);

/// How long a connection may take to come about, and how long the database's URL may take to be had.
pub(super) const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// How long a backend may take over being closed in order. Then its link is just dropped.
pub(super) const CLOSE_TIMEOUT: Duration = Duration::from_secs(2);

/// What comes of `talk`, a panic of the driver being a failure that breaks the backend.
pub(super) async fn contained<T>(
    talk: impl Future<Output = Result<T, Failure>>,
) -> Result<T, Failure> {
    match AssertUnwindSafe(talk).catch_unwind().await {
        Ok(outcome) => outcome,
        Err(_) => {
            let what = "the driver panicked at what the database sent";
            tracing::error!("{what}; the backend is closed, and others go on");
            Err(Failure::new(Code::DATABASE_PROTOCOL, what))
        }
    }
}

/// What comes of `talk`, which a server must answer soon. SQLite has no link that could fail.
///
/// After a failure of this the future of `talk` is gone, and so must be its backend.
pub(super) async fn answered<T>(
    kind: DatabaseKind,
    talk: impl Future<Output = Result<T, Failure>>,
) -> Result<T, Failure> {
    if kind == DatabaseKind::Sqlite {
        return contained(talk).await;
    }
    match timeout(ANSWER_TIMEOUT, contained(talk)).await {
        Ok(outcome) => outcome,
        Err(_) => {
            let seconds = ANSWER_TIMEOUT.as_secs();
            let what = format!("the database did not answer within {seconds} s");
            Err(Failure::new(Code::DATABASE_IO, what))
        }
    }
}

/// What comes of an attempt to connect, which must come about soon.
pub(super) async fn connected<T>(
    attempt: impl Future<Output = Result<T, Failure>>,
) -> Result<T, Failure> {
    let down = |what: String| Err(Failure::new(Code::DATABASE_DOWN, what));
    match timeout(CONNECT_TIMEOUT, contained(attempt)).await {
        Ok(Err(failure)) if failure.code == Code::DATABASE_PROTOCOL => down(failure.message),
        Ok(outcome) => outcome,
        Err(_) => {
            let seconds = CONNECT_TIMEOUT.as_secs();
            down(format!("no connection came about within {seconds} s"))
        }
    }
}

/// Waits for a backend to be closed in order, but not for long.
pub(super) async fn closed(closing: impl Future<Output = ()>) {
    // There is nobody left to tell, and what has panicked may do so again.
    let _ = timeout(CLOSE_TIMEOUT, AssertUnwindSafe(closing).catch_unwind()).await;
}

#[cfg(test)]
mod tests {
    use std::future::pending;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn what_a_server_never_answers_breaks_its_backend() {
        let silent = answered::<()>(DatabaseKind::MySql, pending()).await;
        let failure = silent.unwrap_err();
        assert_eq!(failure.code, Code::DATABASE_IO);
        assert!(crate::db::is_broken(&failure));
        let silent = connected::<()>(pending()).await;
        assert_eq!(silent.unwrap_err().code, Code::DATABASE_DOWN);
        closed(pending()).await;
    }

    #[tokio::test]
    async fn a_panic_of_a_driver_breaks_its_backend() {
        let panics = async || -> Result<(), Failure> { panic!("a driver that panics") };
        let failure = contained(panics()).await.unwrap_err();
        assert!(crate::db::is_broken(&failure));
        let failure = connected(panics()).await.unwrap_err();
        assert_eq!(failure.code, Code::DATABASE_DOWN);
        closed(async { panic!("a driver that panics") }).await;
    }
}
