//! Settings in `after_connect`: they follow each connection to whichever database connection it is
//! given, so a dozen plugins with settings of their own share a small pool.
//!
//! `cargo run -p onepool-examples --example after_connect`

use futures_util::future::try_join_all;
use onepool_host::Host;
use onepool_sdk::{OnepoolPool, OnepoolPoolOptions};
use sqlx::Connection;

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let folder = tempfile::tempdir()?;
    let url = format!(
        "sqlite://{}?mode=rwc",
        folder.path().join("settings.db").display()
    );
    let host = Host::builder()
        .database(url)
        .max_connections(2)
        .start()
        .await?;

    // Three plugins have three settings, and there are two database connections.
    let default = pool(&host, "default", None).await?;
    let unset = cache_size(&default).await?;
    let large = pool(&host, "large", Some("PRAGMA cache_size = 4000")).await?;
    let small = pool(&host, "small", Some("PRAGMA cache_size = 100")).await?;
    let rounds = (0..100).map(async |_| {
        tokio::try_join!(cache_size(&large), cache_size(&small), cache_size(&default))
    });
    for found in try_join_all(rounds).await? {
        assert_eq!(found, (4000, 100, unset));
    }
    eprintln!("300 queries, and each ran with its own plugin's settings");

    // Nor do the settings hold a database connection while nothing runs.
    let mut connection = large.acquire().await?;
    connection.ping().await?;
    let stats = host.pool_stats();
    eprintln!("the database saw {} connections at most", stats.peak);
    assert!(stats.peak <= 2, "the cap was passed");
    Ok(())
}

async fn pool(
    host: &Host,
    plugin: &str,
    setting: Option<&'static str>,
) -> sqlx::Result<OnepoolPool> {
    let options =
        OnepoolPoolOptions::new()
            .max_connections(5)
            .after_connect(move |connection, _| {
                Box::pin(async move {
                    if let Some(setting) = setting {
                        sqlx::query(setting).execute(connection).await?;
                    }
                    Ok(())
                })
            });
    options.connect_with(host.client(plugin).into()).await
}

async fn cache_size(pool: &OnepoolPool) -> sqlx::Result<i64> {
    sqlx::query_scalar("PRAGMA cache_size")
        .fetch_one(pool)
        .await
}
