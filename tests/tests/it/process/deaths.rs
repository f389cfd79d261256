//! A plugin killed in every state that the protocol has: what it had is back within a moment.

use std::env;
use std::time::{Duration, Instant};

use futures_util::TryStreamExt;
use onepool_host::Host;
use onepool_proto::endpoint::ENDPOINT_VARIABLE;
use onepool_sdk::{
    BatchExecutor, BatchMode, DatabaseKind, OnepoolArguments, OnepoolPool, OnepoolTransaction,
};
use tokio::io::AsyncWriteExt;
use tokio::net::UnixStream;

use super::child::{Line, Stage, kill, launched};
use super::deadlines::{endless, silent};
use super::place::{LONG, Place, eventually, plugin, soon};

/// How soon after a plugin's death everything that it had is back, but for what the database takes
/// to obey.
const SOON: Duration = Duration::from_millis(100);

/// On a busy machine nothing is soon; so one of these many deaths must be.
const ATTEMPTS: usize = 20;

/// Where a plugin can be when it dies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    InHandshake,
    Idle,
    Queued,
    Executing,
    Writing,
    Streaming,
    StreamingInATransaction,
    InATransaction,
    Pinned,
    InCommit,
    InABatch,
    InACancel,
}

const STATES: [State; 12] = [
    State::InHandshake,
    State::Idle,
    State::Queued,
    State::Executing,
    State::Writing,
    State::Streaming,
    State::StreamingInATransaction,
    State::InATransaction,
    State::Pinned,
    State::InCommit,
    State::InABatch,
    State::InACancel,
];

/// A write that goes on until it is cancelled.
fn endless_write(kind: DatabaseKind) -> &'static str {
    match kind {
        DatabaseKind::Sqlite => {
            "INSERT INTO t WITH RECURSIVE n(i) AS (SELECT 1000 UNION ALL SELECT i + 1 FROM n) \
             SELECT i FROM n WHERE i = 1000 OR i < 0"
        }
        DatabaseKind::Postgres => "INSERT INTO t SELECT 1000 FROM pg_sleep(600)",
        DatabaseKind::MySql => "INSERT INTO t SELECT 1000 + sleep(600)",
    }
}

/// The plugin's side: gets into the state, says so, and stays in it.
#[expect(
    clippy::too_many_lines,
    reason = "a list of states, one after the other"
)]
pub(super) async fn victim(state: &str, line: &mut Line) {
    let state = STATES
        .into_iter()
        .find(|known| format!("{known:?}") == state);
    let state = state.expect("a state");
    line.hear().await;
    if state == State::InHandshake {
        let mut socket = UnixStream::connect(env::var(ENDPOINT_VARIABLE).unwrap())
            .await
            .unwrap();
        socket.write_all(b"onepool\n\x05").await.unwrap();
        stay(line).await;
        return;
    }
    let pool = launched().await;
    let kind = pool.acquire().await.unwrap().database();
    match state {
        State::InHandshake | State::Idle => stay(line).await,
        State::Queued => {
            line.say("here").await;
            let write = sqlx::query("INSERT INTO t VALUES (1000)")
                .execute(&pool)
                .await;
            panic!("{write:?}");
        }
        State::Executing => {
            line.say("here").await;
            let read = sqlx::query(silent(kind)).execute(&pool).await;
            panic!("{read:?}");
        }
        State::Writing => {
            line.say("here").await;
            let write = sqlx::query(endless_write(kind)).execute(&pool).await;
            panic!("{write:?}");
        }
        State::Streaming => {
            let mut rows = sqlx::query(endless(kind)).fetch(&pool);
            for _ in 0..10_000 {
                rows.try_next().await.unwrap();
            }
            stay(line).await;
        }
        State::StreamingInATransaction => {
            let mut transaction = begun(&pool).await;
            let mut rows = sqlx::query(endless(kind)).fetch(&mut *transaction);
            rows.try_next().await.unwrap();
            stay(line).await;
        }
        State::InATransaction => {
            let _transaction = begun(&pool).await;
            stay(line).await;
        }
        State::Pinned => {
            let mut connection = pool.acquire().await.unwrap();
            let pin = "CREATE TEMPORARY TABLE mine (n INT)";
            sqlx::raw_sql(pin).execute(&mut *connection).await.unwrap();
            stay(line).await;
        }
        State::InCommit => commits(&pool, line).await,
        State::InABatch => {
            line.say("here").await;
            let insert = match kind {
                DatabaseKind::Postgres => "INSERT INTO t VALUES ($1)",
                _ => "INSERT INTO t VALUES (?)",
            };
            let set = |n| OnepoolArguments::default().bind(n).unwrap();
            for first in (1_000..).step_by(100_000) {
                let sets = (first..first + 39_000_i64).map(set);
                let mode = BatchMode::AllOrNothing;
                pool.execute_batch(insert, sets, mode).await.unwrap();
                // Only one that was cut short is to be seen.
                sqlx::query("DELETE FROM t WHERE n >= 1000")
                    .execute(&pool)
                    .await
                    .unwrap();
            }
        }
        State::InACancel => {
            line.say("here").await;
            loop {
                let call = sqlx::query(silent(kind)).execute(&pool);
                let _ = tokio::time::timeout(Duration::from_millis(3), call).await;
            }
        }
    }
}

async fn stay(line: &mut Line) {
    line.say("here").await;
    line.try_hear().await;
}

async fn begun(pool: &OnepoolPool) -> OnepoolTransaction<'static> {
    let mut transaction = pool.begin().await.unwrap();
    let insert = sqlx::query("INSERT INTO t VALUES (1000)");
    insert.execute(&mut *transaction).await.unwrap();
    transaction
}

/// Two rows a transaction, one transaction after the other.
async fn commits(pool: &OnepoolPool, line: &mut Line) {
    line.say("here").await;
    loop {
        let mut transaction = pool.begin().await.unwrap();
        for insert in [
            "INSERT INTO pairs VALUES (1)",
            "INSERT INTO pairs VALUES (2)",
        ] {
            sqlx::query(insert)
                .execute(&mut *transaction)
                .await
                .unwrap();
        }
        transaction.commit().await.unwrap();
    }
}

/// On PostgreSQL, commits of pairs take a while.
const SLOW_COMMITS: &str = "CREATE FUNCTION slow() RETURNS trigger LANGUAGE plpgsql AS \
    $$ BEGIN PERFORM pg_sleep(0.05); RETURN NULL; END $$; \
    CREATE CONSTRAINT TRIGGER slow AFTER INSERT ON pairs DEFERRABLE INITIALLY DEFERRED \
    FOR EACH ROW EXECUTE FUNCTION slow()";

/// One death. Answers how long it took until everything was back.
async fn die(kind: DatabaseKind, state: State, moment: Duration) -> Duration {
    let place = Place::new(kind, 2).await;
    let stage = Stage::new();
    let victim = stage.plugin("victim", &format!("dies {state:?}"));
    let host = place.host().plugin(victim).start().await.unwrap();
    let mut line = stage.enter().await;
    let pid = line.hear().await;
    let pool = plugin(&host, "heir").await;
    for sql in [
        "CREATE TABLE t (n BIGINT)",
        "CREATE TABLE pairs (n BIGINT)",
        if kind == DatabaseKind::Postgres {
            SLOW_COMMITS
        } else {
            "SELECT 1"
        },
    ] {
        sqlx::raw_sql(sql).execute(&pool).await.unwrap();
    }
    let mut holders = Vec::new();
    if state == State::Queued {
        // On SQLite the writer's lane is one.
        for _ in 0..if kind == DatabaseKind::Sqlite { 1 } else { 2 } {
            let mut holder = pool.begin().await.unwrap();
            let insert = sqlx::query("INSERT INTO pairs VALUES (0), (0)");
            insert.execute(&mut *holder).await.unwrap();
            holders.push(holder);
        }
    }
    line.say("begin").await;
    assert_eq!(line.hear().await, "here");
    arrives(&host, state).await;
    tokio::time::sleep(moment).await;
    kill(&pid);
    let died = Instant::now();
    let held = u32::try_from(holders.len()).unwrap();
    eventually("what it had is back", async || {
        let stats = host.pool_stats();
        host.stats().sessions == 1
            && (
                stats.backends.leased,
                stats.backends.resetting,
                stats.waiting,
            ) == (held, 0, 0)
    })
    .await;
    let took = died.elapsed();
    assert!(soon("its end", host.plugin_ended("victim")).await.is_some());
    drop(holders);
    nothing_is_left(&pool).await;
    place.finish(host).await;
    took
}

/// Waits until the host knows of what the victim does.
async fn arrives(host: &Host, state: State) {
    eventually("the victim gets there", async || {
        let stats = host.pool_stats();
        match state {
            State::InHandshake | State::Idle => true,
            State::Queued => stats.waiting == 1,
            State::InACancel => stats.cancels.sent > 0,
            _ => stats.backends.leased == 1,
        }
    })
    .await;
}

async fn nothing_is_left(pool: &OnepoolPool) {
    let count = |sql| async move {
        let count = sqlx::query_scalar::<_, i64>(sql).fetch_one(pool);
        soon("the heir", count).await.unwrap()
    };
    // Of a batch that was over when the plugin died, all of it may be there, or nothing.
    let left = count("SELECT count(*) FROM t").await;
    assert!([0, 39_000].contains(&left), "{left} rows were left");
    let singles = count("SELECT count(*) % 2 FROM pairs").await;
    assert_eq!(singles, 0, "half a transaction was committed");
    let write = sqlx::query("INSERT INTO t VALUES (1)").execute(pool);
    soon("a write", write).await.unwrap();
}

async fn in_every_state(kind: DatabaseKind) {
    for (round, state) in STATES.into_iter().enumerate() {
        let mut took = Vec::new();
        for attempt in 0..ATTEMPTS {
            // A state has many moments.
            let moment = Duration::from_micros((round + 3 * attempt) as u64 * 700);
            let death = tokio::time::timeout(LONG, die(kind, state, moment));
            took.push(death.await.unwrap_or_else(|_| panic!("{state:?} hangs")));
            if took.last().is_some_and(|took| *took < SOON) && attempt > 0 {
                break;
            }
        }
        assert!(took.iter().any(|took| *took < SOON), "{state:?}: {took:?}");
    }
}

#[tokio::test]
async fn in_every_state_on_sqlite() {
    in_every_state(DatabaseKind::Sqlite).await;
}

#[tokio::test]
async fn in_every_state_on_postgres() {
    in_every_state(DatabaseKind::Postgres).await;
}

#[tokio::test]
async fn in_every_state_on_mariadb() {
    in_every_state(DatabaseKind::MySql).await;
}
