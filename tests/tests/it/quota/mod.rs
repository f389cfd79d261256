//! What a plugin may have and for how long, and what the pool does when that is not enough.

mod cap;
mod deadlock;
mod isolation;
mod outage;
mod results;
mod timeouts;
mod turns;

use std::time::{Duration, Instant};

use onepool_host::{Code, Host, HostBuilder, Quota};
use onepool_sdk::{OnepoolConnectOptions, OnepoolError, OnepoolPool, OnepoolPoolOptions};

/// Longer than anything here takes, so that a test that hangs ends.
const PATIENCE: Duration = Duration::from_secs(60);

/// Nothing that a loan does takes too long.
const UNLIMITED: Quota = Quota {
    max: None,
    min: 0,
    weight: 1,
    queue_length: 10_000,
    queue_timeout: PATIENCE,
    statement_timeout: None,
    transaction_timeout: None,
    idle_in_transaction: None,
    pinned_idle_timeout: None,
    rows_per_result: None,
    bytes_per_result: None,
};

fn host(url: &str, cap: u32) -> HostBuilder {
    Host::builder().database(url).max_connections(cap)
}

/// The pool of a plugin in this process.
async fn plugin(host: &Host, name: &str) -> OnepoolPool {
    let options: OnepoolConnectOptions = host.client(name).into();
    let pool = OnepoolPoolOptions::new().max_connections(1_000);
    pool.connect_with(options).await.unwrap()
}

fn code(error: &sqlx::Error) -> Option<Code> {
    OnepoolError::of(error).map(OnepoolError::code)
}

/// Waits for what happens in its own time.
async fn eventually(what: &str, mut holds: impl AsyncFnMut() -> bool) {
    let deadline = Instant::now() + PATIENCE;
    while !holds().await {
        assert!(Instant::now() < deadline, "in vain waited for: {what}");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

async fn bounded<T>(work: impl Future<Output = T>) -> T {
    let done = tokio::time::timeout(PATIENCE, work).await;
    done.expect("it hangs")
}

async fn execute(pool: &OnepoolPool, sql: &'static str) -> sqlx::Result<()> {
    sqlx::raw_sql(sql).execute(pool).await.map(|_| ())
}

async fn number(pool: &OnepoolPool, sql: &'static str) -> sqlx::Result<i64> {
    sqlx::query_scalar(sql).fetch_one(pool).await
}
