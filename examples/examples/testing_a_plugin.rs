//! Testing a plugin: its code on a real pool, in the test's own process, without a socket.
//!
//! `cargo run -p onepool-examples --example testing_a_plugin`
//! (In your crate these are `#[tokio::test]`s, and `onepool-host` is a dev-dependency.)

use onepool_host::testing;
use onepool_sdk::{OnepoolPool, OnepoolPoolOptions};

/// The plugin's code. It takes a pool and does not care where that leads.
mod plugin {
    use onepool_sdk::OnepoolPool;

    pub async fn setup(pool: &OnepoolPool) -> sqlx::Result<()> {
        sqlx::raw_sql("CREATE TABLE hits (page TEXT PRIMARY KEY, count INTEGER NOT NULL)")
            .execute(pool)
            .await?;
        Ok(())
    }

    pub async fn hit(pool: &OnepoolPool, page: &str) -> sqlx::Result<i64> {
        sqlx::query_scalar(
            "INSERT INTO hits VALUES (?, 1)
             ON CONFLICT (page) DO UPDATE SET count = count + 1 RETURNING count",
        )
        .bind(page)
        .fetch_one(pool)
        .await
    }
}

/// A new, empty database for each test; it is removed at the end.
async fn hits_are_counted() -> sqlx::Result<()> {
    let host = testing::host().await;
    let pool = connect(&host).await?;
    assert_eq!(plugin::hit(&pool, "/").await?, 1);
    assert_eq!(plugin::hit(&pool, "/").await?, 2);
    assert_eq!(plugin::hit(&pool, "/about").await?, 1);
    Ok(())
}

/// A host counts what its plugins do, so a test can, too.
async fn hits_at_once_are_not_lost() -> sqlx::Result<()> {
    let host = testing::host().await;
    let pool = connect(&host).await?;
    let hits = (0..50).map(|_| plugin::hit(&pool, "/"));
    let mut counts = futures_util::future::try_join_all(hits).await?;
    counts.sort_unstable();
    assert_eq!(counts, (1..=50).collect::<Vec<i64>>());
    assert!(host.pool_stats().peak <= host.max_connections());
    Ok(())
}

async fn connect(host: &testing::TestHost) -> sqlx::Result<OnepoolPool> {
    let pool = OnepoolPoolOptions::new()
        .connect_with(host.dialer("hits").into())
        .await?;
    plugin::setup(&pool).await?;
    Ok(pool)
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    hits_are_counted().await?;
    hits_at_once_are_not_lost().await?;
    eprintln!("both tests passed");
    Ok(())
}
