//! Trying a transaction again that lost against another one.

use onepool_sdk::{Code, OnepoolError};

use super::meter::Meter;

/// A transaction that fails so often has another reason.
const ATTEMPTS: usize = 20;

/// Runs a transaction until it does not fail because of another one.
pub async fn until_it_wins<T, Attempt>(
    meter: &Meter,
    transaction: impl Fn() -> Attempt,
) -> sqlx::Result<T>
where
    Attempt: Future<Output = sqlx::Result<T>>,
{
    let mut attempts = 1;
    loop {
        let answer = transaction().await;
        meter.transaction();
        match answer {
            Err(error) if attempts < ATTEMPTS && lost(&error) => meter.retry(),
            answer => return answer,
        }
        attempts += 1;
    }
}

/// Whether the database or the host ended the transaction in favour of another one.
fn lost(error: &sqlx::Error) -> bool {
    if let Some(error) = OnepoolError::of(error) {
        return error.code() == Code::DEADLOCK;
    }
    let code = error.as_database_error().and_then(|error| error.code());
    // Serialization failure and deadlock: 40001 everywhere but for PostgreSQL's deadlock.
    matches!(code.as_deref(), Some("40001" | "40P01"))
}
