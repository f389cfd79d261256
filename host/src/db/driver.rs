//! One open backend.

use onepool_proto::message::{PrepareDetail, Prepared};
use onepool_proto::{DatabaseKind, Failure, ValueType};

use super::interrupt::{Identity, Interrupter};
use super::mysql::MySqlDriver;
use super::output::Output;
use super::postgres::PostgresDriver;
use super::sqlite::SqliteDriver;
use super::statement::Statement;

/// One open backend. Every future of it must be run to its end.
///
/// A failure for which [`is_broken`](super::is_broken) holds means that it must be closed.
#[derive(Debug)]
pub(crate) enum Driver {
    Sqlite(SqliteDriver),
    Postgres(PostgresDriver),
    MySql(MySqlDriver),
}

impl Driver {
    /// The kind of database.
    pub(crate) fn kind(&self) -> DatabaseKind {
        match self {
            Self::Sqlite(_) => DatabaseKind::Sqlite,
            Self::Postgres(_) => DatabaseKind::Postgres,
            Self::MySql(_) => DatabaseKind::MySql,
        }
    }

    /// Who this backend is to the database.
    pub(crate) fn identity(&self) -> Identity {
        self.interrupter().victim().clone()
    }

    /// What stops this backend's statements.
    pub(crate) fn interrupter(&self) -> Interrupter {
        match self {
            Self::Sqlite(driver) => driver.interrupter(),
            Self::Postgres(driver) => driver.interrupter(),
            Self::MySql(driver) => driver.interrupter(),
        }
    }

    /// Runs a statement and puts what it yields into `output`.
    ///
    /// Returns when the database has finished with it, however much of it was wanted.
    pub(crate) async fn run(
        &mut self,
        statement: Statement<'_>,
        output: &mut Output,
    ) -> Result<(), Failure> {
        match self {
            Self::Sqlite(driver) => driver.run(statement, output).await,
            Self::Postgres(driver) => driver.run(statement, output).await,
            Self::MySql(driver) => driver.run(statement, output).await,
        }
    }

    /// Runs the host's own control statements, several in one text if need be, in one round trip.
    pub(crate) async fn command(&mut self, sql: &str) -> Result<(), Failure> {
        match self {
            Self::Sqlite(driver) => driver.command(sql).await,
            Self::Postgres(driver) => driver.command(sql).await,
            Self::MySql(driver) => driver.command(sql).await,
        }
    }

    /// Asks a small question of the host's own; every cell comes as text.
    pub(crate) async fn query(&mut self, sql: &str) -> Result<Vec<Vec<Option<String>>>, Failure> {
        match self {
            Self::Sqlite(driver) => driver.query(sql).await,
            Self::Postgres(driver) => driver.query(sql).await,
            Self::MySql(driver) => driver.query(sql).await,
        }
    }

    /// Prepares a statement whose parameters have these types, as far as they are known. Only
    /// PostgreSQL's parameters have types before they are bound.
    pub(crate) async fn prepare(
        &mut self,
        sql: &str,
        parameters: &[ValueType],
        detail: PrepareDetail,
    ) -> Result<Prepared, Failure> {
        match self {
            Self::Sqlite(driver) => driver.prepare(sql, detail).await,
            Self::Postgres(driver) => driver.prepare(sql, parameters, detail).await,
            Self::MySql(driver) => driver.prepare(sql, detail).await,
        }
    }

    /// Makes sure that the backend answers.
    pub(crate) async fn ping(&mut self) -> Result<(), Failure> {
        match self {
            Self::Sqlite(driver) => driver.ping().await,
            Self::Postgres(driver) => driver.ping().await,
            Self::MySql(driver) => driver.ping().await,
        }
    }

    /// Forgets every prepared statement.
    pub(crate) async fn forget_statements(&mut self) -> Result<(), Failure> {
        match self {
            Self::Sqlite(driver) => driver.forget_statements().await,
            Self::Postgres(driver) => driver.forget_statements().await,
            Self::MySql(driver) => driver.forget_statements().await,
        }
    }

    /// Closes the backend. A server may list it for a while yet: see [`lists`](Self::lists).
    pub(crate) async fn close(self) {
        match self {
            Self::Sqlite(driver) => driver.close().await,
            Self::Postgres(driver) => driver.close().await,
            Self::MySql(driver) => driver.close().await,
        }
    }

    /// Whether a transaction is open, where the database tells.
    pub(crate) async fn transaction_open(&mut self) -> Option<bool> {
        match self {
            Self::Sqlite(driver) => driver.transaction_open().await,
            Self::Postgres(_) | Self::MySql(_) => None,
        }
    }

    /// Stops whatever `victim` runs now; for the control backend. False if the database does not
    /// know it any more.
    ///
    /// It hits what runs when it arrives. So wait for the answer before the victim moves on.
    pub(crate) async fn cancel(&mut self, victim: &Identity) -> Result<bool, Failure> {
        match self {
            // SQLite needs no control backend: see `Interrupter::interrupt`.
            Self::Sqlite(_) => Ok(false),
            Self::Postgres(driver) => driver.cancel(victim).await,
            Self::MySql(driver) => driver.cancel(victim).await,
        }
    }

    /// Whether the database still lists `victim`; for the control backend.
    pub(crate) async fn lists(&mut self, victim: &Identity) -> Result<bool, Failure> {
        match self {
            Self::Sqlite(_) => Ok(false),
            Self::Postgres(driver) => driver.lists(victim).await,
            Self::MySql(driver) => driver.lists(victim).await,
        }
    }
}
