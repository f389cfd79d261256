//! Batches: one statement with many sets of arguments in one round trip.
//!
//! `cargo run -p onepool-examples --example batch`

use std::time::Instant;

use onepool_sdk::{BatchExecutor, BatchMode, OnepoolArguments, OnepoolPool, OnepoolPoolOptions};
use sqlx::Arguments;

const INSERT: &str = "INSERT INTO readings (id, amount) VALUES (?, ?)";

type Result<T = ()> = std::result::Result<T, Box<dyn std::error::Error + Send + Sync>>;

#[tokio::main]
async fn main() -> Result {
    let host = onepool_host::testing::host().await;
    let pool = OnepoolPoolOptions::new()
        .connect_with(host.dialer("meter").into())
        .await?;
    let table = "CREATE TABLE readings (id INTEGER PRIMARY KEY, amount REAL NOT NULL)";
    sqlx::raw_sql(table).execute(&pool).await?;

    let start = Instant::now();
    let mut tx = pool.begin().await?;
    for id in 0..1_000_i64 {
        sqlx::query(INSERT)
            .bind(id)
            .bind(id as f64)
            .execute(&mut *tx)
            .await?;
    }
    tx.commit().await?;
    eprintln!(
        "1,000 rows one by one in a transaction: {:?}",
        start.elapsed()
    );

    let start = Instant::now();
    let results = pool
        .execute_batch(INSERT, sets(1_000..2_000)?, BatchMode::AllOrNothing)
        .await?;
    eprintln!("1,000 rows as a batch: {:?}", start.elapsed());
    assert_eq!((results.len(), count(&pool).await?), (1_000, 2_000));

    // Row 2,003 is there twice. Of an `AllOrNothing` batch nothing remains ...
    let twice = [sets(2_000..2_004)?, sets(2_003..2_005)?].concat();
    let all_or_nothing = pool.execute_batch(INSERT, twice.clone(), BatchMode::AllOrNothing);
    let failed = all_or_nothing.await.err().ok_or("it passed")?;
    eprintln!("{failed}");
    assert_eq!((failed.set, count(&pool).await?), (Some(4), 2_000));

    // ... and of a `StopAtFirst` one the sets before it.
    let stop_at_first = pool.execute_batch(INSERT, twice, BatchMode::StopAtFirst);
    let failed = stop_at_first.await.err().ok_or("it passed")?;
    assert_eq!((failed.completed.len(), count(&pool).await?), (4, 2_004));
    Ok(())
}

fn sets(ids: std::ops::Range<i64>) -> Result<Vec<OnepoolArguments>> {
    let set = |id: i64| {
        let mut arguments = OnepoolArguments::default();
        arguments.add(id)?;
        arguments.add(id as f64)?;
        Ok(arguments)
    };
    ids.map(set).collect()
}

async fn count(pool: &OnepoolPool) -> Result<i64> {
    Ok(sqlx::query_scalar("SELECT COUNT(*) FROM readings")
        .fetch_one(pool)
        .await?)
}
