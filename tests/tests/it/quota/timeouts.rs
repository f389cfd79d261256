//! Loans that take too long are taken back.

use std::time::Duration;

use onepool_host::{Code, Host, Quota};
use onepool_sdk::OnepoolPool;
use sqlx::migrate::Migrate;

use super::{UNLIMITED, code, eventually, execute, host, number, plugin};

const SHORT: Duration = Duration::from_millis(150);

async fn with(url: &str, quota: Quota) -> (Host, OnepoolPool) {
    let host = host(url, 3).default_quota(quota).start().await.unwrap();
    let pool = plugin(&host, "slow").await;
    execute(&pool, "CREATE TABLE seen (i int)").await.unwrap();
    (host, pool)
}

async fn revoked(host: &Host, times: u64) {
    eventually("the loan to be revoked", async || {
        let stats = host.pool_stats();
        stats.revoked == times && stats.backends.leased == 0 && stats.backends.resetting == 0
    })
    .await;
}

async fn an_idle_transaction_is_rolled_back(url: &str) {
    let quota = Quota {
        idle_in_transaction: Some(SHORT),
        ..UNLIMITED
    };
    let (host, pool) = with(url, quota).await;
    let insert = "INSERT INTO seen VALUES (1)";
    for ends_with_commit in [true, false] {
        let before = host.pool_stats().revoked;
        let mut transaction = pool.begin().await.unwrap();
        sqlx::query(insert)
            .execute(&mut *transaction)
            .await
            .unwrap();
        revoked(&host, before + 1).await;
        // Its backend is others' now, and its writes are undone.
        execute(&pool, "INSERT INTO seen VALUES (2)").await.unwrap();
        let late = sqlx::query(insert).execute(&mut *transaction).await;
        let late = late.unwrap_err();
        assert_eq!(code(&late), Some(Code::LEASE_REVOKED));
        assert!(
            late.to_string().contains("idle_in_transaction of 150 ms"),
            "{late}"
        );
        if ends_with_commit {
            let commit = transaction.commit().await.unwrap_err();
            assert_eq!(code(&commit), Some(Code::LEASE_REVOKED));
        } else {
            transaction.rollback().await.unwrap();
        }
    }
    assert_eq!(number(&pool, "SELECT count(*) FROM seen").await.unwrap(), 2);
    assert_eq!(
        number(&pool, "SELECT count(*) FROM seen WHERE i = 1")
            .await
            .unwrap(),
        0
    );
    host.stop().await;
}

#[tokio::test]
async fn an_idle_transaction_is_rolled_back_on_sqlite() {
    let file = onepool_tests::sqlite();
    an_idle_transaction_is_rolled_back(&file.url).await;
}

#[tokio::test]
async fn an_idle_transaction_is_rolled_back_on_postgres() {
    let database = onepool_tests::postgres().await.database(3).await;
    an_idle_transaction_is_rolled_back(&database.url).await;
}

#[tokio::test]
async fn an_idle_transaction_is_rolled_back_on_mariadb() {
    let database = onepool_tests::mariadb().await.database(3).await;
    an_idle_transaction_is_rolled_back(&database.url).await;
}

/// Statements that were meant for a transaction opened by text would each be committed by itself.
#[tokio::test]
async fn a_transaction_by_text_does_not_go_on_outside_of_it() {
    let database = onepool_tests::postgres().await.database(3).await;
    let quota = Quota {
        idle_in_transaction: Some(SHORT),
        ..UNLIMITED
    };
    let (host, pool) = with(&database.url, quota).await;
    let mut connection = pool.acquire().await.unwrap();
    for (times, end) in [(1, "COMMIT"), (2, "ROLLBACK")] {
        sqlx::raw_sql("BEGIN")
            .execute(&mut *connection)
            .await
            .unwrap();
        revoked(&host, times).await;
        for _ in 0..2 {
            let insert = sqlx::raw_sql("INSERT INTO seen VALUES (1)").execute(&mut *connection);
            assert_eq!(code(&insert.await.unwrap_err()), Some(Code::LEASE_REVOKED));
        }
        let ended = sqlx::raw_sql(end).execute(&mut *connection).await;
        assert_eq!(ended.is_ok(), end == "ROLLBACK");
        let insert = sqlx::raw_sql("INSERT INTO seen VALUES (2)").execute(&mut *connection);
        insert.await.unwrap();
    }
    assert_eq!(number(&pool, "SELECT sum(i) FROM seen").await.unwrap(), 4);
}

/// It kept its backend from everybody until the Connection was used again, which may be never.
async fn a_transaction_by_text_ends_its_loan(url: &str) {
    let (host, pool) = with(url, UNLIMITED).await;
    let mut connection = pool.acquire().await.unwrap();
    for end in ["COMMIT", "ROLLBACK"] {
        for statement in ["BEGIN", "INSERT INTO seen VALUES (1)"] {
            let statement = sqlx::raw_sql(statement).execute(&mut *connection);
            statement.await.unwrap();
            assert_eq!(host.pool_stats().backends.leased, 1);
        }
        let end = sqlx::raw_sql(end).execute(&mut *connection);
        end.await.unwrap();
        eventually("the loan to end", async || {
            let backends = host.pool_stats().backends;
            backends.leased == 0 && backends.resetting == 0
        })
        .await;
    }
    let seen = sqlx::query_scalar("SELECT count(*) FROM seen").fetch_one(&mut *connection);
    assert_eq!(seen.await.ok(), Some(1_i64));
    drop(connection);
    host.stop().await;
}

#[tokio::test]
async fn a_transaction_by_text_ends_its_loan_on_sqlite() {
    let file = onepool_tests::sqlite();
    a_transaction_by_text_ends_its_loan(&file.url).await;
}

#[tokio::test]
async fn a_transaction_by_text_ends_its_loan_on_postgres() {
    let database = onepool_tests::postgres().await.database(3).await;
    a_transaction_by_text_ends_its_loan(&database.url).await;
}

#[tokio::test]
async fn a_transaction_by_text_ends_its_loan_on_mariadb() {
    let database = onepool_tests::mariadb().await.database(3).await;
    a_transaction_by_text_ends_its_loan(&database.url).await;
}

async fn a_busy_transaction_ends_on_time(url: &str) {
    let quota = Quota {
        transaction_timeout: Some(SHORT),
        ..UNLIMITED
    };
    let (host, pool) = with(url, quota).await;
    let mut transaction = pool.begin().await.unwrap();
    let mut done = 0_u32;
    let error = loop {
        let insert = sqlx::query("INSERT INTO seen VALUES (1)");
        match insert.execute(&mut *transaction).await {
            Ok(_) => done += 1,
            Err(error) => break error,
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    };
    assert_eq!(code(&error), Some(Code::LEASE_REVOKED));
    assert!(
        error.to_string().contains("transaction_timeout of 150 ms"),
        "{error}"
    );
    assert!(done > 0);
    let commit = transaction.commit().await.unwrap_err();
    assert_eq!(code(&commit), Some(Code::LEASE_REVOKED));
    revoked(&host, 1).await;
    assert_eq!(number(&pool, "SELECT count(*) FROM seen").await.unwrap(), 0);
}

#[tokio::test]
async fn a_busy_transaction_ends_on_time_on_sqlite() {
    let file = onepool_tests::sqlite();
    a_busy_transaction_ends_on_time(&file.url).await;
}

#[tokio::test]
async fn a_busy_transaction_ends_on_time_on_postgres() {
    let database = onepool_tests::postgres().await.database(3).await;
    a_busy_transaction_ends_on_time(&database.url).await;
}

#[tokio::test]
async fn pinned_state_that_rests_is_gone() {
    let database = onepool_tests::postgres().await.database(3).await;
    let quota = Quota {
        pinned_idle_timeout: Some(SHORT),
        ..UNLIMITED
    };
    let (host, pool) = with(&database.url, quota).await;
    let mut connection = pool.acquire().await.unwrap();
    let create = "CREATE TEMPORARY TABLE mine (i int)";
    sqlx::raw_sql(create)
        .execute(&mut *connection)
        .await
        .unwrap();
    revoked(&host, 1).await;
    let count = sqlx::query_scalar("SELECT count(*) FROM mine");
    let gone: sqlx::Result<i64> = count.fetch_one(&mut *connection).await;
    let gone = gone.unwrap_err();
    let gone = gone.as_database_error().unwrap();
    assert_eq!(gone.code().unwrap(), "42P01", "it ran, without the table");
    sqlx::raw_sql(create)
        .execute(&mut *connection)
        .await
        .unwrap();
}

#[tokio::test]
async fn a_migration_takes_as_long_as_it_takes() {
    let database = onepool_tests::postgres().await.database(4).await;
    let quota = Quota {
        idle_in_transaction: Some(SHORT),
        transaction_timeout: Some(SHORT),
        ..UNLIMITED
    };
    let (host, pool) = with(&database.url, quota).await;
    let mut migrator = pool.acquire().await.unwrap();
    migrator.lock().await.unwrap();
    let mut migration = sqlx::Connection::begin(&mut *migrator).await.unwrap();
    let insert = "INSERT INTO seen VALUES (1)";
    sqlx::query(insert).execute(&mut *migration).await.unwrap();
    let mut other = pool.begin().await.unwrap();
    sqlx::query(insert).execute(&mut *other).await.unwrap();
    eventually("the other transaction to be revoked", async || {
        host.pool_stats().revoked == 1
    })
    .await;
    sqlx::query(insert).execute(&mut *migration).await.unwrap();
    migration.commit().await.unwrap();
    migrator.unlock().await.unwrap();
    assert_eq!(number(&pool, "SELECT count(*) FROM seen").await.unwrap(), 2);
}

#[tokio::test]
async fn a_quota_is_in_force_at_once() {
    let database = onepool_tests::postgres().await.database(3).await;
    let (host, pool) = with(&database.url, UNLIMITED).await;
    let mut transaction = pool.begin().await.unwrap();
    let insert = sqlx::query("INSERT INTO seen VALUES (1)");
    insert.execute(&mut *transaction).await.unwrap();
    let quota = Quota {
        idle_in_transaction: Some(Duration::from_millis(1)),
        ..UNLIMITED
    };
    host.set_quota("slow", quota).unwrap();
    revoked(&host, 1).await;
    let too_much = Quota {
        min: 3,
        ..UNLIMITED
    };
    let refused = host.set_quota("slow", too_much).unwrap_err();
    assert!(
        refused.to_string().contains("3 for slow make 3"),
        "{refused}"
    );
}
