//! A database with everything that the workloads need in it.

use std::time::Duration;

use onepool_tests::{Database, Kind, SqliteFile};
use sqlx::{AssertSqlSafe, Connection, MySqlConnection, PgConnection, SqliteConnection};
use tokio::time::{Instant, sleep};

use crate::bench::client::texts::{ACCOUNTS, READINGS};
use crate::bench::error::Result;
use crate::bench::order::Dialect;

/// How many connections a pooler may open, and onepool's host.
pub(crate) const CAP: u32 = 4;

/// How many there may be without one. PostgreSQL's server itself lets 300 in.
const OPEN: u32 = 280;

/// How long connections may take to be gone after their process has ended.
const GONE: Duration = Duration::from_secs(10);

/// A database of one kind.
pub(crate) struct Place {
    pub(crate) dialect: Dialect,
    data: Data,
}

enum Data {
    /// The same twice, of which one admits [`CAP`] connections and no more.
    Server {
        open: Database,
        capped: Database,
    },
    File(SqliteFile),
}

impl Place {
    pub(crate) async fn new(dialect: Dialect) -> Result<Self> {
        let data = match dialect {
            Dialect::PostgreSQL => Self::on_server(Kind::Postgres, dialect).await?,
            Dialect::MariaDB => Self::on_server(Kind::MariaDb, dialect).await?,
            Dialect::SQLite => {
                let file = onepool_tests::sqlite();
                fill(dialect, &file.url).await?;
                Data::File(file)
            }
        };
        Ok(Self { dialect, data })
    }

    async fn on_server(kind: Kind, dialect: Dialect) -> Result<Data> {
        let server = kind.server().await;
        let (open, capped) = (server.database(OPEN).await, server.database(CAP).await);
        fill(dialect, &open.url).await?;
        fill(dialect, &capped.url).await?;
        Ok(Data::Server { open, capped })
    }

    /// For whoever opens as many connections as he likes.
    pub(crate) fn open_url(&self) -> &str {
        match &self.data {
            Data::Server { open, .. } => &open.url,
            Data::File(file) => &file.url,
        }
    }

    /// For whoever has to do with [`CAP`].
    pub(crate) fn capped_url(&self) -> &str {
        match &self.data {
            Data::Server { capped, .. } => &capped.url,
            Data::File(file) => &file.url,
        }
    }

    /// The capped database, if it is a server's.
    pub(crate) fn capped(&self) -> Option<&Database> {
        match &self.data {
            Data::Server { capped, .. } => Some(capped),
            Data::File(_) => None,
        }
    }

    /// The server's process.
    pub(crate) fn pid(&self) -> Option<u32> {
        self.capped().map(|database| database.server().pid())
    }

    /// How many connections the server has open; nothing if there is no server.
    pub(crate) async fn connections(&self) -> Option<u32> {
        match &self.data {
            Data::Server { open, capped } => Some(open.backends().await + capped.backends().await),
            Data::File(_) => None,
        }
    }

    /// Waits until nobody is connected any more.
    pub(crate) async fn quiet(&self) -> Result<()> {
        let deadline = Instant::now() + GONE;
        while self.connections().await.is_some_and(|open| open > 0) {
            if Instant::now() > deadline {
                return Err("connections stay open after their process has ended".into());
            }
            sleep(Duration::from_millis(2)).await;
        }
        Ok(())
    }

    /// How many connections the server refused because somebody did not keep to a cap.
    pub(crate) async fn refusals(&self) -> usize {
        match &self.data {
            Data::Server { open, capped } => open.refusals().await + capped.refusals().await,
            Data::File(_) => 0,
        }
    }

    /// What the server says about its version, or SQLite about itself.
    pub(crate) async fn version(&self) -> Result<String> {
        let url = self.open_url();
        Ok(match self.dialect {
            Dialect::PostgreSQL => {
                let mut connection = PgConnection::connect(url).await?;
                sqlx::query_scalar("SHOW server_version")
                    .fetch_one(&mut connection)
                    .await?
            }
            Dialect::MariaDB => {
                let mut connection = MySqlConnection::connect(url).await?;
                sqlx::query_scalar("SELECT version()")
                    .fetch_one(&mut connection)
                    .await?
            }
            Dialect::SQLite => {
                let mut connection = SqliteConnection::connect(url).await?;
                sqlx::query_scalar("SELECT sqlite_version()")
                    .fetch_one(&mut connection)
                    .await?
            }
        })
    }
}

async fn fill(dialect: Dialect, url: &str) -> Result<()> {
    let script = AssertSqlSafe(script(dialect));
    match dialect {
        Dialect::PostgreSQL => {
            let mut connection = PgConnection::connect(url).await?;
            sqlx::raw_sql(script).execute(&mut connection).await?;
            // What hints and maps the first readers would otherwise have to write.
            sqlx::raw_sql("VACUUM ANALYZE")
                .execute(&mut connection)
                .await?;
            connection.close().await?;
        }
        Dialect::MariaDB => {
            let mut connection = MySqlConnection::connect(url).await?;
            sqlx::raw_sql(script).execute(&mut connection).await?;
            connection.close().await?;
        }
        Dialect::SQLite => {
            let mut connection = SqliteConnection::connect(url).await?;
            sqlx::raw_sql("PRAGMA journal_mode = WAL")
                .execute(&mut connection)
                .await?;
            sqlx::raw_sql(script).execute(&mut connection).await?;
            connection.close().await?;
        }
    }
    Ok(())
}

fn script(dialect: Dialect) -> String {
    let series = |most: i64| match dialect {
        Dialect::PostgreSQL => format!("FROM generate_series(1, {most}) AS s(n)"),
        Dialect::MariaDB => format!("FROM (SELECT seq AS n FROM seq_1_to_{most}) s"),
        Dialect::SQLite => format!(
            "FROM (WITH RECURSIVE s(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM s WHERE n < {most}) \
             SELECT n FROM s)"
        ),
    };
    let text = |prefix: &str| match dialect {
        Dialect::MariaDB => format!("concat('{prefix} ', n)"),
        _ => format!("'{prefix} ' || n"),
    };
    let (owner, label) = (text("the owner of account"), text("a reading of number"));
    let (accounts, readings, tens) = (series(ACCOUNTS), series(READINGS), series(10));
    format!(
        "CREATE TABLE accounts (id BIGINT PRIMARY KEY, owner VARCHAR(40) NOT NULL, \
             balance BIGINT NOT NULL, visits BIGINT NOT NULL);
         CREATE TABLE readings (id BIGINT PRIMARY KEY, sensor INTEGER NOT NULL, \
             value DOUBLE PRECISION NOT NULL, label VARCHAR(40) NOT NULL, valid BOOLEAN NOT NULL);
         CREATE TABLE tens (n BIGINT PRIMARY KEY);
         CREATE TABLE inserted (id BIGINT NOT NULL, name VARCHAR(40) NOT NULL, \
             value DOUBLE PRECISION NOT NULL);
         INSERT INTO accounts SELECT n, {owner}, 7 * n, 0 {accounts};
         INSERT INTO readings SELECT n, n % 100, n / 2.0, {label}, n % 2 = 0 {readings};
         INSERT INTO tens SELECT n {tens};"
    )
}
