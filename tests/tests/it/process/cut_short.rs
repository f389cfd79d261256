//! Calls that are dropped at each point where they wait, one after the other: nothing is lost,
//! nothing is half done, and nothing stays behind.
//!
//! What a plugin's call waits for are the host's answers. What the host waits for in the meantime
//! are the database's: there, each message between the two is kept back in turn, until the host
//! knows that the call was dropped.

use onepool_host::Host;
use onepool_sdk::{
    BatchExecutor, BatchMode, DatabaseKind, OnepoolArguments, OnepoolConnectOptions,
    OnepoolConnection, OnepoolPool,
};
use onepool_tests::{Moment, Proxy, Stepped, Which};
use sqlx::{AssertSqlSafe, Connection, Executor, SqlSafeStr};

use super::place::{Place, eventually, plugin, quiet, soon};

/// More points than anything has.
const ENDLESS: usize = 500;

/// What a plugin does.
#[derive(Clone, Copy, Debug)]
enum Work {
    /// Waits until there is a backend, and reads.
    Queue,
    Execute,
    Fetch,
    FetchInTransaction,
    Batch,
    Begin,
    Commit,
    Savepoint,
    Rollback,
    Prepare,
    Release,
}

const ALL: [Work; 11] = [
    Work::Queue,
    Work::Execute,
    Work::Fetch,
    Work::FetchInTransaction,
    Work::Batch,
    Work::Begin,
    Work::Commit,
    Work::Savepoint,
    Work::Rollback,
    Work::Prepare,
    Work::Release,
];

impl Work {
    /// How many rows there are once it is done; before, there are as many or none.
    fn rows(self) -> i64 {
        match self {
            Self::Execute | Self::FetchInTransaction => 1,
            Self::Commit | Self::Savepoint => 2,
            Self::Batch => 3,
            _ => 0,
        }
    }

    /// How often it waits for the host at the least.
    fn waits(self) -> usize {
        match self {
            Self::Queue | Self::Execute | Self::Batch | Self::Prepare => 1,
            Self::Begin | Self::Rollback | Self::Release => 2,
            Self::Commit | Self::Fetch => 3,
            Self::Savepoint => 4,
            Self::FetchInTransaction => 5,
        }
    }

    /// Does it, for the `nth` time.
    async fn run(self, connection: &mut OnepoolConnection, nth: usize) -> sqlx::Result<()> {
        let kind = connection.database();
        match self {
            Self::Queue => one(connection).await.map(|_| ())?,
            Self::Execute => drop(connection.execute("INSERT INTO t VALUES (1)").await?),
            Self::Fetch => drop(sqlx::query(pages(kind)).fetch_all(connection).await?),
            Self::Batch => {
                let insert = match kind {
                    DatabaseKind::Postgres => "INSERT INTO t VALUES ($1)",
                    _ => "INSERT INTO t VALUES (?)",
                };
                let sets = (1..=3_i64).map(|n| OnepoolArguments::default().bind(n).unwrap());
                let mode = BatchMode::AllOrNothing;
                drop(connection.execute_batch(insert, sets, mode).await?);
            }
            Self::Prepare => {
                // One that its backend has not prepared before.
                let select = AssertSqlSafe(format!("SELECT n FROM t WHERE n = {nth}"));
                drop(connection.prepare(select.into_sql_str()).await?);
            }
            Self::Release => {
                let temporary = "CREATE TEMPORARY TABLE mine (n BIGINT)";
                connection.execute(temporary).await?;
                // As a plugin's pool does when it takes the connection back.
                connection.ping().await?;
                one(connection).await.map(|_| ())?;
            }
            _ => self.run_transaction(connection).await?,
        }
        Ok(())
    }

    async fn run_transaction(self, connection: &mut OnepoolConnection) -> sqlx::Result<()> {
        let kind = connection.database();
        match self {
            Self::FetchInTransaction => {
                let mut transaction = Connection::begin(&mut *connection).await?;
                transaction.execute("INSERT INTO t VALUES (1)").await?;
                drop(
                    sqlx::query(pages(kind))
                        .fetch_all(&mut *transaction)
                        .await?,
                );
                transaction.commit().await?;
            }
            Self::Begin => {
                let mut transaction = connection.begin_with(begin(kind)).await?;
                transaction.execute("INSERT INTO t VALUES (1)").await?;
                drop(transaction);
            }
            Self::Commit => {
                let mut transaction = Connection::begin(&mut *connection).await?;
                transaction.execute("INSERT INTO t VALUES (1)").await?;
                transaction.execute("INSERT INTO t VALUES (2)").await?;
                transaction.commit().await?;
            }
            Self::Savepoint => {
                let mut transaction = Connection::begin(&mut *connection).await?;
                transaction.execute("INSERT INTO t VALUES (1)").await?;
                let mut inner = Connection::begin(&mut *transaction).await?;
                inner.execute("INSERT INTO t VALUES (2)").await?;
                inner.commit().await?;
                transaction.commit().await?;
            }
            Self::Rollback => {
                let mut transaction = Connection::begin(&mut *connection).await?;
                transaction.execute("INSERT INTO t VALUES (1)").await?;
                transaction.rollback().await?;
            }
            _ => unreachable!("{self:?} has no transaction"),
        }
        Ok(())
    }
}

/// A result of a few pages.
fn pages(kind: DatabaseKind) -> &'static str {
    match kind {
        DatabaseKind::Sqlite => {
            "WITH RECURSIVE s(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM s WHERE n < 300) \
             SELECT n, hex(zeroblob(500)) FROM s"
        }
        DatabaseKind::Postgres => "SELECT n, repeat('x', 1000) FROM generate_series(1, 300) n",
        DatabaseKind::MySql => "SELECT seq, repeat('x', 1000) FROM seq_1_to_300",
    }
}

/// A beginning that does not wait for the first statement.
fn begin(kind: DatabaseKind) -> &'static str {
    match kind {
        DatabaseKind::Sqlite => "BEGIN IMMEDIATE",
        DatabaseKind::Postgres => "BEGIN READ WRITE",
        DatabaseKind::MySql => "START TRANSACTION READ WRITE",
    }
}

async fn one(connection: &mut OnepoolConnection) -> sqlx::Result<i64> {
    sqlx::query_scalar("SELECT count(*) FROM t")
        .fetch_one(connection)
        .await
}

/// One backend for work: whatever is left on it, the next one finds.
struct Scene {
    place: Place,
    host: Host,
    proxy: Option<Proxy>,
    /// Whose calls are dropped.
    subject: OnepoolConnection,
    /// Of the same session.
    other: OnepoolConnection,
    neighbour: OnepoolPool,
}

impl Scene {
    async fn new(kind: DatabaseKind) -> Self {
        let place = Place::new(kind, 1).await;
        let proxy = place.proxy();
        let url = proxy.as_ref().map_or(&*place.url, Proxy::url);
        let host = Host::builder().database(url).max_connections(place.cap);
        let host = host.start().await.unwrap();
        let options = OnepoolConnectOptions::endpoint(host.endpoint().clone())
            .plugin("subject")
            .token(host.issue_token("subject").unwrap().secret());
        let subject = OnepoolConnection::connect_with(&options).await.unwrap();
        let other = OnepoolConnection::connect_with(&options).await.unwrap();
        let neighbour = plugin(&host, "neighbour").await;
        neighbour
            .execute("CREATE TABLE t (n BIGINT)")
            .await
            .unwrap();
        Self {
            place,
            host,
            proxy,
            subject,
            other,
            neighbour,
        }
    }

    /// Nothing that the call had is left, and of what it did all or nothing.
    async fn is_whole(&mut self, rows: &[i64], when: &str) {
        // It is in no transaction any more, with which this would be lost.
        let next = self.subject.execute("INSERT INTO t VALUES (100)");
        soon(when, next).await.expect(when);
        self.subject.ping().await.expect(when);
        soon(when, quiet(&self.host)).await;
        let open = self.place.open_transactions().await;
        assert_eq!(open, 0, "{when}: a transaction is left open");
        let count = sqlx::query_scalar("SELECT count(*) FROM t").fetch_one(&self.neighbour);
        let count: i64 = soon(when, count).await.expect(when);
        assert!(
            rows.contains(&(count - 1)),
            "{when}: {count} rows with the last one, and {rows:?} without"
        );
        let delete = self.neighbour.execute("DELETE FROM t");
        soon(when, delete).await.expect(when);
        let stats = self.host.pool_stats();
        assert_eq!((stats.panicked, stats.waiting), (0, 0), "{when}: {stats:?}");
        assert!(stats.peak <= self.place.cap, "{when}: {stats:?}");
        let stats = self.host.stats();
        assert_eq!((stats.sessions, stats.sessions_panicked), (2, 0), "{when}");
    }

    /// Drops the work at each point where it waits for the host. Answers at how many.
    async fn at_every_wait(&mut self, work: Work) -> usize {
        for (dropped, moment) in Moment::all().enumerate() {
            let when = format!("{work:?}, {moment:?}");
            let mut holder = self.hold_up(work).await;
            let done = {
                let mut stepped = Stepped::new(work.run(&mut self.subject, dropped));
                let reach = async {
                    let reached = stepped.until(moment).await;
                    reached.map(|done| done.expect(&when))
                };
                let give_way = async {
                    let waits = async || self.host.pool_stats().waiting > 0;
                    if holder.is_some() {
                        eventually("it waits", waits).await;
                        drop(holder.take());
                    }
                };
                tokio::select! {
                    done = reach => done,
                    () = async { give_way.await; std::future::pending().await } => None,
                }
            };
            drop(holder);
            if done.is_some() {
                self.is_whole(&[work.rows()], &when).await;
                return dropped;
            }
            self.is_whole(&[0, work.rows()], &when).await;
            assert!(dropped < ENDLESS, "{when}");
        }
        unreachable!("there is always another moment")
    }

    /// Takes the one backend away, from whoever is to wait for it.
    async fn hold_up(
        &self,
        work: Work,
    ) -> Option<sqlx::pool::PoolConnection<onepool_sdk::Onepool>> {
        if !matches!(work, Work::Queue) {
            return None;
        }
        let mut holder = self.neighbour.acquire().await.unwrap();
        let pin = "CREATE TEMPORARY TABLE held (n BIGINT)";
        holder.execute(pin).await.unwrap();
        Some(holder)
    }

    /// Drops the work while each message between host and database is kept back. Answers at how
    /// many.
    async fn at_every_message(&mut self, work: Work) -> usize {
        for nth in 1..ENDLESS {
            let when = format!("{work:?}, message {nth}");
            let proxy = self.proxy.as_ref().unwrap();
            let kept = proxy.keep(Which::Nth(nth));
            let done = {
                let run = work.run(&mut self.subject, nth);
                tokio::select! {
                    biased;
                    () = kept.came() => false,
                    done = run => {
                        done.expect(&when);
                        true
                    }
                }
            };
            // The host reads in order: when this is answered, it knows of what was dropped.
            for _ in 0..2 {
                let echo = self.other.echo("".into());
                soon(&when, echo).await.expect(&when);
            }
            drop(kept);
            if done {
                self.is_whole(&[work.rows()], &when).await;
                return nth - 1;
            }
            self.is_whole(&[0, work.rows()], &when).await;
        }
        panic!("{work:?} has no end")
    }

    async fn finish(self) {
        drop((self.subject, self.other));
        self.neighbour.close().await;
        self.place.finish(self.host).await;
    }
}

/// So that a test which drops nothing cannot pass.
fn enough(what: &str, work: Work, points: usize, least: usize) {
    println!("{work:?}: dropped at {points} {what}");
    assert!(
        points >= least.max(2),
        "{work:?} was dropped at {points} {what} alone, and has {least} or more"
    );
}

async fn at_every_wait(kind: DatabaseKind) {
    let mut scene = Scene::new(kind).await;
    for work in ALL {
        let points = scene.at_every_wait(work).await;
        // Before the answer has come, and after.
        enough("points", work, points, 2 * work.waits());
    }
    scene.finish().await;
}

#[tokio::test]
async fn at_every_wait_on_sqlite() {
    at_every_wait(DatabaseKind::Sqlite).await;
}

#[tokio::test]
async fn at_every_wait_on_postgres() {
    at_every_wait(DatabaseKind::Postgres).await;
}

#[tokio::test]
async fn at_every_wait_on_mariadb() {
    at_every_wait(DatabaseKind::MySql).await;
}

async fn at_every_message(kind: DatabaseKind) {
    let mut scene = Scene::new(kind).await;
    for work in ALL {
        let messages = scene.at_every_message(work).await;
        // A request and its answer.
        enough("messages", work, messages, 2);
    }
    scene.finish().await;
}

#[tokio::test]
async fn at_every_message_on_postgres() {
    at_every_message(DatabaseKind::Postgres).await;
}

#[tokio::test]
async fn at_every_message_on_mariadb() {
    at_every_message(DatabaseKind::MySql).await;
}
