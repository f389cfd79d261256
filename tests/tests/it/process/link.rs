//! The link between the host and its database breaks and lies.

use std::time::Duration;

use onepool_host::Host;
use onepool_sdk::{BatchExecutor, BatchMode, Code, OnepoolArguments, OnepoolPool, with_deadline};
use onepool_tests::{Database, Fault, Kind, Mark, Proxy};
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use sqlx::Error;

use super::deadlines::code;
use super::place::{eventually, plugin, quiet, soon};

const CAP: u32 = 5;

/// A plugin in this process, a host, and a link that can be spoilt.
pub(super) struct Scene {
    pub(super) proxy: Proxy,
    database: Database,
    host: Host,
    pub(super) pool: OnepoolPool,
}

impl Scene {
    pub(super) async fn new(kind: Kind) -> Self {
        Self::with_limit(kind, CAP).await
    }

    /// The same, of whose role the database takes so many connections.
    async fn with_limit(kind: Kind, limit: u32) -> Self {
        let database = kind.server().await.database(limit).await;
        let proxy = Proxy::before(&database);
        let host = Host::builder().database(proxy.url()).max_connections(CAP);
        let host = host.start().await.unwrap();
        let pool = plugin(&host, "p").await;
        let create = "CREATE TABLE t (n BIGINT)";
        sqlx::raw_sql(create).execute(&pool).await.unwrap();
        Self {
            proxy,
            database,
            host,
            pool,
        }
    }

    /// How many rows there are; also waits until the host has found the database again.
    pub(super) async fn rows(&self) -> i64 {
        let mut rows = None;
        eventually("the host has recovered", async || {
            let count = sqlx::query_scalar("SELECT count(*) FROM t");
            // What an earlier lie has left may keep it waiting.
            let count = with_deadline(Duration::from_secs(2), count.fetch_one(&self.pool));
            rows = count.await.ok();
            rows.is_some()
        })
        .await;
        rows.unwrap()
    }

    /// One of four ways to use the database.
    async fn work(&self, way: u8) -> Result<(), Error> {
        const INSERT: &str = "INSERT INTO t VALUES (1)";
        match way {
            0 => drop(
                sqlx::query("SELECT n, 'text' FROM t")
                    .fetch_all(&self.pool)
                    .await?,
            ),
            1 => drop(sqlx::query(INSERT).execute(&self.pool).await?),
            way => {
                let mut transaction = self.pool.begin().await?;
                sqlx::query(INSERT).execute(&mut *transaction).await?;
                if way == 2 {
                    transaction.commit().await?;
                }
                // The other is rolled back by being dropped.
            }
        }
        Ok(())
    }

    async fn clear(&self) {
        assert!(self.proxy.has_happened());
        self.rows().await;
        sqlx::query("DELETE FROM t")
            .execute(&self.pool)
            .await
            .unwrap();
    }

    pub(super) async fn finish(self) {
        self.rows().await;
        soon("nothing is held", quiet(&self.host)).await;
        let stats = self.host.pool_stats();
        assert!(stats.peak <= CAP, "{stats:?}");
        assert_eq!(self.host.stats().sessions_panicked, 0);
        self.host.stop().await;
        assert_eq!(self.database.refusals().await, 0);
    }
}

/// Of what it was to do, nothing is known.
pub(super) fn unknown<T>(result: Result<T, Error>) {
    let error = result.err().expect("nothing is known of it");
    assert_eq!(code(&error), Some(Code::OUTCOME_UNKNOWN), "{error}");
}

/// Of a commit without an answer nothing is known, whatever has become of it.
async fn a_commit_without_an_answer(kind: Kind) {
    let scene = Scene::new(kind).await;
    for (fault, left) in [
        (Fault::LoseRequest(Mark::Text("COMMIT")), 0),
        (Fault::LoseAnswer(Mark::Text("COMMIT")), 1),
    ] {
        let mut transaction = scene.pool.begin().await.unwrap();
        let insert = sqlx::query("INSERT INTO t VALUES (1)");
        insert.execute(&mut *transaction).await.unwrap();
        scene.proxy.arm(fault);
        unknown(soon("the commit", transaction.commit()).await);
        assert_eq!(scene.rows().await, left, "{fault:?}");
        scene.clear().await;

        let mut connection = scene.pool.acquire().await.unwrap();
        for sql in ["BEGIN", "INSERT INTO t VALUES (1)"] {
            sqlx::raw_sql(sql).execute(&mut *connection).await.unwrap();
        }
        scene.proxy.arm(fault);
        let commit = sqlx::raw_sql("COMMIT").execute(&mut *connection);
        unknown(soon("the commit by text", commit).await);
        drop(connection);
        assert_eq!(scene.rows().await, left, "{fault:?}, by text");
        scene.clear().await;

        scene.proxy.arm(fault);
        let batch = scene.pool.execute_batch(
            "INSERT INTO t VALUES (7)",
            [OnepoolArguments::default()],
            BatchMode::AllOrNothing,
        );
        unknown(soon("the batch", batch).await.map_err(Error::from));
        assert_eq!(scene.rows().await, left, "{fault:?}, a batch");
        scene.clear().await;
    }
    scene.finish().await;
}

#[tokio::test]
async fn a_commit_without_an_answer_on_postgres() {
    a_commit_without_an_answer(Kind::Postgres).await;
}

#[tokio::test]
async fn a_commit_without_an_answer_on_mariadb() {
    a_commit_without_an_answer(Kind::MariaDb).await;
}

/// A write outside a transaction commits itself; a read can simply be done again.
async fn a_statement_without_an_answer(kind: Kind) {
    let scene = Scene::new(kind).await;
    for (fault, left) in [
        (Fault::LoseRequest(Mark::Text("INSERT INTO t")), 0),
        (Fault::LoseAnswer(Mark::Text("INSERT INTO t")), 1),
    ] {
        scene.proxy.arm(fault);
        let insert = sqlx::raw_sql("INSERT INTO t VALUES (1)").execute(&scene.pool);
        unknown(soon("the write", insert).await);
        assert_eq!(scene.rows().await, left, "{fault:?}");
        scene.clear().await;
    }
    scene.proxy.arm(Fault::LoseAnswer(Mark::Text("SELECT 42")));
    let read = sqlx::raw_sql("SELECT 42").execute(&scene.pool);
    let error = soon("the read", read).await.unwrap_err();
    assert_eq!(code(&error), Some(Code::DATABASE_IO), "{error}");
    scene.finish().await;
}

#[tokio::test]
async fn a_statement_without_an_answer_on_postgres() {
    a_statement_without_an_answer(Kind::Postgres).await;
}

#[tokio::test]
async fn a_statement_without_an_answer_on_mariadb() {
    a_statement_without_an_answer(Kind::MariaDb).await;
}

/// A transaction whose link broke between two of its statements is gone, and says so to the end.
async fn a_cut_in_a_transaction(kind: Kind) {
    let scene = Scene::new(kind).await;
    for statement_first in [true, false] {
        let mut transaction = scene.pool.begin().await.unwrap();
        let insert = "INSERT INTO t VALUES (1)";
        sqlx::query(insert)
            .execute(&mut *transaction)
            .await
            .unwrap();
        scene.proxy.cut();
        if statement_first {
            let next = sqlx::query(insert).execute(&mut *transaction);
            soon("the next statement", next).await.unwrap_err();
        }
        let committed = soon("the commit", transaction.commit()).await;
        committed.expect_err("nothing was committed");
        assert_eq!(scene.rows().await, 0);
    }
    scene.finish().await;
}

#[tokio::test]
async fn a_cut_in_a_transaction_on_postgres() {
    a_cut_in_a_transaction(Kind::Postgres).await;
}

#[tokio::test]
async fn a_cut_in_a_transaction_on_mariadb() {
    a_cut_in_a_transaction(Kind::MariaDb).await;
}

/// A firewall forgets the links, and the database goes on counting backends that nobody speaks to.
/// They are ended, each before another takes its place; but for the control backend, which alone can
/// end others, and so must be there first.
async fn a_link_that_is_forgotten(kind: Kind) {
    let scene = Scene::with_limit(kind, CAP + 1).await;
    let mut held = Vec::new();
    for _ in 1..CAP {
        let mut transaction = scene.pool.begin().await.unwrap();
        let insert = sqlx::query("INSERT INTO t VALUES (1)");
        insert.execute(&mut *transaction).await.unwrap();
        held.push(transaction);
    }
    assert_eq!(scene.database.backends().await, CAP);
    scene.proxy.cut_near();
    for transaction in held {
        let committed = soon("the commit", transaction.commit()).await;
        committed.expect_err("nothing was committed");
    }
    assert_eq!(scene.rows().await, 0);
    eventually("the database has none that nobody speaks to", async || {
        scene.database.backends().await == scene.host.pool_stats().backends.total()
    })
    .await;
    scene.finish().await;
}

#[tokio::test]
async fn a_link_that_is_forgotten_on_postgres() {
    a_link_that_is_forgotten(Kind::Postgres).await;
}

#[tokio::test]
async fn a_link_that_is_forgotten_on_mariadb() {
    a_link_that_is_forgotten(Kind::MariaDb).await;
}

/// The database sends nonsense: whoever asked learns something, and the host goes on.
async fn a_database_that_lies(kind: Kind) {
    let scene = Scene::new(kind).await;
    let mut random = StdRng::seed_from_u64(1);
    for _ in 0..30 {
        scene.rows().await;
        scene.proxy.arm(Fault::Corrupt {
            at: random.random_range(0..200),
            by: random.random_range(1..=255),
        });
        let work = with_deadline(
            Duration::from_millis(300),
            scene.work(random.random_range(0..4)),
        );
        // What became of it cannot be foreseen; but something must.
        let _ = soon("it", work).await;
    }
    scene.finish().await;
}

#[tokio::test]
async fn a_database_that_lies_on_postgres() {
    a_database_that_lies(Kind::Postgres).await;
}

#[tokio::test]
async fn a_database_that_lies_on_mariadb() {
    a_database_that_lies(Kind::MariaDb).await;
}
