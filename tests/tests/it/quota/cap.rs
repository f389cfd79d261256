//! The cap, when it is set and while it changes.

use std::any::Any;
use std::collections::HashSet;
use std::time::Duration;

use onepool_sdk::OnepoolPool;
use onepool_tests::{Database, Kind};
use sqlx::{Connection, MySqlConnection, PgConnection};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use super::{UNLIMITED, eventually, host, number, plugin};

async fn a_cap_beyond_the_limit_is_refused(kind: Kind, names: &str) {
    let database = kind.server().await.database(4).await;
    let refused = host(&database.url, 5)
        .start()
        .await
        .unwrap_err()
        .to_string();
    let parts = [
        "a cap of 5 is more",
        names,
        "of 4",
        "lower max_connections to 4",
    ];
    for part in parts {
        assert!(refused.contains(part), "{part}: {refused}");
    }
    let host = host(&database.url, 4).start().await.unwrap();
    let refused = host.set_max_connections(5).await.unwrap_err().to_string();
    assert!(refused.contains("a cap of 5 is more"), "{refused}");
    for too_small in [0, 1] {
        let refused = host.set_max_connections(too_small).await.unwrap_err();
        assert!(refused.to_string().contains("is too small"), "{refused}");
    }
    assert_eq!(host.max_connections(), 4);
    host.stop().await;
    assert_eq!(database.refusals().await, 0);
}

#[tokio::test]
async fn a_cap_beyond_the_limit_is_refused_on_postgres() {
    a_cap_beyond_the_limit_is_refused(Kind::Postgres, "has a connection limit").await;
}

#[tokio::test]
async fn a_cap_beyond_the_limit_is_refused_on_mariadb() {
    a_cap_beyond_the_limit_is_refused(Kind::MariaDb, "max_user_connections").await;
}

/// Twenty callers who run a statement again and again.
struct Crowd {
    stop: CancellationToken,
    callers: Vec<JoinHandle<()>>,
}

impl Crowd {
    fn new(pool: OnepoolPool, sql: &'static str) -> Self {
        let stop = CancellationToken::new();
        let call = |_| {
            let (pool, stop) = (pool.clone(), stop.clone());
            tokio::spawn(async move {
                while !stop.is_cancelled() {
                    sqlx::query(sql).execute(&pool).await.unwrap();
                }
            })
        };
        let callers = (0..20).map(call).collect();
        Self { stop, callers }
    }

    /// Waits until all have stopped, none of whom has seen an error.
    async fn rest(self) {
        self.stop.cancel();
        for caller in self.callers {
            caller.await.unwrap();
        }
    }
}

/// A connection that is not the host's, of the same role.
async fn stranger(kind: Kind, url: &str) -> Box<dyn Any + Send> {
    match kind {
        Kind::Postgres => Box::new(PgConnection::connect(url).await.unwrap()),
        Kind::MariaDb => Box::new(MySqlConnection::connect(url).await.unwrap()),
    }
}

/// Twenty callers go on while strangers leave the host less than its cap, and have all of it when
/// those are gone.
async fn strangers_leave_less_than_the_cap(kind: Kind, sleep: &'static str) {
    let database = kind.server().await.database(6).await;
    let mut strangers = Vec::new();
    for _ in 0..3 {
        strangers.push(stranger(kind, &database.url).await);
    }
    let host = host(&database.url, 6).default_quota(UNLIMITED);
    let host = host.start().await.unwrap();
    let crowd = Crowd::new(plugin(&host, "busy").await, sleep);
    eventually("the server to refuse a connection", async || {
        database.refusals().await > 0
    })
    .await;
    drop(strangers);
    eventually("the pool to have all that it may", async || {
        host.pool_stats().backends.total() == 6
    })
    .await;
    crowd.rest().await;
    host.stop().await;
}

#[tokio::test]
async fn strangers_leave_less_than_the_cap_on_postgres() {
    strangers_leave_less_than_the_cap(Kind::Postgres, "SELECT pg_sleep(0.005)").await;
}

#[tokio::test]
async fn strangers_leave_less_than_the_cap_on_mariadb() {
    strangers_leave_less_than_the_cap(Kind::MariaDb, "SELECT SLEEP(0.005)").await;
}

/// Twenty callers go on while the cap goes up and down; the role's own limit is the referee of the
/// highest, the server's list that of the others.
#[tokio::test]
async fn the_cap_changes_while_everybody_is_busy() {
    let database = onepool_tests::postgres().await.database(6).await;
    let host = host(&database.url, 2).default_quota(UNLIMITED);
    let host = host.start().await.unwrap();
    let crowd = Crowd::new(plugin(&host, "busy").await, "SELECT pg_sleep(0.005)");
    for cap in [6, 2, 4, 3, 6, 2] {
        host.set_max_connections(cap).await.unwrap();
        eventually("the pool to have as many as it may", async || {
            host.pool_stats().backends.total() == cap
        })
        .await;
        let listed = database.backends().await;
        assert!(listed <= cap, "{listed} of {cap}");
    }
    crowd.rest().await;
    host.stop().await;
    assert_eq!(database.refusals().await, 0);
}

/// The backends that a few statements at once ran on, by what the server calls them.
async fn used(pool: &OnepoolPool) -> HashSet<i64> {
    let tasks: Vec<_> = (0..4)
        .map(|_| {
            let pool = pool.clone();
            tokio::spawn(async move {
                let sql = "SELECT pg_backend_pid()::int8 FROM pg_sleep(0.05)";
                number(&pool, sql).await.unwrap()
            })
        })
        .collect();
    let mut used = HashSet::new();
    for task in tasks {
        used.insert(task.await.unwrap());
    }
    used
}

async fn work(database: &Database) -> u32 {
    database.backends().await - 1
}

#[tokio::test]
async fn idle_connections_are_closed_down_to_the_minimum() {
    let database = onepool_tests::postgres().await.database(5).await;
    let host = host(&database.url, 5)
        .min_connections(2)
        .idle_timeout(Duration::from_millis(100));
    let host = host.start().await.unwrap();
    let pool = plugin(&host, "p").await;
    // On a busy machine one may come free before the last has been opened.
    eventually("all connections to be used", async || {
        used(&pool).await.len() == 4
    })
    .await;
    eventually("the idle connections to be closed", async || {
        work(&database).await == 2
    })
    .await;
    host.stop().await;
    assert_eq!(database.refusals().await, 0);
}

#[tokio::test]
async fn old_connections_are_replaced() {
    let database = onepool_tests::postgres().await.database(3).await;
    let host = host(&database.url, 3)
        .min_connections(1)
        .max_lifetime(Duration::from_millis(100));
    let host = host.start().await.unwrap();
    let pool = plugin(&host, "p").await;
    let first = used(&pool).await;
    eventually("the connections to be replaced", async || {
        used(&pool).await.is_disjoint(&first)
    })
    .await;
    eventually("one to be kept open", async || work(&database).await == 1).await;
    host.stop().await;
    assert_eq!(database.refusals().await, 0);
}
