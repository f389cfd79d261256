//! Large cells, and results that are larger than anybody's memory should grow.

use std::process::{Command, Stdio};
use std::time::Duration;

use futures_util::TryStreamExt;
use onepool_host::Host;
use onepool_sdk::{DatabaseKind, OnepoolConnectOptions, OnepoolPool, OnepoolPoolOptions};

use super::child::{Line, Stage};
use super::place::{LONG, Place, soon};

const MIB: u64 = 1024 * 1024;
const ROWS: i64 = 1_000_000;

/// A cell of 64 MiB, that goes to the database and comes back, through a socket.
async fn a_large_cell(kind: DatabaseKind, create: &'static str, insert: &'static str) {
    let place = Place::new(kind, 1).await;
    let host = place.host().start().await.unwrap();
    let options = OnepoolConnectOptions::endpoint(host.endpoint().clone())
        .plugin("large")
        .token(host.issue_token("large").unwrap().secret());
    let pool = OnepoolPoolOptions::new();
    let pool = pool.connect_with(options).await.unwrap();
    sqlx::raw_sql(create).execute(&pool).await.unwrap();
    // No two parts of it are alike, so that none can take another's place.
    let cell: Vec<u8> = (0..16 * MIB as u32).flat_map(u32::to_le_bytes).collect();
    let stored = sqlx::query(insert).bind(&cell).execute(&pool);
    assert_eq!(soon("in", stored).await.unwrap().rows_affected(), 1);
    let back = sqlx::query_scalar("SELECT cell FROM large").fetch_one(&pool);
    let back: Vec<u8> = soon("out", back).await.unwrap();
    assert!(back == cell, "{} bytes came back", back.len());
    pool.close().await;
    place.finish(host).await;
}

#[tokio::test]
async fn a_large_cell_on_sqlite() {
    let create = "CREATE TABLE large (cell BLOB)";
    a_large_cell(DatabaseKind::Sqlite, create, "INSERT INTO large VALUES (?)").await;
}

#[tokio::test]
async fn a_large_cell_on_postgres() {
    let create = "CREATE TABLE large (cell BYTEA)";
    let insert = "INSERT INTO large VALUES ($1)";
    a_large_cell(DatabaseKind::Postgres, create, insert).await;
}

#[tokio::test]
async fn a_large_cell_on_mariadb() {
    let create = "CREATE TABLE large (cell LONGBLOB)";
    a_large_cell(DatabaseKind::MySql, create, "INSERT INTO large VALUES (?)").await;
}

/// The memory that a process has to itself, in bytes.
pub(super) fn memory_of(pid: &str) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("RssAnon:"));
    let kib = line.unwrap().trim().trim_end_matches(" kB");
    kib.parse::<u64>().unwrap() * 1024
}

/// A host in a process of its own, which launches the plugin `streamer`.
pub(super) async fn host_process(url: &str, line: &mut Line) {
    let stage = Stage::new();
    let host = Host::builder()
        .database(url)
        .max_connections(2)
        .plugin(stage.plugin("streamer", "streamer"))
        .start()
        .await
        .unwrap();
    let mut streamer = stage.enter().await;
    let pid = streamer.hear().await;
    line.say(&pid).await;
    // Whatever one of them says, the other hears, until the test hangs up.
    loop {
        let Some(order) = line.try_hear().await else {
            break;
        };
        streamer.say(&order).await;
        let Some(reply) = streamer.try_hear().await else {
            break;
        };
        line.say(&reply).await;
    }
    drop(streamer);
    host.stop().await;
}

/// Reads as many rows as it is told to, and says so.
pub(super) async fn streamer(pool: &OnepoolPool, line: &mut Line) {
    let kind = pool.acquire().await.unwrap().database();
    while let Some(order) = line.try_hear().await {
        let wanted: i64 = order.parse().unwrap();
        let sql = match kind {
            DatabaseKind::Postgres => {
                "SELECT n, 'a row of some length, the number of which is ' || n \
                 FROM generate_series(1, $1) n"
            }
            DatabaseKind::MySql => {
                "SELECT CAST(seq AS SIGNED), \
                 concat('a row of some length, the number of which is ', seq) \
                 FROM seq_1_to_1000000 WHERE seq <= ?"
            }
            DatabaseKind::Sqlite => {
                "WITH RECURSIVE s(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM s WHERE n < $1) \
                 SELECT n, 'a row of some length, the number of which is ' || n FROM s"
            }
        };
        let mut rows = sqlx::query_as::<_, (i64, String)>(sql)
            .bind(wanted)
            .fetch(pool);
        let mut sum = 0;
        while let Some((n, text)) = rows.try_next().await.unwrap() {
            assert!(text.len() > 40);
            sum += n;
        }
        line.say(&sum.to_string()).await;
    }
}

/// How much a process has grown at most since it was first looked at.
struct Growth {
    pid: String,
    first: u64,
    most: u64,
}

impl Growth {
    fn of(pid: String) -> Self {
        let first = memory_of(&pid);
        Self {
            pid,
            first,
            most: first,
        }
    }

    fn look(&mut self) {
        self.most = self.most.max(memory_of(&self.pid));
    }

    fn check(&self, who: &str) {
        let grown = self.most - self.first;
        assert!(
            grown < 8 * MIB,
            "the {who} has grown by {} KiB",
            grown / 1024
        );
    }
}

async fn a_million_rows(kind: DatabaseKind) {
    let place = Place::new(kind, 1 + u32::from(kind == DatabaseKind::Sqlite)).await;
    let stage = Stage::new();
    let mut host = Command::new(std::env::current_exe().unwrap());
    let mut host = stage
        .play(&mut host, &format!("host {}", place.url))
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    let mut line = stage.enter().await;
    let host_pid = line.hear().await;
    let plugin_pid = line.hear().await;
    // What both need anyway they have after this.
    line.say("100000").await;
    assert_eq!(line.hear().await, "5000050000");
    let mut processes = [Growth::of(host_pid), Growth::of(plugin_pid)];
    line.say(&ROWS.to_string()).await;
    let looking = async {
        let mut often = tokio::time::interval(Duration::from_millis(10));
        loop {
            often.tick().await;
            processes.iter_mut().for_each(Growth::look);
        }
    };
    let sum = tokio::select! {
        sum = tokio::time::timeout(LONG * 4, line.try_hear()) => sum.expect("the rows end"),
        () = looking => None,
    };
    assert_eq!(sum, Some((ROWS * (ROWS + 1) / 2).to_string()));
    drop(line);
    let ended = tokio::task::spawn_blocking(move || host.wait().unwrap());
    assert!(soon("the host's end", ended).await.unwrap().success());
    for (process, who) in processes.iter().zip(["host", "plugin"]) {
        process.check(who);
    }
    place.referee().await;
}

#[tokio::test]
async fn a_million_rows_on_sqlite() {
    a_million_rows(DatabaseKind::Sqlite).await;
}

#[tokio::test]
async fn a_million_rows_on_postgres() {
    a_million_rows(DatabaseKind::Postgres).await;
}

#[tokio::test]
async fn a_million_rows_on_mariadb() {
    a_million_rows(DatabaseKind::MySql).await;
}
