//! Many connections: two hundred of a plugin's, at work at once, over two of the database's.
//!
//! `cargo run -p onepool-examples --example many_connections`

use std::time::Instant;

use futures_util::future::try_join_all;
use onepool_host::Host;
use onepool_sdk::{OnepoolConnectOptions, OnepoolPoolOptions};

const CONNECTIONS: u32 = 200;
const CAP: u32 = 2;

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let folder = tempfile::tempdir()?;
    let url = format!(
        "sqlite://{}?mode=rwc",
        folder.path().join("many.db").display()
    );
    let host = Host::builder()
        .database(url)
        .max_connections(CAP)
        .start()
        .await?;
    let options: OnepoolConnectOptions = host.client("many").into();
    let pool = OnepoolPoolOptions::new()
        .max_connections(CONNECTIONS)
        .connect_with(options)
        .await?;
    sqlx::raw_sql("CREATE TABLE visits (visitor INTEGER)")
        .execute(&pool)
        .await?;

    // All of them are open before the first one does anything.
    let start = Instant::now();
    let opened = try_join_all((0..CONNECTIONS).map(|_| pool.acquire())).await?;
    eprintln!(
        "{} connections opened in {:.1?}",
        pool.size(),
        start.elapsed()
    );
    assert_eq!(pool.size(), CONNECTIONS);

    let start = Instant::now();
    let visits = opened
        .into_iter()
        .zip(0..)
        .map(async |(mut connection, visitor)| {
            sqlx::query("INSERT INTO visits VALUES (?)")
                .bind::<i64>(visitor)
                .execute(&mut *connection)
                .await?;
            let found: i64 = sqlx::query_scalar("SELECT COUNT(*) FROM visits WHERE visitor = ?")
                .bind(visitor)
                .fetch_one(&mut *connection)
                .await?;
            Ok::<_, sqlx::Error>(found)
        });
    let found: i64 = try_join_all(visits).await?.iter().sum();
    let stats = host.pool_stats();
    eprintln!("each wrote and read a row, all in {:.1?}", start.elapsed());
    eprintln!("the database saw {} connections at most", stats.peak);
    assert_eq!(found, i64::from(CONNECTIONS));
    assert!(stats.peak <= CAP, "the cap was passed");
    pool.close().await;
    host.stop().await;
    Ok(())
}
