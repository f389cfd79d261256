//! Statements that take too long or yield too much are cancelled.

use std::time::{Duration, Instant};

use futures_util::TryStreamExt;
use onepool_host::{Code, Quota};

use super::{UNLIMITED, bounded, code, eventually, execute, host, number, plugin};

/// Rows without end.
const ENDLESS: &str =
    "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT i FROM n";

async fn a_result_has_no_more_than_its_quota(url: &str) {
    let quota = Quota {
        rows_per_result: Some(100),
        ..UNLIMITED
    };
    let host = host(url, 3).default_quota(quota).start().await.unwrap();
    let pool = plugin(&host, "p").await;
    let fits = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 100) \
                SELECT i FROM n";
    let rows = sqlx::query(fits).fetch_all(&pool).await.unwrap();
    assert_eq!(rows.len(), 100);
    let mut rows = sqlx::query(ENDLESS).fetch(&pool);
    let mut seen = 0;
    let error = loop {
        match bounded(rows.try_next()).await {
            Ok(row) => seen += u32::from(row.is_some()),
            Err(error) => break error,
        }
        assert!(seen <= 100, "the quota is not heeded");
    };
    drop(rows);
    assert_eq!(seen, 100, "what came before is the plugin's");
    assert_eq!(code(&error), Some(Code::QUOTA_EXCEEDED));
    assert!(
        error.to_string().contains("rows_per_result of 100"),
        "{error}"
    );

    let quota = Quota {
        bytes_per_result: Some(10_000),
        ..UNLIMITED
    };
    host.set_quota("p", quota).unwrap();
    let error = bounded(sqlx::query(ENDLESS).fetch_all(&pool))
        .await
        .unwrap_err();
    assert_eq!(code(&error), Some(Code::QUOTA_EXCEEDED));
    assert!(
        error.to_string().contains("bytes_per_result of 10000"),
        "{error}"
    );
    eventually("the backends to come free", async || {
        host.pool_stats().backends.leased == 0
    })
    .await;
    assert_eq!(
        number(&pool, "SELECT count(*) FROM (SELECT 1) one")
            .await
            .unwrap(),
        1
    );
    host.stop().await;
}

#[tokio::test]
async fn a_result_has_no_more_than_its_quota_on_sqlite() {
    let file = onepool_tests::sqlite();
    a_result_has_no_more_than_its_quota(&file.url).await;
}

#[tokio::test]
async fn a_result_has_no_more_than_its_quota_on_postgres() {
    let database = onepool_tests::postgres().await.database(3).await;
    a_result_has_no_more_than_its_quota(&database.url).await;
}

/// From when it has a backend until its last row, with no pause that would begin anew.
///
/// Rows that came without a pause used up the whole of their task's budget, and the timer beside
/// them none was left for: a statement that was read fast enough ran on for minutes.
#[tokio::test]
async fn a_statement_ends_on_time() {
    let database = onepool_tests::postgres().await.database(2).await;
    let quota = Quota {
        statement_timeout: Some(Duration::from_millis(300)),
        ..UNLIMITED
    };
    let host = host(&database.url, 2).default_quota(quota);
    let host = host.start().await.unwrap();
    let pool = plugin(&host, "p").await;
    let began = Instant::now();
    let error = bounded(execute(&pool, "SELECT pg_sleep(30)"))
        .await
        .unwrap_err();
    assert_eq!(code(&error), Some(Code::DEADLINE_EXCEEDED));
    assert!(
        error.to_string().contains("statement_timeout of 300 ms"),
        "{error}"
    );

    let mut rows = sqlx::query(ENDLESS).fetch(&pool);
    let error = loop {
        if let Err(error) = bounded(rows.try_next()).await {
            break error;
        }
    };
    drop(rows);
    assert_eq!(code(&error), Some(Code::DEADLINE_EXCEEDED));
    assert!(
        began.elapsed() < Duration::from_secs(20),
        "{:?}",
        began.elapsed()
    );
    assert_eq!(
        number(&pool, "SELECT count(*) FROM pg_class WHERE 1 = 2")
            .await
            .unwrap(),
        0
    );
    host.stop().await;
    assert_eq!(database.refusals().await, 0);
}

#[tokio::test]
async fn a_statement_does_not_outlive_its_transactions_time() {
    let database = onepool_tests::postgres().await.database(2).await;
    let quota = Quota {
        transaction_timeout: Some(Duration::from_millis(300)),
        ..UNLIMITED
    };
    let host = host(&database.url, 2).default_quota(quota);
    let host = host.start().await.unwrap();
    let pool = plugin(&host, "p").await;
    let began = Instant::now();
    let mut transaction = pool.begin().await.unwrap();
    let sleep = sqlx::query("SELECT pg_sleep(30)").execute(&mut *transaction);
    let error = bounded(sleep).await.unwrap_err();
    assert_eq!(code(&error), Some(Code::LEASE_REVOKED));
    assert!(
        error.to_string().contains("transaction_timeout of 300 ms"),
        "{error}"
    );
    // The one backend for work is free again, while the transaction is still held.
    assert_eq!(
        number(&pool, "SELECT count(*) FROM pg_class WHERE 1 = 2")
            .await
            .unwrap(),
        0
    );
    assert!(
        began.elapsed() < Duration::from_secs(20),
        "{:?}",
        began.elapsed()
    );
    let commit = transaction.commit().await.unwrap_err();
    assert_eq!(code(&commit), Some(Code::LEASE_REVOKED));
}
