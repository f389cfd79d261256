//! One deadline for the queue, the statement and its rows.

use std::time::{Duration, Instant};

use futures_util::TryStreamExt;
use onepool_host::Host;
use onepool_sdk::{Code, DatabaseKind, OnepoolError, OnepoolPool, with_deadline};
use sqlx::{Connection, Error, SqliteConnection};

use super::place::{Place, eventually, plugin, quiet, soon};

const KINDS: [DatabaseKind; 3] = [
    DatabaseKind::Sqlite,
    DatabaseKind::Postgres,
    DatabaseKind::MySql,
];

/// A statement that ends only by being cancelled.
pub(super) fn silent(kind: DatabaseKind) -> &'static str {
    match kind {
        DatabaseKind::Sqlite => {
            "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) \
             SELECT i FROM n WHERE i < 0"
        }
        DatabaseKind::Postgres => "SELECT pg_sleep(600)",
        DatabaseKind::MySql => "SELECT sleep(600)",
    }
}

/// A statement that gives rows until it is cancelled.
pub(super) fn endless(kind: DatabaseKind) -> &'static str {
    match kind {
        DatabaseKind::Sqlite => {
            "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT i FROM n"
        }
        DatabaseKind::Postgres => {
            "SELECT a::bigint FROM generate_series(1, 3000) a, generate_series(1, 1000000) b"
        }
        DatabaseKind::MySql => "SELECT a.seq FROM seq_1_to_100000 a, seq_1_to_100000 b",
    }
}

struct Scene {
    place: Place,
    host: Host,
    pool: OnepoolPool,
}

impl Scene {
    /// A host with one backend for work.
    async fn new(kind: DatabaseKind) -> Self {
        let place = Place::new(kind, 1).await;
        let host = place.host().start().await.unwrap();
        let pool = plugin(&host, "hurried").await;
        let create = "CREATE TABLE t (n BIGINT PRIMARY KEY)";
        sqlx::raw_sql(create).execute(&pool).await.unwrap();
        Self { place, host, pool }
    }

    /// The backend is free, and works.
    async fn finish(self) {
        soon("the backend is free", quiet(&self.host)).await;
        let count: i64 = sqlx::query_scalar("SELECT count(*) FROM t")
            .fetch_one(&self.pool)
            .await
            .unwrap();
        assert_eq!(count, 0);
        self.place.finish(self.host).await;
    }
}

pub(super) fn code(error: &Error) -> Option<Code> {
    OnepoolError::of(error).map(OnepoolError::code)
}

fn is_late(error: &Error) {
    assert_eq!(code(error), Some(Code::DEADLINE_EXCEEDED), "{error}");
}

#[tokio::test]
async fn in_the_queue() {
    for kind in KINDS {
        let scene = Scene::new(kind).await;
        let mut holder = scene.pool.begin().await.unwrap();
        sqlx::query("INSERT INTO t VALUES (1)")
            .execute(&mut *holder)
            .await
            .unwrap();
        let insert = sqlx::query("INSERT INTO t VALUES (2)").execute(&scene.pool);
        let began = Instant::now();
        let late = soon("it", with_deadline(Duration::from_millis(100), insert)).await;
        let late = late.unwrap_err();
        is_late(&late);
        let told = late.to_string();
        assert!(told.contains("backends are held by: hurried for"), "{told}");
        assert!(began.elapsed() >= Duration::from_millis(100));
        assert_eq!(scene.host.pool_stats().waiting, 0, "it waits no longer");
        holder.rollback().await.unwrap();
        scene.finish().await;
    }
}

/// Only SQLite can keep a `BEGIN` waiting: for a writer that is not of this host. The plugin holds
/// no transaction after one that came too late, so neither may the host: it refused whatever the
/// connection ran next.
#[tokio::test]
async fn in_the_database_for_a_transaction() {
    let scene = Scene::new(DatabaseKind::Sqlite).await;
    let mut stranger = SqliteConnection::connect(&scene.place.url).await.unwrap();
    let writing = stranger.begin_with("BEGIN IMMEDIATE").await.unwrap();
    let mut connection = scene.pool.acquire().await.unwrap();
    let begin = connection.begin_with("BEGIN IMMEDIATE");
    let late = soon("it", with_deadline(Duration::from_millis(100), begin)).await;
    is_late(&late.expect_err("another writes"));
    writing.rollback().await.unwrap();
    sqlx::query("SELECT 1")
        .execute(&mut *connection)
        .await
        .unwrap();
    let transaction = connection.begin_with("BEGIN IMMEDIATE").await.unwrap();
    transaction.rollback().await.unwrap();
    drop(connection);
    scene.finish().await;
}

#[tokio::test]
async fn in_the_queue_for_a_transaction() {
    for kind in KINDS {
        let scene = Scene::new(kind).await;
        let begin = match kind {
            DatabaseKind::Sqlite => "BEGIN IMMEDIATE",
            DatabaseKind::Postgres => "BEGIN ISOLATION LEVEL SERIALIZABLE",
            DatabaseKind::MySql => "START TRANSACTION WITH CONSISTENT SNAPSHOT",
        };
        let mut connection = scene.pool.acquire().await.unwrap();
        let mut holder = scene.pool.begin().await.unwrap();
        sqlx::query("INSERT INTO t VALUES (1)")
            .execute(&mut *holder)
            .await
            .unwrap();
        let late = with_deadline(Duration::from_millis(100), connection.begin_with(begin));
        is_late(&soon("it", late).await.expect_err("there is no backend"));
        holder.rollback().await.unwrap();
        sqlx::query("SELECT 1")
            .execute(&mut *connection)
            .await
            .unwrap();
        let mut transaction = connection.begin_with(begin).await.unwrap();
        sqlx::query("INSERT INTO t VALUES (2)")
            .execute(&mut *transaction)
            .await
            .unwrap();
        transaction.rollback().await.unwrap();
        drop(connection);
        scene.finish().await;
    }
}

#[tokio::test]
async fn in_the_database() {
    for kind in KINDS {
        let scene = Scene::new(kind).await;
        let call = sqlx::query(silent(kind)).execute(&scene.pool);
        let late = soon("it", with_deadline(Duration::from_millis(100), call)).await;
        is_late(&late.unwrap_err());
        soon("it is cancelled", quiet(&scene.host)).await;
        assert_eq!(scene.host.pool_stats().cancels.hit, 1);
        scene.finish().await;
    }
}

/// Two seconds in the queue leave one for the statement.
#[tokio::test]
async fn once_for_queue_and_statement() {
    let scene = Scene::new(DatabaseKind::Postgres).await;
    let mut holder = scene.pool.begin().await.unwrap();
    sqlx::query("INSERT INTO t VALUES (1)")
        .execute(&mut *holder)
        .await
        .unwrap();
    let began = Instant::now();
    let call = sqlx::query(silent(DatabaseKind::Postgres)).execute(&scene.pool);
    let late = with_deadline(Duration::from_secs(3), call);
    let waiting = async {
        tokio::time::sleep(Duration::from_secs(2)).await;
        holder.rollback().await.unwrap();
        // The longest that it may take, whatever else the machine does.
        tokio::time::sleep(Duration::from_secs(3)).await;
    };
    tokio::select! {
        late = late => is_late(&late.unwrap_err()),
        () = waiting => panic!("the deadline began anew in the database"),
    }
    assert!(began.elapsed() >= Duration::from_secs(3));
    scene.finish().await;
}

/// Each page comes at once, and all of them together take too long.
#[tokio::test]
async fn once_for_all_rows() {
    for kind in KINDS {
        let scene = Scene::new(kind).await;
        let began = Instant::now();
        let reading = async {
            let mut rows = sqlx::query(endless(kind)).fetch(&scene.pool);
            while rows.try_next().await?.is_some() {}
            Ok(())
        };
        let late = soon("it", with_deadline(Duration::from_millis(700), reading)).await;
        is_late(&late.unwrap_err());
        assert!(began.elapsed() >= Duration::from_millis(700));
        scene.finish().await;
    }
}

/// Once, the deadline was looked at only when the next page was asked for, and a plugin that asked
/// for none held its backend.
#[tokio::test]
async fn between_two_pages() {
    for kind in KINDS {
        let scene = Scene::new(kind).await;
        let reading = async {
            let mut rows = sqlx::query(endless(kind)).fetch(&scene.pool);
            rows.try_next().await?.expect("a row");
            assert_eq!(scene.host.pool_stats().backends.leased, 1);
            eventually("the statement is cancelled", async || {
                scene.host.pool_stats().backends.leased == 0
            })
            .await;
            while rows.try_next().await?.is_some() {}
            Ok(())
        };
        let late = soon("it", with_deadline(Duration::from_millis(500), reading)).await;
        is_late(&late.unwrap_err());
        scene.finish().await;
    }
}

/// What the deadline cancels in a transaction may doom it: the commit must say so.
#[tokio::test]
async fn inside_a_transaction() {
    for kind in KINDS {
        let scene = Scene::new(kind).await;
        let mut transaction = scene.pool.begin().await.unwrap();
        sqlx::query("INSERT INTO t VALUES (1)")
            .execute(&mut *transaction)
            .await
            .unwrap();
        let call = sqlx::query(silent(kind)).execute(&mut *transaction);
        let late = with_deadline(Duration::from_millis(100), call).await;
        is_late(&late.unwrap_err());
        let committed = soon("the commit", transaction.commit()).await;
        match kind {
            DatabaseKind::Postgres => {
                let error = committed.unwrap_err();
                assert_eq!(code(&error), Some(Code::TRANSACTION_FAILED), "{error}");
            }
            // What was cancelled had only read.
            _ => {
                committed.unwrap();
                let done = sqlx::query("DELETE FROM t")
                    .execute(&scene.pool)
                    .await
                    .unwrap();
                assert_eq!(done.rows_affected(), 1);
            }
        }
        scene.finish().await;
    }
}

#[tokio::test]
async fn while_preparing_waits_for_a_lock() {
    let place = Place::new(DatabaseKind::Postgres, 2).await;
    let host = place.host().start().await.unwrap();
    let pool = plugin(&host, "hurried").await;
    sqlx::raw_sql("CREATE TABLE t (n BIGINT)")
        .execute(&pool)
        .await
        .unwrap();
    let mut holder = pool.begin().await.unwrap();
    sqlx::query("LOCK TABLE t IN ACCESS EXCLUSIVE MODE")
        .execute(&mut *holder)
        .await
        .unwrap();
    let mut connection = pool.acquire().await.unwrap();
    let prepare = sqlx::Executor::prepare(
        &mut *connection,
        sqlx::SqlSafeStr::into_sql_str("SELECT n FROM t"),
    );
    let late = soon("it", with_deadline(Duration::from_millis(100), prepare)).await;
    is_late(&late.unwrap_err());
    eventually("it is cancelled", async || {
        host.pool_stats().backends.leased == 1
    })
    .await;
    holder.rollback().await.unwrap();
    place.finish(host).await;
}
