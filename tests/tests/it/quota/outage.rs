//! The database goes away and comes back, or takes no more writes.

use std::time::{Duration, Instant};

use onepool_host::Code;
use onepool_sdk::OnepoolPool;
use onepool_tests::{Kind, OwnServer};
use sqlx::{Connection, MySqlConnection, PgConnection};

use super::{UNLIMITED, bounded, code, eventually, execute, host, number, plugin};

/// What callers may be told of a database that has just died or is down.
const LOST: [Option<Code>; 3] = [
    Some(Code::DATABASE_DOWN),
    Some(Code::DATABASE_IO),
    Some(Code::LEASE_REVOKED),
];

async fn an_outage(kind: Kind) {
    let server = OwnServer::start(kind).await;
    let database = server.database(3).await;
    let host = host(&database.url, 3).default_quota(UNLIMITED);
    let host = host.start().await.unwrap();
    let pool = plugin(&host, "p").await;
    let mut held = Vec::new();
    for _ in 0..2 {
        let mut transaction = pool.begin().await.unwrap();
        sqlx::query("SELECT 1")
            .execute(&mut *transaction)
            .await
            .unwrap();
        held.push(transaction);
    }
    let waiting: Vec<_> = (0..5)
        .map(|_| {
            let pool = pool.clone();
            tokio::spawn(async move { execute(&pool, "SELECT 1").await })
        })
        .collect();
    eventually("the calls to wait", async || host.pool_stats().waiting == 5).await;
    server.kill().await;

    for mut transaction in held {
        let lost = sqlx::query("SELECT 1").execute(&mut *transaction).await;
        lost.unwrap_err();
    }
    for call in waiting {
        let error = bounded(call).await.unwrap().unwrap_err();
        assert!(LOST.contains(&code(&error)), "{error}");
    }
    eventually("calls to be told that the database is down", async || {
        let error = execute(&pool, "SELECT 1").await.unwrap_err();
        code(&error) == Some(Code::DATABASE_DOWN)
    })
    .await;
    let began = Instant::now();
    for _ in 0..20 {
        let error = execute(&pool, "SELECT 1").await.unwrap_err();
        assert_eq!(code(&error), Some(Code::DATABASE_DOWN), "{error}");
        assert!(
            error.to_string().contains("the host tries again by itself"),
            "{error}"
        );
    }
    assert!(began.elapsed() < Duration::from_secs(2), "they fail fast");

    server.start_again().await;
    eventually("the host to find the database", async || {
        execute(&pool, "SELECT 1").await.is_ok()
    })
    .await;
    let stats = host.pool_stats();
    assert!(stats.peak <= 3 && stats.backends.total() <= 3, "{stats:?}");
    host.stop().await;
    assert_eq!(database.refusals().await, 0);
}

#[tokio::test]
async fn an_outage_of_postgres() {
    an_outage(Kind::Postgres).await;
}

#[tokio::test]
async fn an_outage_of_mariadb() {
    an_outage(Kind::MariaDb).await;
}

/// The server dies while it is busy with `write`, of which it has a row once it is `under_way`.
async fn dies_during<W>(
    kind: Kind,
    create: &'static str,
    under_way: &'static str,
    write: impl FnOnce(OnepoolPool) -> W,
) where
    W: Future<Output = sqlx::Result<()>> + Send + 'static,
{
    let server = OwnServer::start(kind).await;
    let database = server.database(3).await;
    let host = host(&database.url, 3).default_quota(UNLIMITED);
    let host = host.start().await.unwrap();
    let pool = plugin(&host, "p").await;
    execute(&pool, create).await.unwrap();
    let written = tokio::spawn(write(pool.clone()));
    eventually("the write to be under way", async || {
        number(&pool, under_way).await.unwrap() == 1
    })
    .await;
    server.kill().await;
    let error = bounded(written).await.unwrap().unwrap_err();
    assert_eq!(code(&error), Some(Code::OUTCOME_UNKNOWN), "{error}");
    server.start_again().await;
    eventually("the host to find the database", async || {
        execute(&pool, "SELECT 1").await.is_ok()
    })
    .await;
    let rows = number(&pool, "SELECT COUNT(*) FROM written").await.unwrap();
    assert_eq!(rows, 0, "it died before it could");
    host.stop().await;
}

#[tokio::test]
async fn a_commit_during_which_postgres_dies() {
    // The servers of the tests acknowledge before they have written.
    let create = "SET LOCAL synchronous_commit = on;
        CREATE TABLE written (i int);
        CREATE FUNCTION linger() RETURNS trigger LANGUAGE plpgsql AS
            'BEGIN PERFORM pg_sleep(60); RETURN NULL; END';
        CREATE CONSTRAINT TRIGGER at_the_end AFTER INSERT ON written
            DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION linger()";
    let under_way = "SELECT count(*) FROM pg_stat_activity
        WHERE query = 'COMMIT' AND wait_event = 'PgSleep'";
    dies_during(Kind::Postgres, create, under_way, |pool| async move {
        let mut transaction = pool.begin().await?;
        let insert = sqlx::query("INSERT INTO written VALUES (1)");
        insert.execute(&mut *transaction).await?;
        transaction.commit().await
    })
    .await;
}

#[tokio::test]
async fn a_write_during_which_mariadb_dies() {
    let create = "CREATE TABLE written (i int)";
    let under_way = "SELECT COUNT(*) FROM information_schema.processlist
        WHERE state = 'User sleep'";
    dies_during(Kind::MariaDb, create, under_way, |pool| async move {
        execute(&pool, "INSERT INTO written SELECT SLEEP(60)").await
    })
    .await;
}

async fn administer(kind: Kind, url: &str, statements: &[&'static str]) {
    for statement in statements {
        let statement = sqlx::raw_sql(sqlx::AssertSqlSafe(*statement));
        match kind {
            Kind::Postgres => {
                let mut connection = PgConnection::connect(url).await.unwrap();
                statement.execute(&mut connection).await.unwrap();
            }
            Kind::MariaDb => {
                let mut connection = MySqlConnection::connect(url).await.unwrap();
                statement.execute(&mut connection).await.unwrap();
            }
        }
    }
}

/// A backend to what was the primary stayed open after a failover, and refused every write for
/// as long as it lived.
async fn a_failover(
    kind: Kind,
    who: &'static str,
    to_replica: &[&'static str],
    back: &[&'static str],
) {
    let server = OwnServer::start(kind).await;
    let database = server.database(2).await;
    let host = host(&database.url, 2).default_quota(UNLIMITED);
    let host = host.start().await.unwrap();
    let pool = plugin(&host, "p").await;
    execute(&pool, "CREATE TABLE seen (i int)").await.unwrap();
    let before = number(&pool, who).await.unwrap();
    assert_eq!(number(&pool, who).await.unwrap(), before);
    administer(kind, &database.admin_url, to_replica).await;
    eventually("a write to be refused", async || {
        execute(&pool, "INSERT INTO seen VALUES (1)").await.is_err()
    })
    .await;
    eventually("the backend to be opened anew", async || {
        number(&pool, who).await.unwrap() != before
    })
    .await;
    administer(kind, &database.admin_url, back).await;
    eventually("a write to succeed", async || {
        execute(&pool, "INSERT INTO seen VALUES (1)").await.is_ok()
    })
    .await;
    host.stop().await;
}

#[tokio::test]
async fn a_read_only_postgres_is_connected_to_anew() {
    let who = "SELECT pg_backend_pid()::int8";
    let to_replica = [
        "ALTER SYSTEM SET default_transaction_read_only = on",
        "SELECT pg_reload_conf()",
    ];
    let back = [
        "ALTER SYSTEM RESET default_transaction_read_only",
        "SELECT pg_reload_conf()",
    ];
    a_failover(Kind::Postgres, who, &to_replica, &back).await;
}

#[tokio::test]
async fn a_read_only_mariadb_is_connected_to_anew() {
    let who = "SELECT CAST(CONNECTION_ID() AS SIGNED)";
    let to_replica = ["SET GLOBAL read_only = 1"];
    a_failover(
        Kind::MariaDb,
        who,
        &to_replica,
        &["SET GLOBAL read_only = 0"],
    )
    .await;
}
