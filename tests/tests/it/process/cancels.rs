//! Ten thousand cancels, and a neighbour on the same backends who notices none of them.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use futures_util::TryStreamExt;
use futures_util::future::join_all;
use onepool_host::Host;
use onepool_sdk::{Code, DatabaseKind, OnepoolError, OnepoolPool, with_deadline};
use onepool_tests::{Mark, Which};
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use tokio::time::timeout;

use super::place::{LONG, Place, eventually, plugin, quiet, soon};

/// Callers that cancel at once, on two backends: some wait in the queue, and some run.
const CANCELLERS: u64 = 5;

/// What is to be cancelled: it only reads, and goes on for longer than anybody waits for it.
fn slow(kind: DatabaseKind) -> &'static str {
    match kind {
        DatabaseKind::Postgres => "SELECT pg_sleep(5)",
        _ => "SELECT sleep(5)",
    }
}

/// The same with rows that come at once.
fn endless(kind: DatabaseKind) -> &'static str {
    match kind {
        DatabaseKind::Postgres => {
            "SELECT a FROM generate_series(1, 3000) a, generate_series(1, 100000) b"
        }
        _ => "SELECT a.seq FROM seq_1_to_100000 a, seq_1_to_100000 b",
    }
}

/// Makes calls and gives each up after a moment, in every way there is.
struct Canceller<'a> {
    pool: &'a OnepoolPool,
    kind: DatabaseKind,
    random: StdRng,
    host: &'a Host,
    /// How many calls were given up, by all together.
    given_up: &'a AtomicU64,
}

/// How many calls are to be given up, and how many of them are to be cancelled in the database.
#[derive(Clone, Copy)]
struct Goal {
    given_up: u64,
    hit: u64,
}

impl Canceller<'_> {
    async fn run(mut self, goal: Goal) {
        while self.given_up.load(Ordering::Relaxed) < goal.given_up
            || self.host.pool_stats().cancels.hit < goal.hit
        {
            let moment = Duration::from_micros(self.random.random_range(0..10_000));
            let gave_up = match self.random.random_range(0..4) {
                0 => self.times_out(moment).await,
                1 => self.is_dropped(moment).await,
                2 => self.stops_reading(moment).await,
                _ => self.misses_its_deadline(moment).await,
            };
            self.given_up
                .fetch_add(u64::from(gave_up), Ordering::Relaxed);
        }
    }

    async fn times_out(&self, moment: Duration) -> bool {
        let call = sqlx::query(slow(self.kind)).execute(self.pool);
        timeout(moment, call).await.is_err()
    }

    /// The future goes while others of the same task go on.
    async fn is_dropped(&self, moment: Duration) -> bool {
        let call = sqlx::query(slow(self.kind)).execute(self.pool);
        tokio::select! {
            _ = call => false,
            () = tokio::time::sleep(moment) => true,
        }
    }

    async fn stops_reading(&mut self, moment: Duration) -> bool {
        let mut rows = sqlx::query(endless(self.kind)).fetch(self.pool);
        let read = async {
            for _ in 0..self.random.random_range(1..2_000) {
                rows.try_next().await.unwrap();
            }
        };
        let _ = timeout(moment * 2, read).await;
        true
    }

    async fn misses_its_deadline(&self, moment: Duration) -> bool {
        let call = sqlx::query(slow(self.kind)).execute(self.pool);
        let error = with_deadline(moment, call).await.unwrap_err();
        let code = OnepoolError::of(&error).map(OnepoolError::code);
        assert_eq!(code, Some(Code::DEADLINE_EXCEEDED), "{error}");
        true
    }
}

/// Runs statements of every sort for as long as it is told to, of which none may fail.
async fn neighbour(pool: &OnepoolPool, kind: DatabaseKind, on: &AtomicBool) -> u64 {
    let (echo, add, brief) = match kind {
        DatabaseKind::Postgres => (
            "SELECT $1",
            "UPDATE tally SET n = n + 1",
            "SELECT 1 FROM pg_sleep(0.002)",
        ),
        _ => (
            "SELECT ?",
            "UPDATE tally SET n = n + 1",
            "SELECT 1 + sleep(0.002)",
        ),
    };
    let mut rounds = 0;
    while on.load(Ordering::Relaxed) {
        let said: i64 = sqlx::query_scalar(echo)
            .bind(rounds)
            .fetch_one(pool)
            .await
            .unwrap();
        assert_eq!(said, rounds);
        sqlx::query(brief).execute(pool).await.unwrap();
        let mut transaction = pool.begin().await.unwrap();
        sqlx::query(add).execute(&mut *transaction).await.unwrap();
        sqlx::query(brief).execute(&mut *transaction).await.unwrap();
        transaction.commit().await.unwrap();
        rounds += 1;
    }
    u64::try_from(rounds).unwrap()
}

async fn cancels(kind: DatabaseKind, goal: Goal) {
    let place = Place::new(kind, 2).await;
    let host = place.host().start().await.unwrap();
    let (one, other) = (
        plugin(&host, "canceller").await,
        plugin(&host, "neighbour").await,
    );
    for sql in [
        "CREATE TABLE tally (n BIGINT)",
        "INSERT INTO tally VALUES (0)",
    ] {
        sqlx::raw_sql(sql).execute(&other).await.unwrap();
    }
    let (on, given_up) = (AtomicBool::new(true), AtomicU64::new(0));
    let cancelling = async {
        let cancellers = (0..CANCELLERS).map(|seed| {
            let canceller = Canceller {
                pool: &one,
                kind,
                host: &host,
                random: StdRng::seed_from_u64(seed),
                given_up: &given_up,
            };
            canceller.run(goal)
        });
        join_all(cancellers).await;
        on.store(false, Ordering::Relaxed);
    };
    let work = async { tokio::join!(neighbour(&other, kind, &on), cancelling) };
    let (rounds, ()) = timeout(LONG * 10, work).await.expect("all goes on");
    quiet(&host).await;
    let stats = host.pool_stats();
    assert!(stats.cancels.hit >= goal.hit, "{stats:?}");
    // A statement that is slow to end is sent another; a storm would be something else.
    assert!(stats.cancels.sent < stats.cancels.hit * 6, "{stats:?}");
    let tally: i64 = sqlx::query_scalar("SELECT n FROM tally")
        .fetch_one(&other)
        .await
        .unwrap();
    assert_eq!(tally, i64::try_from(rounds).unwrap());
    assert!(rounds > 100, "the neighbour hardly had a turn: {rounds}");
    place.finish(host).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ten_thousand_on_postgres() {
    let goal = Goal {
        given_up: 10_000,
        hit: 2_000,
    };
    cancels(DatabaseKind::Postgres, goal).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_thousand_on_mariadb() {
    let goal = Goal {
        given_up: 2_000,
        hit: 400,
    };
    cancels(DatabaseKind::MySql, goal).await;
}

/// A cancel that is on its way when its statement ends by itself arrives while the next one would
/// run. Two thousand quick ones never did: the server obeys at once. So this one is kept back.
async fn a_late_one_hits_nobody(kind: DatabaseKind, cancel: &'static str) {
    let place = Place::new(kind, 1).await;
    let proxy = place.proxy().unwrap();
    let host = Host::builder()
        .database(proxy.url())
        .max_connections(place.cap);
    let host = host.start().await.unwrap();
    let (one, other) = (
        plugin(&host, "canceller").await,
        plugin(&host, "neighbour").await,
    );
    let (brief, next) = match kind {
        DatabaseKind::Postgres => ("SELECT pg_sleep(0.3)", "SELECT 1 FROM pg_sleep(0.7)"),
        _ => ("SELECT sleep(0.3)", "SELECT 1 + sleep(0.7)"),
    };
    for _ in 0..5 {
        let kept = proxy.keep(Which::Marked(Mark::Text(cancel)));
        let call = sqlx::query(brief).execute(&one);
        let dropped = timeout(Duration::from_millis(100), call).await;
        assert!(dropped.is_err(), "it takes longer");
        soon("a cancel is sent", kept.came()).await;
        eventually("the statement has ended by itself", async || {
            place.running("sleep(0.3)").await == Some(0)
        })
        .await;
        // There is one backend: nobody may have it before the cancel has been answered.
        let neighbour = tokio::spawn({
            let other = other.clone();
            async move { sqlx::query_scalar::<_, i32>(next).fetch_one(&other).await }
        });
        eventually("the neighbour waits, or runs", async || {
            busy(&host) == (1, 1) || place.running("sleep(0.7)").await == Some(1)
        })
        .await;
        let early = timeout(Duration::from_millis(200), async {
            eventually("it runs", async || {
                place.running("sleep(0.7)").await == Some(1)
            })
            .await;
        });
        let early = early.await.is_ok();
        drop(kept);
        let hit = soon("the neighbour's statement", neighbour).await.unwrap();
        assert!(
            !early,
            "the backend was lent while a cancel for it was under way: {hit:?}"
        );
        assert_eq!(hit.unwrap(), 1, "another's cancel hit it");
    }
    place.finish(host).await;
}

#[tokio::test]
async fn a_late_one_hits_nobody_on_postgres() {
    a_late_one_hits_nobody(DatabaseKind::Postgres, "pg_cancel_backend(pid)").await;
}

#[tokio::test]
async fn a_late_one_hits_nobody_on_mariadb() {
    a_late_one_hits_nobody(DatabaseKind::MySql, "KILL QUERY").await;
}

/// Every backend is busy; the cancel comes by the one that is kept for it.
async fn with_every_backend_busy(kind: DatabaseKind) {
    let place = Place::new(kind, 2).await;
    let host = place.host().start().await.unwrap();
    let pool = plugin(&host, "busy").await;
    let mut calls = Vec::new();
    for _ in 0..6 {
        let pool = pool.clone();
        calls.push(tokio::spawn(async move {
            sqlx::query(slow(kind)).execute(&pool).await
        }));
    }
    eventually("two run and four wait", async || busy(&host) == (2, 4)).await;
    for call in &calls {
        call.abort();
    }
    soon("all are given up", quiet(&host)).await;
    let one: i32 = sqlx::query_scalar("SELECT 1")
        .fetch_one(&pool)
        .await
        .unwrap();
    assert_eq!(one, 1);
    place.finish(host).await;
}

fn busy(host: &Host) -> (u32, usize) {
    let stats = host.pool_stats();
    (stats.backends.leased, stats.waiting)
}

#[tokio::test]
async fn with_every_backend_busy_on_postgres() {
    with_every_backend_busy(DatabaseKind::Postgres).await;
}

#[tokio::test]
async fn with_every_backend_busy_on_mariadb() {
    with_every_backend_busy(DatabaseKind::MySql).await;
}

/// A call that waits and is dropped is no longer waited for: at once, and not when its turn comes.
#[tokio::test]
async fn a_dropped_call_leaves_the_queue_at_once() {
    let place = Place::new(DatabaseKind::Sqlite, 1).await;
    let host = place.host().start().await.unwrap();
    let pool = plugin(&host, "impatient").await;
    let mut holder = pool.begin().await.unwrap();
    sqlx::query("CREATE TABLE t (n INT)")
        .execute(&mut *holder)
        .await
        .unwrap();
    let waiting = {
        let pool = pool.clone();
        tokio::spawn(async move { sqlx::query("INSERT INTO t VALUES (1)").execute(&pool).await })
    };
    eventually("it waits", async || busy(&host) == (1, 1)).await;
    waiting.abort();
    eventually("it waits no longer", async || busy(&host) == (1, 0)).await;
    holder.commit().await.unwrap();
    let count: i64 = sqlx::query_scalar("SELECT count(*) FROM t")
        .fetch_one(&pool)
        .await
        .unwrap();
    assert_eq!(count, 0, "it never ran");
    assert_eq!(host.pool_stats().cancels.sent, 0);
    place.finish(host).await;
}
