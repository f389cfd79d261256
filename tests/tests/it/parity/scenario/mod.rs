//! The scenarios: plain sqlx code that says nothing of a driver but `Db`.

use sqlx::{AssertSqlSafe, Executor, Pool};

use super::{Db, Stage};

pub mod batches;
pub mod concurrency;
pub mod connections;
pub mod errors;
pub mod migrations;
pub mod statements;
pub mod streams;
pub mod transactions;
pub mod values;

/// Runs statements that must work.
pub async fn run<'c>(executor: impl Executor<'c, Database = Db>, sql: impl Into<String>) {
    sqlx::raw_sql(AssertSqlSafe(sql.into()))
        .execute(executor)
        .await
        .unwrap();
}

/// The first column of all rows, as integers.
pub async fn integers<'c>(
    executor: impl Executor<'c, Database = Db>,
    sql: &'static str,
) -> sqlx::Result<Vec<i32>> {
    sqlx::query_scalar(sql).fetch_all(executor).await
}

/// A table of one integer column, empty.
async fn table_of_ids(stage: &Stage) -> Pool<Db> {
    let pool = stage.pool.clone();
    run(&pool, "CREATE TABLE t (id INTEGER PRIMARY KEY)").await;
    pool
}

/// A table of two counters, both at zero.
pub async fn counter(stage: &Stage) -> Pool<Db> {
    let pool = stage.pool.clone();
    run(
        &pool,
        "CREATE TABLE counter (id INTEGER PRIMARY KEY, n INTEGER)",
    )
    .await;
    run(&pool, "INSERT INTO counter VALUES (1, 0), (2, 0)").await;
    pool
}
