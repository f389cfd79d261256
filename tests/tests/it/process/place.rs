//! Where a test takes place: a database, a host on it, and a referee.

use std::time::Duration;

use onepool_host::{Host, HostBuilder};
use onepool_sdk::{DatabaseKind, OnepoolConnectOptions, OnepoolPool, OnepoolPoolOptions};
use onepool_tests::{Database, Proxy, SqliteFile};
use sqlx::{AssertSqlSafe, Connection, MySqlConnection, PgConnection};
use tokio::time::{Instant, sleep};

/// Longer than anything takes that works, on however busy a machine.
pub(super) const LONG: Duration = Duration::from_secs(30);

/// A database with room for so many statements at once.
pub(super) struct Place {
    pub(super) kind: DatabaseKind,
    pub(super) url: String,
    pub(super) cap: u32,
    server: Option<Database>,
    _file: Option<SqliteFile>,
}

impl Place {
    /// A database of this kind. The server lets in as many connections as the cap says, which is
    /// `room` and the host's control backend.
    pub(super) async fn new(kind: DatabaseKind, room: u32) -> Self {
        let cap = room + u32::from(kind != DatabaseKind::Sqlite);
        let (url, server, file) = match kind {
            DatabaseKind::Sqlite => {
                let file = onepool_tests::sqlite();
                (file.url.clone(), None, Some(file))
            }
            DatabaseKind::Postgres => {
                let server = onepool_tests::postgres().await.database(cap).await;
                (server.url.clone(), Some(server), None)
            }
            DatabaseKind::MySql => {
                let server = onepool_tests::mariadb().await.database(cap).await;
                (server.url.clone(), Some(server), None)
            }
        };
        Self {
            kind,
            url,
            cap,
            server,
            _file: file,
        }
    }

    pub(super) fn host(&self) -> HostBuilder {
        Host::builder()
            .database(&self.url)
            .max_connections(self.cap)
    }

    /// How many statements with this mark in their text run now, by the server's own account; `None`
    /// if there is no server to ask.
    pub(super) async fn running(&self, mark: &str) -> Option<i64> {
        let url = &self.server.as_ref()?.admin_url;
        let mark = format!("%{mark}%");
        Some(match self.kind {
            DatabaseKind::MySql => {
                let sql = "SELECT count(*) FROM information_schema.processlist \
                           WHERE command <> 'Sleep' AND info LIKE ? AND id <> connection_id()";
                let mut admin = MySqlConnection::connect(url).await.unwrap();
                let count = sqlx::query_scalar(sql).bind(mark).fetch_one(&mut admin);
                count.await.unwrap()
            }
            _ => {
                let sql = "SELECT count(*) FROM pg_stat_activity WHERE state <> 'idle' \
                           AND query LIKE $1 AND pid <> pg_backend_pid()";
                let mut admin = PgConnection::connect(url).await.unwrap();
                let count = sqlx::query_scalar(sql).bind(mark).fetch_one(&mut admin);
                count.await.unwrap()
            }
        })
    }

    /// How many transactions are open now on connections of the host's login, by the server's own
    /// account; none without a server.
    pub(super) async fn open_transactions(&self) -> i64 {
        let Some(server) = &self.server else {
            return 0;
        };
        match self.kind {
            DatabaseKind::MySql => {
                let sql = "SELECT count(*) FROM information_schema.innodb_trx \
                           JOIN information_schema.processlist ON id = trx_mysql_thread_id \
                           WHERE user = ?";
                let mut admin = MySqlConnection::connect(&server.admin_url).await.unwrap();
                let count = sqlx::query_scalar(sql).bind(&server.name);
                count.fetch_one(&mut admin).await.unwrap()
            }
            _ => {
                let sql = "SELECT count(*) FROM pg_stat_activity \
                           WHERE usename = $1 AND state LIKE 'idle in transaction%'";
                let mut admin = PgConnection::connect(&server.admin_url).await.unwrap();
                let count = sqlx::query_scalar(sql).bind(&server.name);
                count.fetch_one(&mut admin).await.unwrap()
            }
        }
    }

    /// The URL of somebody who sees what all others do on the server.
    pub(super) fn admin_url(&self) -> &str {
        &self.server.as_ref().unwrap().admin_url
    }

    /// A proxy before the server; none without a server.
    pub(super) fn proxy(&self) -> Option<Proxy> {
        self.server.as_ref().map(Proxy::before)
    }

    /// How many connections of the host's login the server lists; none without a server.
    pub(super) async fn connections(&self) -> u32 {
        match &self.server {
            Some(server) => server.backends().await,
            None => 0,
        }
    }

    /// Waits until the server lists none of them: the one that watches the others go is watched by
    /// nobody, and listed for a moment after it was closed.
    pub(super) async fn is_left(&self) {
        eventually("the server to be left", async || {
            self.connections().await == 0
        })
        .await;
    }

    /// Lets the host's login take on this role (PostgreSQL).
    pub(super) async fn grant(&self, role: &str) {
        let server = self.server.as_ref().unwrap();
        let mut admin = PgConnection::connect(&server.admin_url).await.unwrap();
        let sql = format!("GRANT {role} TO {}", server.name);
        let granted = sqlx::raw_sql(AssertSqlSafe(sql)).execute(&mut admin);
        granted.await.unwrap();
    }

    /// How many rows of a table somebody sees who has nothing to do with the host (MariaDB).
    pub(super) async fn count(&self, table: &str) -> i64 {
        let mut direct = MySqlConnection::connect(&self.server.as_ref().unwrap().admin_url)
            .await
            .unwrap();
        let sql = format!("SELECT count(*) FROM {table}");
        let count = sqlx::query_scalar(AssertSqlSafe(sql)).fetch_one(&mut direct);
        count.await.unwrap()
    }

    /// The host kept to the cap, and lends nothing now; then it stops.
    pub(super) async fn finish(self, host: Host) {
        quiet(&host).await;
        assert!(host.pool_stats().peak <= self.cap);
        assert_eq!(host.stats().sessions_panicked, 0);
        host.stop().await;
        self.referee().await;
    }

    /// How many connections the server has refused.
    pub(super) async fn refusals(&self) -> usize {
        self.server.as_ref().unwrap().refusals().await
    }

    /// The server never had to refuse a connection.
    pub(super) async fn referee(&self) {
        if let Some(server) = &self.server {
            assert_eq!(server.refusals().await, 0, "the server had to keep the cap");
        }
    }
}

/// Waits until nothing is leased and nobody waits.
pub(super) async fn quiet(host: &Host) {
    eventually("nothing leased", async || {
        let stats = host.pool_stats();
        stats.backends.leased == 0 && stats.backends.resetting == 0 && stats.waiting == 0
    })
    .await;
}

/// A plugin in this process.
pub(super) async fn plugin(host: &Host, name: &str) -> OnepoolPool {
    let options: OnepoolConnectOptions = host.client(name).into();
    let pool = OnepoolPoolOptions::new().max_connections(50);
    pool.connect_with(options).await.unwrap()
}

/// Waits for what happens in its own time.
pub(super) async fn eventually(what: &str, mut holds: impl AsyncFnMut() -> bool) {
    let deadline = Instant::now() + LONG;
    while !holds().await {
        assert!(Instant::now() < deadline, "in vain waited for: {what}");
        sleep(Duration::from_millis(2)).await;
    }
}

/// What must not hang.
pub(super) async fn soon<T>(what: &str, work: impl Future<Output = T>) -> T {
    let work = tokio::time::timeout(LONG, work);
    work.await.unwrap_or_else(|_| panic!("{what} hangs"))
}
