//! A plugin killed in the middle of something: what it had is undone and given back, and nobody
//! else notices.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use futures_util::TryStreamExt;
use onepool_host::Host;
use onepool_sdk::{DatabaseKind, OnepoolPool};

use super::child::{Line, Stage, kill};
use super::place::{LONG, Place, eventually, plugin, soon};

/// The mark by which the victim's statement is known to the server.
const MARK: &str = "/* the victim's */";

/// How soon a victim's statement is cancelled, on a busy machine.
const SOON: Duration = Duration::from_secs(3);

/// A statement that gives rows until somebody stops it, and so does not end by itself.
fn endless(kind: DatabaseKind) -> &'static str {
    match kind {
        DatabaseKind::Sqlite => {
            "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) \
             SELECT i FROM n /* the victim's */"
        }
        DatabaseKind::Postgres => {
            "SELECT a FROM generate_series(1, 100000) a, generate_series(1, 100000) b \
             /* the victim's */"
        }
        DatabaseKind::MySql => {
            "SELECT a.seq FROM seq_1_to_100000 a, seq_1_to_100000 b /* the victim's */"
        }
    }
}

/// A statement that gives no row for longer than any test waits.
fn silent(kind: DatabaseKind) -> &'static str {
    match kind {
        DatabaseKind::Sqlite => {
            "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) \
             SELECT i FROM n WHERE i < 0 /* the victim's */"
        }
        DatabaseKind::Postgres => "SELECT pg_sleep(600) /* the victim's */",
        DatabaseKind::MySql => "SELECT sleep(600) /* the victim's */",
    }
}

/// The plugin's side: does what is to be interrupted, and says when it is in the middle of it.
pub(super) async fn victim(how: &str, pool: &OnepoolPool, line: &mut Line) {
    let kind = pool.acquire().await.unwrap().database();
    line.hear().await;
    let mut transaction = pool.begin().await.unwrap();
    sqlx::query("INSERT INTO kept VALUES (666)")
        .execute(&mut *transaction)
        .await
        .unwrap();
    match how {
        "in a transaction" => {
            line.say("here").await;
            line.try_hear().await;
        }
        "streaming" => {
            let mut rows = sqlx::query(endless(kind)).fetch(&mut *transaction);
            rows.try_next().await.unwrap();
            line.say("here").await;
            line.try_hear().await;
        }
        "running" => {
            line.say("here").await;
            let ended = sqlx::query(silent(kind)).execute(&mut *transaction).await;
            panic!("{ended:?}");
        }
        _ => panic!("no such way to be killed: {how}"),
    }
}

/// Reads and writes for as long as it is told to, and counts.
async fn neighbour(host: &Host, kind: DatabaseKind, on: Arc<AtomicBool>) -> u32 {
    let pool = plugin(host, "neighbour").await;
    let mut rounds = 0;
    while on.load(Ordering::Relaxed) {
        let one: i64 = sqlx::query_scalar("SELECT n FROM kept WHERE n = 1")
            .fetch_one(&pool)
            .await
            .unwrap();
        assert_eq!(one, 1);
        if kind != DatabaseKind::Sqlite {
            let update = sqlx::query("UPDATE kept SET n = 2 WHERE n = 2");
            update.execute(&pool).await.unwrap();
        }
        rounds += 1;
    }
    rounds
}

/// Takes every backend there is, and what the victim held in the database.
async fn inherits(pool: &OnepoolPool, kind: DatabaseKind) {
    // On SQLite, nobody could write if the victim still held its lane.
    let writes = [
        "INSERT INTO kept VALUES (666)",
        "UPDATE kept SET n = 1 WHERE n = 1",
    ];
    let at_once = if kind == DatabaseKind::Sqlite { 1 } else { 2 };
    let mut heirs = Vec::new();
    for write in &writes[..at_once] {
        let mut transaction = pool.begin().await.unwrap();
        let write = sqlx::query(*write).execute(&mut *transaction);
        soon("what the victim had", write).await.unwrap();
        heirs.push(transaction);
    }
    drop(heirs);
    let left: i64 = sqlx::query_scalar("SELECT count(*) FROM kept WHERE n > 2")
        .fetch_one(pool)
        .await
        .unwrap();
    assert_eq!(left, 0, "what it had not committed is not there");
}

async fn killed(kind: DatabaseKind, how: &str) {
    let place = Place::new(kind, 2).await;
    let stage = Stage::new();
    let victim = stage.plugin("victim", &format!("killed {how}"));
    let host = place.host().plugin(victim).start().await.unwrap();
    let mut line = stage.enter().await;
    let pid = line.hear().await;
    let pool = plugin(&host, "heir").await;
    for sql in [
        "CREATE TABLE kept (n BIGINT PRIMARY KEY)",
        "INSERT INTO kept VALUES (1), (2)",
    ] {
        sqlx::raw_sql(sql).execute(&pool).await.unwrap();
    }
    line.say("begin").await;
    assert_eq!(line.hear().await, "here");
    let on = Arc::new(AtomicBool::new(true));
    let undisturbed = neighbour(&host, kind, Arc::clone(&on));
    let killing = async {
        if how == "running" {
            eventually("the statement runs", async || {
                place.running(MARK).await.is_none_or(|count| count == 1)
            })
            .await;
        }
        assert!(host.pool_stats().backends.leased > 0);
        kill(&pid);
        let killed = Instant::now();
        assert!(soon("its end", host.plugin_ended("victim")).await.is_some());
        eventually("its session has ended", async || host.stats().sessions == 2).await;
        eventually("its statement was cancelled", async || {
            place.running(MARK).await.is_none_or(|count| count == 0)
        })
        .await;
        // It takes milliseconds; once it took seconds, in which the host only discarded rows.
        assert!(killed.elapsed() < SOON, "{:?}", killed.elapsed());
        inherits(&pool, kind).await;
        on.store(false, Ordering::Relaxed);
    };
    let (rounds, ()) = tokio::time::timeout(LONG * 2, async { tokio::join!(undisturbed, killing) })
        .await
        .expect("all goes on");
    assert!(rounds > 0);
    place.finish(host).await;
}

#[tokio::test]
async fn in_a_transaction_on_sqlite() {
    killed(DatabaseKind::Sqlite, "in a transaction").await;
}

#[tokio::test]
async fn in_a_transaction_on_postgres() {
    killed(DatabaseKind::Postgres, "in a transaction").await;
}

#[tokio::test]
async fn in_a_transaction_on_mariadb() {
    killed(DatabaseKind::MySql, "in a transaction").await;
}

#[tokio::test]
async fn while_streaming_on_sqlite() {
    killed(DatabaseKind::Sqlite, "streaming").await;
}

#[tokio::test]
async fn while_streaming_on_postgres() {
    killed(DatabaseKind::Postgres, "streaming").await;
}

#[tokio::test]
async fn while_streaming_on_mariadb() {
    killed(DatabaseKind::MySql, "streaming").await;
}

#[tokio::test]
async fn while_running_on_sqlite() {
    killed(DatabaseKind::Sqlite, "running").await;
}

#[tokio::test]
async fn while_running_on_postgres() {
    killed(DatabaseKind::Postgres, "running").await;
}

#[tokio::test]
async fn while_running_on_mariadb() {
    killed(DatabaseKind::MySql, "running").await;
}
