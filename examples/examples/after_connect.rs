//! Settings in `after_connect`: they follow each connection to whichever database connection it is
//! given, so a dozen plugins with settings of their own share a small pool.
//!
//! `cargo run -p onepool-examples --example after_connect`

use futures_util::future::try_join_all;
use onepool_host::Host;
use onepool_sdk::{OnepoolPool, OnepoolPoolOptions};
use sqlx::{AssertSqlSafe, Connection};

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let folder = tempfile::tempdir()?;
    let url = format!("sqlite://{}?mode=rwc", folder.path().join("settings.db").display());
    let host = Host::builder().database(url).max_connections(2).start().await?;

    // Three plugins want three settings, and there are two database connections.
    let plugins = ["lenient", "strict", "default"];
    let lenient = pool(&host, plugins[0], Some("PRAGMA case_sensitive_like = OFF")).await?;
    let strict = pool(&host, plugins[1], Some("PRAGMA case_sensitive_like = ON")).await?;
    let default = pool(&host, plugins[2], None).await?;
    let rounds = (0..100).map(async |_| {
        tokio::try_join!(is_like(&lenient), is_like(&strict), is_like(&default))
    });
    for (lenient, strict, default) in try_join_all(rounds).await? {
        assert_eq!((lenient, strict, default), (true, false, true));
    }
    eprintln!("300 queries, and each ran with its own plugin's settings");

    // Nor do the settings hold a database connection while nothing runs.
    let mut connection = strict.acquire().await?;
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
    let options = OnepoolPoolOptions::new().max_connections(5).after_connect(move |connection, _| {
        Box::pin(async move {
            if let Some(setting) = setting {
                sqlx::query(AssertSqlSafe(setting)).execute(connection).await?;
            }
            Ok(())
        })
    });
    options.connect_with(host.client(plugin).into()).await
}

async fn is_like(pool: &OnepoolPool) -> sqlx::Result<bool> {
    sqlx::query_scalar("SELECT 'ABC' LIKE 'abc'").fetch_one(pool).await
}
