//! `sqlx::any`: code that is written for any database runs through onepool as well.
//!
//! `cargo run -p onepool-examples --example any_pool`

use sqlx::AnyPool;
use sqlx::any::AnyPoolOptions;

type Result<T = ()> = std::result::Result<T, Box<dyn std::error::Error + Send + Sync>>;

#[tokio::main]
async fn main() -> Result {
    // Once in a process, before the first `Any` connection, with all drivers that it will need.
    sqlx::any::install_drivers(&[onepool_sdk::any::DRIVER])?;

    // A plugin's process just says "onepool:". This is not one, so its URL says it all.
    let host = onepool_host::testing::host().await;
    let token = host.issue_token("any")?;
    let url = format!(
        "onepool://{}?plugin=any&token={}",
        host.endpoint(),
        token.secret()
    );
    let pool = AnyPoolOptions::new()
        .max_connections(3)
        .connect(&url)
        .await?;

    sqlx::raw_sql("CREATE TABLE cities (name TEXT, people BIGINT)")
        .execute(&pool)
        .await?;
    add(&pool, "Paris", 2_100_000).await?;
    add(&pool, "Rome", 2_700_000).await?;
    let mut tx = pool.begin().await?;
    sqlx::query("DELETE FROM cities").execute(&mut *tx).await?;
    tx.rollback().await?;

    let cities: Vec<(String, i64)> =
        sqlx::query_as("SELECT name, people FROM cities ORDER BY people DESC")
            .fetch_all(&pool)
            .await?;
    eprintln!("{cities:?}");
    assert_eq!(
        cities,
        [
            ("Rome".to_owned(), 2_700_000),
            ("Paris".to_owned(), 2_100_000)
        ]
    );
    pool.close().await;
    Ok(())
}

async fn add(pool: &AnyPool, name: &str, people: i64) -> Result {
    let insert = sqlx::query("INSERT INTO cities VALUES (?, ?)");
    insert.bind(name).bind(people).execute(pool).await?;
    Ok(())
}
