//! One open backend.

use std::pin::pin;

use onepool_proto::message::{PrepareDetail, Prepared};
use onepool_proto::{DatabaseKind, Failure, ValueType};

use super::answer::{answered, closed, contained};
use super::failure::is_broken;
use super::interrupt::{Identity, Interrupter};
use super::mysql::MySqlDriver;
use super::output::Output;
use super::postgres::PostgresDriver;
use super::sqlite::SqliteDriver;
use super::statement::Statement;

/// One open backend. Every future of it must be run to its end.
///
/// What a plugin runs takes as long as it takes; what is the host's own is answered soon, or
/// fails. A panic of a driver is a failure. A failure for which [`is_broken`](super::is_broken) holds means that it must be closed.
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

    /// Puts `comment` before the texts of the statements that come, where a server can show it.
    pub(crate) fn set_comment(&mut self, comment: String) {
        match self {
            Self::Sqlite(_) => (),
            Self::Postgres(driver) => driver.set_comment(comment),
            Self::MySql(driver) => driver.set_comment(comment),
        }
    }

    /// Opens a transaction with a statement, in the name of a plugin where that costs no round trip.
    pub(crate) async fn begin(&mut self, sql: &str, plugin: &str) -> Result<(), Failure> {
        let Self::Postgres(driver) = self else {
            return self.command(sql).await;
        };
        let name = driver.name_transaction(plugin);
        // On a line of its own: the statement may end in a comment.
        let begun = self.command(&format!("{sql}\n; {name}")).await;
        if begun.as_ref().is_err_and(|failure| !is_broken(failure)) {
            // Of the two the second may have failed.
            self.end("ROLLBACK").await?;
        }
        begun
    }

    /// Runs a statement and puts what it yields into `output`.
    ///
    /// Returns when the database has finished with it, however much of it was wanted.
    pub(crate) async fn run(
        &mut self,
        statement: Statement<'_>,
        output: &mut Output,
    ) -> Result<(), Failure> {
        let talk = pin!(async {
            match self {
                Self::Sqlite(driver) => driver.run(statement, output).await,
                Self::Postgres(driver) => driver.run(statement, output).await,
                Self::MySql(driver) => driver.run(statement, output).await,
            }
        });
        contained(talk).await
    }

    /// Runs the host's own control statements, several in one text if need be, in one round trip.
    pub(crate) async fn command(&mut self, sql: &str) -> Result<(), Failure> {
        let kind = self.kind();
        let talk = async {
            match self {
                Self::Sqlite(driver) => driver.command(sql).await,
                Self::Postgres(driver) => driver.command(sql).await,
                Self::MySql(driver) => driver.command(sql).await,
            }
        };
        answered(kind, talk).await
    }

    /// Ends a transaction, or undoes part of one, which takes as long as there is to write or undo.
    pub(crate) async fn end(&mut self, sql: &str) -> Result<(), Failure> {
        contained(async {
            match self {
                Self::Sqlite(driver) => driver.command(sql).await,
                Self::Postgres(driver) => driver.command(sql).await,
                Self::MySql(driver) => driver.command(sql).await,
            }
        })
        .await
    }

    /// Asks a small question of the host's own; every cell comes as text.
    pub(crate) async fn query(&mut self, sql: &str) -> Result<Vec<Vec<Option<String>>>, Failure> {
        let kind = self.kind();
        let talk = async {
            match self {
                Self::Sqlite(driver) => driver.query(sql).await,
                Self::Postgres(driver) => driver.query(sql).await,
                Self::MySql(driver) => driver.query(sql).await,
            }
        };
        answered(kind, talk).await
    }

    /// Whether the rows that one statement inserts into a relation are no more than what a
    /// statement for each would leave, as far as the database can tell.
    pub(crate) async fn takes_rows_together(&mut self, relation: &str) -> Result<bool, Failure> {
        match self {
            Self::Sqlite(_) | Self::MySql(_) => Ok(false),
            Self::Postgres(driver) => {
                answered(DatabaseKind::Postgres, driver.takes_rows_together(relation)).await
            }
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
        contained(async {
            match self {
                Self::Sqlite(driver) => driver.prepare(sql, detail).await,
                Self::Postgres(driver) => driver.prepare(sql, parameters, detail).await,
                Self::MySql(driver) => driver.prepare(sql, detail).await,
            }
        })
        .await
    }

    /// Makes sure that the backend answers.
    pub(crate) async fn ping(&mut self) -> Result<(), Failure> {
        let kind = self.kind();
        let talk = async {
            match self {
                Self::Sqlite(driver) => driver.ping().await,
                Self::Postgres(driver) => driver.ping().await,
                Self::MySql(driver) => driver.ping().await,
            }
        };
        answered(kind, talk).await
    }

    /// Forgets every prepared statement.
    pub(crate) async fn forget_statements(&mut self) -> Result<(), Failure> {
        let kind = self.kind();
        let talk = async {
            match self {
                Self::Sqlite(driver) => driver.forget_statements().await,
                Self::Postgres(driver) => driver.forget_statements().await,
                Self::MySql(driver) => driver.forget_statements().await,
            }
        };
        answered(kind, talk).await
    }

    /// Closes the backend. A server may list it for a while yet: see [`lists`](Self::lists).
    pub(crate) async fn close(self) {
        closed(async {
            match self {
                Self::Sqlite(driver) => driver.close().await,
                Self::Postgres(driver) => driver.close().await,
                Self::MySql(driver) => driver.close().await,
            }
        })
        .await;
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
        let kind = self.kind();
        let talk = async {
            match self {
                // SQLite needs no control backend: see `Interrupter::interrupt`.
                Self::Sqlite(_) => Ok(false),
                Self::Postgres(driver) => driver.cancel(victim).await,
                Self::MySql(driver) => driver.cancel(victim).await,
            }
        };
        answered(kind, talk).await
    }

    /// Ends `victim`, whose link is closed already, with whatever it still runs; for the control
    /// backend. The answer is as with [`cancel`](Self::cancel).
    pub(crate) async fn terminate(&mut self, victim: &Identity) -> Result<bool, Failure> {
        let kind = self.kind();
        let talk = async {
            match self {
                Self::Sqlite(_) => Ok(false),
                Self::Postgres(driver) => driver.terminate(victim).await,
                Self::MySql(driver) => driver.terminate(victim).await,
            }
        };
        answered(kind, talk).await
    }

    /// Whether the database still lists `victim`; for the control backend.
    pub(crate) async fn lists(&mut self, victim: &Identity) -> Result<bool, Failure> {
        let kind = self.kind();
        let talk = async {
            match self {
                Self::Sqlite(_) => Ok(false),
                Self::Postgres(driver) => driver.lists(victim).await,
                Self::MySql(driver) => driver.lists(victim).await,
            }
        };
        answered(kind, talk).await
    }

    /// Whether the database says that `victim` is at work; for the control backend.
    pub(crate) async fn works(&mut self, victim: &Identity) -> Result<bool, Failure> {
        let kind = self.kind();
        let talk = async {
            match self {
                Self::Sqlite(_) => Ok(false),
                Self::Postgres(driver) => driver.works(victim).await,
                Self::MySql(driver) => driver.works(victim).await,
            }
        };
        answered(kind, talk).await
    }
}
