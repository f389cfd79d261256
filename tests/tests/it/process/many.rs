//! Many connections, few backends.

use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use futures_util::future::{join_all, try_join_all};
use onepool_sdk::{
    Code, DatabaseKind, OnepoolConnectOptions, OnepoolError, OnepoolPool, OnepoolPoolOptions,
};

use super::place::{Place, plugin, soon};

async fn two_hundred_connections(kind: DatabaseKind, room: u32) {
    let place = Place::new(kind, room).await;
    let host = place.host().start().await.unwrap();
    let options: OnepoolConnectOptions = host.client("crowd").into();
    let pool = OnepoolPoolOptions::new().max_connections(200);
    let pool = pool.connect_with(options).await.unwrap();
    let create = "CREATE TABLE crowd (n BIGINT PRIMARY KEY)";
    sqlx::raw_sql(create).execute(&pool).await.unwrap();
    let acquired = try_join_all((0..200).map(|_| pool.acquire())).await;
    let mut connections = acquired.unwrap();
    assert_eq!(pool.size(), 200);
    let insert = match kind {
        DatabaseKind::Postgres => "INSERT INTO crowd VALUES ($1)",
        _ => "INSERT INTO crowd VALUES (?)",
    };
    let work = connections.iter_mut().enumerate().map(async |(n, one)| {
        let n = i64::try_from(n).unwrap();
        let mut transaction = sqlx::Connection::begin(&mut **one).await?;
        sqlx::query(insert)
            .bind(n)
            .execute(&mut *transaction)
            .await?;
        if n % 2 == 0 {
            transaction.commit().await?;
        } else {
            drop(transaction);
        }
        let none = sqlx::query_scalar("SELECT count(*) FROM crowd WHERE n < 0");
        let none: i64 = none.fetch_one(&mut **one).await?;
        Ok::<_, sqlx::Error>(none)
    });
    for result in soon("two hundred", join_all(work)).await {
        assert_eq!(result.unwrap(), 0);
    }
    let count: i64 = sqlx::query_scalar("SELECT count(*) FROM crowd")
        .fetch_one(&mut *connections[0])
        .await
        .unwrap();
    assert_eq!(count, 100);
    super::place::quiet(&host).await;
    drop(connections);
    place.finish(host).await;
}

#[tokio::test]
async fn two_hundred_over_two_on_sqlite() {
    two_hundred_connections(DatabaseKind::Sqlite, 2).await;
}

#[tokio::test]
async fn two_hundred_over_two_on_postgres() {
    two_hundred_connections(DatabaseKind::Postgres, 1).await;
}

#[tokio::test]
async fn two_hundred_over_two_on_mariadb() {
    two_hundred_connections(DatabaseKind::MySql, 1).await;
}

/// The RPC's own deadline is ten seconds unless it is told otherwise.
#[tokio::test]
async fn a_statement_takes_as_long_as_it_takes() {
    let place = Place::new(DatabaseKind::Postgres, 1).await;
    let host = place.host().start().await.unwrap();
    let pool = plugin(&host, "patient").await;
    let began = Instant::now();
    let sleep = sqlx::query("SELECT pg_sleep(12)").execute(&pool);
    soon("twelve seconds", sleep).await.unwrap();
    assert!(began.elapsed() >= Duration::from_secs(12));
    place.finish(host).await;
}

/// Inserts on one connection and asks at once for the id it was given, while others do the same.
async fn own_ids(kind: DatabaseKind, create: &'static str, ask: &'static str) {
    let place = Place::new(kind, 2).await;
    let host = place.host().start().await.unwrap();
    let pool = plugin(&host, "inserter").await;
    sqlx::raw_sql(create).execute(&pool).await.unwrap();
    let (told, refused) = (AtomicU32::new(0), AtomicU32::new(0));
    let ask_in = async |pool: &OnepoolPool| {
        for _ in 0..20 {
            let mut connection = pool.acquire().await.unwrap();
            let insert = sqlx::query("INSERT INTO ids (n) VALUES (1)");
            let done = insert.execute(&mut *connection).await.unwrap();
            let own = done.last_insert_id().unwrap();
            match sqlx::query_scalar::<_, i64>(ask)
                .fetch_one(&mut *connection)
                .await
            {
                Ok(id) => {
                    assert_eq!(id, own, "somebody else's id");
                    told.fetch_add(1, Ordering::Relaxed);
                }
                Err(error) => {
                    let code = OnepoolError::of(&error).map(OnepoolError::code);
                    assert_eq!(code, Some(Code::SESSION_READ), "{error}");
                    refused.fetch_add(1, Ordering::Relaxed);
                }
            }
            let mut transaction = sqlx::Connection::begin(&mut *connection).await.unwrap();
            let insert = sqlx::query("INSERT INTO ids (n) VALUES (1)");
            let done = insert.execute(&mut *transaction).await.unwrap();
            let own = done.last_insert_id().unwrap();
            let id: i64 = sqlx::query_scalar(ask)
                .fetch_one(&mut *transaction)
                .await
                .unwrap();
            assert_eq!(id, own, "in a transaction there is no doubt");
            transaction.commit().await.unwrap();
        }
    };
    soon("inserts", join_all((0..8).map(|_| ask_in(&pool)))).await;
    let asked = told.load(Ordering::Relaxed) + refused.load(Ordering::Relaxed);
    assert_eq!(asked, 8 * 20);
    // With nobody in between there is no reason to refuse.
    let before = refused.load(Ordering::Relaxed);
    soon("alone", ask_in(&pool)).await;
    assert_eq!(refused.load(Ordering::Relaxed), before);
    place.finish(host).await;
}

#[tokio::test]
async fn own_ids_on_mariadb() {
    let create = "CREATE TABLE ids (id BIGINT PRIMARY KEY AUTO_INCREMENT, n INT)";
    let ask = "SELECT CAST(LAST_INSERT_ID() AS SIGNED)";
    own_ids(DatabaseKind::MySql, create, ask).await;
}

#[tokio::test]
async fn own_ids_on_sqlite() {
    let create = "CREATE TABLE ids (id INTEGER PRIMARY KEY, n INTEGER)";
    own_ids(DatabaseKind::Sqlite, create, "SELECT last_insert_rowid()").await;
}
