//! Deadlines: they cover waiting in the queue, running, and fetching, and end what is running.
//!
//! `cargo run -p onepool-examples --example deadlines`

use std::time::{Duration, Instant};

use onepool_sdk::{Code, OnepoolConnectOptions, OnepoolError, OnepoolPoolOptions, with_deadline};

const ENDLESS: &str = "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n)
                       SELECT COUNT(*) FROM n";

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let host = onepool_host::testing::host().await;
    let options: OnepoolConnectOptions = host.dialer("hurry").into();
    let patient = OnepoolPoolOptions::new()
        .connect_with(options.clone())
        .await?;

    // For whatever is called in a future ...
    let start = Instant::now();
    let query = sqlx::query_scalar::<_, i64>(ENDLESS).fetch_one(&patient);
    let error = with_deadline(Duration::from_millis(200), query).await;
    show("with_deadline", &error.err().ok_or("it ended")?, start);

    // ... or for every call on a pool; `onepool:?deadline=200ms` in a URL does the same.
    let hasty = options.deadline(Duration::from_millis(200));
    let hasty = OnepoolPoolOptions::new().connect_with(hasty).await?;
    let start = Instant::now();
    let error = sqlx::query_scalar::<_, i64>(ENDLESS)
        .fetch_one(&hasty)
        .await;
    show("a pool's deadline", &error.err().ok_or("it ended")?, start);

    // In a transaction the statement is undone, and the transaction can only be rolled back.
    let start = Instant::now();
    let mut tx = hasty.begin().await?;
    let error = sqlx::query_scalar::<_, i64>(ENDLESS)
        .fetch_one(&mut *tx)
        .await;
    show("in a transaction", &error.err().ok_or("it ended")?, start);
    tx.rollback().await?;

    let one: i64 = sqlx::query_scalar("SELECT 1").fetch_one(&hasty).await?;
    assert_eq!(one, 1, "the pool goes on");
    Ok(())
}

fn show(what: &str, error: &sqlx::Error, start: Instant) {
    eprintln!("{what}, after {:.1?}: {error}", start.elapsed());
    assert_eq!(
        OnepoolError::of(error).map(OnepoolError::code),
        Some(Code::DEADLINE_EXCEEDED)
    );
    assert!(
        start.elapsed() < Duration::from_secs(10),
        "the deadline did nothing"
    );
}
