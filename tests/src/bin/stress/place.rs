//! The database: its tables, its restarts, and what it says in the end.

use std::time::Duration;

use onepool_sdk::DatabaseKind;
use onepool_tests::{Database, Kind, OwnServer, SqliteFile};
use sqlx::{AssertSqlSafe, Connection, MySqlConnection, PgConnection, SqliteConnection};

use crate::Error;

/// Accounts, and what each has at first.
pub(crate) const ACCOUNTS: i64 = 20;
pub(crate) const POINTS: i64 = 1000;

/// Rows that are read slowly, and what each holds.
pub(crate) const READINGS: i64 = 20_000;
pub(crate) const READING: &str = "a reading that is long enough for a page not to hold them all";

/// A database of the run's own.
#[derive(Debug)]
pub(crate) enum Place {
    /// On a server that may be restarted. The fields are dropped in this order.
    Server(Database, OwnServer),
    File(SqliteFile),
}

impl Place {
    /// A database that lets the host have `cap` connections, with its tables.
    pub(crate) async fn new(kind: DatabaseKind, cap: u32) -> Result<Self, Error> {
        let place = match kind {
            DatabaseKind::Sqlite => Self::file().await?,
            DatabaseKind::Postgres => Self::on(Kind::Postgres, cap).await,
            DatabaseKind::MySql => Self::on(Kind::MariaDb, cap).await,
        };
        if let Self::Server(database, server) = &place
            && server.server().kind() == Kind::Postgres
        {
            // What is acknowledged is on its way to the disk.
            let name = &database.name;
            let sql = format!("ALTER ROLE {name} SET synchronous_commit = on");
            let mut admin = PgConnection::connect(&database.admin_url).await?;
            sqlx::raw_sql(AssertSqlSafe(sql))
                .execute(&mut admin)
                .await?;
            admin.close().await?;
        }
        place.fill().await?;
        place.await_nobody().await?;
        Ok(place)
    }

    /// A file whose readers do not hold up its writer.
    async fn file() -> Result<Self, Error> {
        let file = onepool_tests::sqlite();
        let mut direct = SqliteConnection::connect(&file.url).await?;
        let wal = sqlx::raw_sql("PRAGMA journal_mode = WAL");
        wal.execute(&mut direct).await?;
        direct.close().await?;
        Ok(Self::File(file))
    }

    async fn on(kind: Kind, cap: u32) -> Self {
        let server = OwnServer::start(kind).await;
        Self::Server(server.database(cap).await, server)
    }

    pub(crate) fn url(&self) -> &str {
        match self {
            Self::Server(database, _) => &database.url,
            Self::File(file) => &file.url,
        }
    }

    /// Ends the server and starts it again. The first time it is killed, if its log is written at
    /// each commit; MariaDB's is written once a second.
    pub(crate) async fn restart(&self, time: usize) {
        if let Self::Server(_, server) = self {
            if time == 0 && server.server().kind() == Kind::Postgres {
                server.kill().await;
            } else {
                server.stop().await;
            }
            server.start_again().await;
        }
    }

    /// How often it may be restarted.
    pub(crate) fn restarts(&self) -> usize {
        match self {
            Self::Server(..) => 2,
            Self::File(_) => 0,
        }
    }

    /// How many connections the server has refused for being too many.
    pub(crate) async fn refusals(&self) -> usize {
        match self {
            Self::Server(database, _) => database.refusals().await,
            Self::File(_) => 0,
        }
    }

    /// How many connections of the host's role the server lists.
    pub(crate) async fn backends(&self) -> Option<u32> {
        match self {
            Self::Server(database, _) => Some(database.backends().await),
            Self::File(_) => None,
        }
    }

    /// Waits until the server has forgotten every connection of the host's role.
    async fn await_nobody(&self) -> Result<(), Error> {
        let gone = async {
            while self.backends().await.is_some_and(|backends| backends > 0) {
                tokio::time::sleep(Duration::from_millis(2)).await;
            }
        };
        Ok(tokio::time::timeout(Duration::from_secs(30), gone).await?)
    }

    async fn fill(&self) -> Result<(), Error> {
        let thousand = "WITH RECURSIVE n(i) AS \
                        (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < 999)";
        for sql in [
            "CREATE TABLE accounts (id BIGINT PRIMARY KEY, points BIGINT NOT NULL)".to_owned(),
            "CREATE TABLE journal (id BIGINT PRIMARY KEY)".to_owned(),
            "CREATE TABLE readings (id BIGINT PRIMARY KEY, reading VARCHAR(100) NOT NULL)"
                .to_owned(),
            format!(
                "INSERT INTO accounts {thousand} SELECT i, {POINTS} FROM n WHERE i < {ACCOUNTS}"
            ),
            format!(
                "INSERT INTO readings {thousand} SELECT a.i * 1000 + b.i, '{READING}' \
                 FROM n a, n b WHERE a.i * 1000 + b.i < {READINGS}"
            ),
        ] {
            let sql = sqlx::raw_sql(AssertSqlSafe(sql));
            match self.kind() {
                DatabaseKind::Postgres => {
                    let mut direct = PgConnection::connect(self.url()).await?;
                    sql.execute(&mut direct).await?;
                    direct.close().await?;
                }
                DatabaseKind::MySql => {
                    let mut direct = MySqlConnection::connect(self.url()).await?;
                    sql.execute(&mut direct).await?;
                    direct.close().await?;
                }
                DatabaseKind::Sqlite => {
                    let mut direct = SqliteConnection::connect(self.url()).await?;
                    sql.execute(&mut direct).await?;
                    direct.close().await?;
                }
            }
        }
        Ok(())
    }

    /// The numbers that a query gives, by a connection that has nothing to do with the host.
    pub(crate) async fn numbers(&self, sql: &'static str) -> Result<Vec<i64>, Error> {
        Ok(match self {
            Self::File(file) => {
                let mut direct = SqliteConnection::connect(&file.url).await?;
                sqlx::query_scalar(sql).fetch_all(&mut direct).await?
            }
            Self::Server(database, _) if self.kind() == DatabaseKind::Postgres => {
                let mut direct = PgConnection::connect(&database.admin_url).await?;
                sqlx::query_scalar(sql).fetch_all(&mut direct).await?
            }
            Self::Server(database, _) => {
                let mut direct = MySqlConnection::connect(&database.admin_url).await?;
                sqlx::query_scalar(sql).fetch_all(&mut direct).await?
            }
        })
    }

    fn kind(&self) -> DatabaseKind {
        match self {
            Self::Server(_, server) if server.server().kind() == Kind::Postgres => {
                DatabaseKind::Postgres
            }
            Self::Server(..) => DatabaseKind::MySql,
            Self::File(_) => DatabaseKind::Sqlite,
        }
    }
}
