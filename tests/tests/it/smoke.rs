//! The thinnest true path: a statement through the SDK, the host and the database, and back.

use futures_util::TryStreamExt;
use onepool_host::Host;
use onepool_sdk::{OnepoolConnectOptions, OnepoolPool, OnepoolPoolOptions};

async fn sqlite(cap: u32) -> (Host, OnepoolPool, onepool_tests::SqliteFile) {
    let file = onepool_tests::sqlite();
    let host = Host::builder()
        .database(&file.url)
        .max_connections(cap)
        .start()
        .await
        .unwrap();
    let options: OnepoolConnectOptions = host.client("smoke").into();
    let pool = OnepoolPoolOptions::new()
        .connect_with(options)
        .await
        .unwrap();
    (host, pool, file)
}

#[tokio::test]
async fn rows_come_back_from_sqlite() {
    let (host, pool, _file) = sqlite(2).await;
    sqlx::raw_sql("CREATE TABLE t (id INTEGER PRIMARY KEY, name TEXT)")
        .execute(&pool)
        .await
        .unwrap();
    for (id, name) in [(1_i64, "one"), (2, "two")] {
        let done = sqlx::query("INSERT INTO t VALUES (?, ?)")
            .bind(id)
            .bind(name);
        assert_eq!(done.execute(&pool).await.unwrap().rows_affected(), 1);
    }
    let rows: Vec<(i64, String)> = sqlx::query_as("SELECT id, name FROM t ORDER BY id")
        .fetch_all(&pool)
        .await
        .unwrap();
    assert_eq!(rows, [(1, "one".to_owned()), (2, "two".to_owned())]);
    let mut transaction = pool.begin().await.unwrap();
    sqlx::query("DELETE FROM t")
        .execute(&mut *transaction)
        .await
        .unwrap();
    transaction.rollback().await.unwrap();
    let mut transaction = pool.begin().await.unwrap();
    sqlx::query("DELETE FROM t WHERE id = 1")
        .execute(&mut *transaction)
        .await
        .unwrap();
    transaction.commit().await.unwrap();
    let count: i64 = sqlx::query_scalar("SELECT count(*) FROM t")
        .fetch_one(&pool)
        .await
        .unwrap();
    assert_eq!(count, 1);
    pool.close().await;
    host.stop().await;
}

#[tokio::test]
async fn many_rows_stream() {
    let (host, pool, _file) = sqlite(2).await;
    let sql = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 50000) \
               SELECT i, 'row ' || i FROM n";
    let mut rows = sqlx::query_as::<_, (i64, String)>(sql).fetch(&pool);
    let mut seen = 0;
    while let Some((i, text)) = rows.try_next().await.unwrap() {
        seen += 1;
        assert_eq!((i, text), (seen, format!("row {seen}")));
    }
    assert_eq!(seen, 50_000);
    drop(rows);
    host.stop().await;
}
