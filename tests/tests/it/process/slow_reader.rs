//! A plugin that begins to read a result and does not go on.

use std::time::Duration;

use futures_util::TryStreamExt;
use onepool_sdk::{Code, DatabaseKind};

use super::deadlines::{code, endless};
use super::place::{Place, eventually, plugin, soon};

/// There is one backend. Who reads half a result on it and stops gives it up to the neighbour, and
/// is told why.
async fn gives_way(kind: DatabaseKind, in_a_transaction: bool) {
    let place = Place::new(kind, 1).await;
    let patience = Duration::from_millis(300);
    let host = place.host().reader_timeout(patience).start().await.unwrap();
    let (slow, other) = (
        plugin(&host, "slow").await,
        plugin(&host, "neighbour").await,
    );
    let mut connection = slow.acquire().await.unwrap();
    if in_a_transaction {
        sqlx::raw_sql("BEGIN")
            .execute(&mut *connection)
            .await
            .unwrap();
    }
    {
        let mut rows = sqlx::query(endless(kind)).fetch(&mut *connection);
        rows.try_next().await.unwrap().expect("a row");
        assert_eq!(host.pool_stats().backends.leased, 1);
        if !in_a_transaction {
            let one = sqlx::query_scalar("SELECT 1").fetch_one(&other);
            let one: i32 = soon("the neighbour", one).await.unwrap();
            assert_eq!(one, 1);
        }
        eventually("the statement is cancelled", async || {
            host.pool_stats().cancels.hit == 1
        })
        .await;
        let mut seen = 1;
        let error = loop {
            match soon("what is left", rows.try_next()).await {
                Ok(row) => assert!(row.is_some(), "the result looks whole after {seen} rows"),
                Err(error) => break error,
            }
            seen += 1;
        };
        assert_eq!(code(&error), Some(Code::LEASE_REVOKED), "{error}");
    }
    if in_a_transaction {
        let committed = sqlx::raw_sql("COMMIT").execute(&mut *connection).await;
        // PostgreSQL dooms the transaction; the others go on with what was done before.
        assert_eq!(committed.is_err(), kind == DatabaseKind::Postgres);
    }
    drop(connection);
    place.finish(host).await;
}

#[tokio::test]
async fn gives_way_on_sqlite() {
    gives_way(DatabaseKind::Sqlite, false).await;
    gives_way(DatabaseKind::Sqlite, true).await;
}

#[tokio::test]
async fn gives_way_on_postgres() {
    gives_way(DatabaseKind::Postgres, false).await;
    gives_way(DatabaseKind::Postgres, true).await;
}

#[tokio::test]
async fn gives_way_on_mariadb() {
    gives_way(DatabaseKind::MySql, false).await;
    gives_way(DatabaseKind::MySql, true).await;
}

/// A small result that nobody reads costs no backend at all: the last page waits elsewhere.
#[tokio::test]
async fn a_short_result_holds_nothing() {
    let place = Place::new(DatabaseKind::Postgres, 1).await;
    let host = place.host().start().await.unwrap();
    let pool = plugin(&host, "slow").await;
    // Six pages: one is read, two are on their way, two wait, and the last one has its place.
    let sql = "SELECT repeat('x', 1000) FROM generate_series(1, 350)";
    let mut rows = sqlx::query_scalar::<_, String>(sql).fetch(&pool);
    rows.try_next().await.unwrap().expect("a row");
    eventually("the backend is free", async || {
        host.pool_stats().backends.leased == 0
    })
    .await;
    let mut left = 0;
    while rows.try_next().await.unwrap().is_some() {
        left += 1;
    }
    assert_eq!(left, 349);
    drop(rows);
    place.finish(host).await;
}
