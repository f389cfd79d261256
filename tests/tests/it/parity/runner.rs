//! Runs a scenario three times and compares.

use std::time::Duration;

use onepool_host::Host;
use onepool_sdk::{DatabaseKind, Onepool, OnepoolConnectOptions, OnepoolPoolOptions};
use onepool_tests::{Database, Kind, SqliteFile};
use sqlx::{MySql, Pool, Postgres, Sqlite};
use tokio::time::timeout;

use super::driver::Driver;
use super::stage::Stage;
use super::transcript::Transcript;

/// The cap of every host and of every direct pool.
const CAP: u32 = 5;

/// No scenario takes anywhere near as long, however busy the machine.
const LONGEST: Duration = Duration::from_secs(60);

/// A fresh database of some kind.
pub enum Place {
    File(SqliteFile),
    Server(Database),
}

impl Place {
    pub async fn new(kind: DatabaseKind) -> Self {
        match kind {
            DatabaseKind::Sqlite => Self::File(onepool_tests::sqlite()),
            DatabaseKind::Postgres => {
                Self::Server(Kind::Postgres.server().await.database(CAP).await)
            }
            DatabaseKind::MySql => Self::Server(Kind::MariaDb.server().await.database(CAP).await),
        }
    }

    pub fn url(&self) -> &str {
        match self {
            Self::File(file) => &file.url,
            Self::Server(database) => &database.url,
        }
    }

    /// The database's name, which error messages may hold.
    fn name(&self) -> &str {
        match self {
            Self::File(_) => "test.db",
            Self::Server(database) => &database.name,
        }
    }
}

/// How onepool is reached.
#[derive(Clone, Copy, Debug)]
enum Way {
    Memory,
    Socket,
}

impl Way {
    fn options(self, host: &Host) -> OnepoolConnectOptions {
        match self {
            Self::Memory => host.client("scenario").into(),
            Self::Socket => {
                let path = host.endpoint();
                let token = host.issue_token("scenario").unwrap();
                let token = token.secret();
                format!("onepool://{path}?token={token}&plugin=scenario")
                    .parse()
                    .unwrap()
            }
        }
    }
}

pub async fn on_sqlite(
    direct: impl AsyncFn(&mut Stage<Sqlite>),
    ours: impl AsyncFn(&mut Stage<Onepool>),
) {
    run(DatabaseKind::Sqlite, direct, ours).await;
}

pub async fn on_postgres(
    direct: impl AsyncFn(&mut Stage<Postgres>),
    ours: impl AsyncFn(&mut Stage<Onepool>),
) {
    run(DatabaseKind::Postgres, direct, ours).await;
}

pub async fn on_mariadb(
    direct: impl AsyncFn(&mut Stage<MySql>),
    ours: impl AsyncFn(&mut Stage<Onepool>),
) {
    run(DatabaseKind::MySql, direct, ours).await;
}

async fn run<DB: Driver>(
    kind: DatabaseKind,
    direct: impl AsyncFn(&mut Stage<DB>),
    ours: impl AsyncFn(&mut Stage<Onepool>),
) {
    let expected = through_the_driver(kind, direct).await;
    for way in [Way::Memory, Way::Socket] {
        let seen = through_onepool(kind, way, &ours).await;
        seen.expect_same_as(&expected, &format!("onepool on {kind}, by way of {way:?},"));
    }
}

async fn through_the_driver<DB: Driver>(
    kind: DatabaseKind,
    scenario: impl AsyncFn(&mut Stage<DB>),
) -> Transcript {
    println!("--- through the direct driver");
    let place = Place::new(kind).await;
    let options = sqlx::pool::PoolOptions::new().max_connections(CAP);
    let pool = options.connect(place.url()).await.unwrap();
    play(kind, pool, place.name(), scenario).await
}

async fn through_onepool(
    kind: DatabaseKind,
    way: Way,
    scenario: impl AsyncFn(&mut Stage<Onepool>),
) -> Transcript {
    println!("--- through onepool, by way of {way:?}");
    let place = Place::new(kind).await;
    let host = Host::builder()
        .database(place.url())
        .max_connections(CAP)
        .start()
        .await
        .unwrap();
    let pool = OnepoolPoolOptions::new()
        .connect_with(way.options(&host))
        .await
        .unwrap();
    let transcript = play(kind, pool.clone(), place.name(), scenario).await;
    let closing = async {
        pool.close().await;
        host.stop().await;
    };
    assert!(
        timeout(LONGEST, closing).await.is_ok(),
        "what the scenario left behind never ends"
    );
    if let Place::Server(database) = &place {
        assert_eq!(
            database.refusals().await,
            0,
            "more connections than the cap"
        );
    }
    transcript
}

async fn play<DB: Driver>(
    kind: DatabaseKind,
    pool: Pool<DB>,
    database: &str,
    scenario: impl AsyncFn(&mut Stage<DB>),
) -> Transcript {
    let mut stage = Stage::new(kind, pool);
    let ended = timeout(LONGEST, scenario(&mut stage)).await;
    assert!(
        ended.is_ok(),
        "the scenario hangs after the last line above"
    );
    stage.transcript.replace(database, "(database)");
    stage.transcript.forget_statement_numbers();
    stage.transcript
}
