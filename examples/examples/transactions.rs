//! Transactions: commit, rollback, a transaction within one, and one that is merely dropped.
//!
//! `cargo run -p onepool-examples --example transactions`

use onepool_sdk::{OnepoolPool, OnepoolPoolOptions};
use sqlx::Acquire;

type Result<T = ()> = std::result::Result<T, Box<dyn std::error::Error>>;

#[tokio::main]
async fn main() -> Result {
    let host = onepool_host::testing::host().await;
    let pool = OnepoolPoolOptions::new()
        .connect_with(host.dialer("bank").into())
        .await?;
    sqlx::raw_sql("CREATE TABLE notes (text TEXT NOT NULL)")
        .execute(&pool)
        .await?;

    // `begin` costs nothing: it travels with the first statement.
    let mut tx = pool.begin().await?;
    note(&mut *tx, "committed").await?;
    tx.commit().await?;

    let mut tx = pool.begin().await?;
    note(&mut *tx, "rolled back").await?;
    tx.rollback().await?;

    let mut tx = pool.begin().await?;
    note(&mut *tx, "outer").await?;
    let mut inner = tx.begin().await?;
    note(&mut *inner, "inner, rolled back").await?;
    inner.rollback().await?;
    tx.commit().await?;

    // Nobody waits for the rollback of a dropped transaction, and nobody sees what it wrote.
    let mut tx = pool.begin().await?;
    note(&mut *tx, "dropped").await?;
    drop(tx);

    let notes = notes(&pool).await?;
    eprintln!("what remains: {notes:?}");
    assert_eq!(notes, ["committed", "outer"]);
    Ok(())
}

/// Works inside a transaction and outside, as with any sqlx driver.
async fn note(executor: impl onepool_sdk::OnepoolExecutor<'_>, text: &str) -> Result {
    sqlx::query("INSERT INTO notes VALUES (?)")
        .bind(text)
        .execute(executor)
        .await?;
    Ok(())
}

async fn notes(pool: &OnepoolPool) -> Result<Vec<String>> {
    Ok(sqlx::query_scalar("SELECT text FROM notes ORDER BY rowid")
        .fetch_all(pool)
        .await?)
}
