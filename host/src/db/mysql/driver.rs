//! One open connection to MySQL or MariaDB.

use std::sync::Arc;

use futures_util::StreamExt;
use onepool_proto::message::{Parameters, PrepareDetail, Prepared};
use onepool_proto::{Code, Failure, Format};
use sqlx::mysql::{MySqlColumn, MySqlConnection};
use sqlx::{Arguments, AssertSqlSafe, Connection, Either, Executor, SqlSafeStr, Statement as _};

use super::rows::{self, MySqlRows};
use super::step::{self, Watch};
use crate::db::author;
use crate::db::bind;
use crate::db::deliver::deliver;
use crate::db::failure::from_driver;
use crate::db::interrupt::{Identity, Interrupter, Signal};
use crate::db::output::Output;
use crate::db::statement::Statement;

/// `ER_NO_SUCH_THREAD`.
const NO_SUCH_THREAD: u16 = 1094;
/// `ER_KILL_DENIED_ERROR`: there is such a thread.
const NOT_OWNER: u16 = 1095;

/// By how many seconds two readings of when a server started may differ.
const BLUR_S: u64 = 2;

/// One open connection to MySQL or MariaDB.
#[derive(Debug)]
pub(crate) struct MySqlDriver {
    connection: MySqlConnection,
    identity: Identity,
    signal: Arc<Signal>,
    /// Whether the connection keeps prepared statements at all.
    caches: bool,
    /// What goes before a plugin's statements.
    comment: String,
}

impl MySqlDriver {
    pub(super) fn new(connection: MySqlConnection, caches: bool) -> Self {
        Self {
            connection,
            identity: Identity::default(),
            signal: Arc::default(),
            caches,
            comment: String::new(),
        }
    }

    pub(in crate::db) fn set_comment(&mut self, comment: String) {
        self.comment = comment;
    }

    pub(super) fn identified(self, identity: Identity) -> Self {
        Self { identity, ..self }
    }

    pub(in crate::db) fn interrupter(&self) -> Interrupter {
        Interrupter::new(Arc::clone(&self.signal), self.identity.clone())
    }

    pub(in crate::db) async fn run(
        &mut self,
        statement: Statement<'_>,
        output: &mut Output,
    ) -> Result<(), Failure> {
        let sql = author::prefixed(&self.comment, statement.sql);
        let _running = self.signal.begin();
        let ending = match statement.arguments {
            None => {
                let mut watch = Watch::new(statement.sql);
                let stream = sqlx::raw_sql(AssertSqlSafe(sql)).fetch_many(&mut self.connection);
                let stream = stream.inspect(|item| watch.see(item));
                let ending = deliver(&MySqlRows(Format::Text), stream, output).await?;
                if watch.doubts() {
                    step::check(&mut self.connection).await?;
                }
                Ok(ending)
            }
            Some(values) => {
                let arguments = bind::mysql::arguments(values)?;
                let persistent = statement.persistent && self.caches;
                if persistent {
                    self.count(&sql, arguments.len()).await?;
                }
                let query = sqlx::query_with(AssertSqlSafe(sql), arguments).persistent(persistent);
                let stream = self.connection.fetch_many(query);
                deliver(&MySqlRows(Format::Binary), stream, output).await
            }
        };
        ending.map(|_| ())
    }

    /// Prepares `sql` if it is not yet, and makes sure that it takes so many arguments.
    ///
    /// With another number, the driver would give the statement up without sending it, and wait
    /// for its answer before the next one.
    async fn count(&mut self, sql: &str, given: usize) -> Result<(), Failure> {
        let text = AssertSqlSafe(sql).into_sql_str();
        let prepared = self.connection.prepare(text).await.map_err(from_driver)?;
        match prepared.parameters() {
            Some(Either::Right(taken)) if taken != given => Err(Failure::new(
                Code::INVALID_ARGUMENT,
                format!("the statement takes {taken} arguments, and {given} were given"),
            )),
            _ => Ok(()),
        }
    }

    pub(in crate::db) async fn command(&mut self, sql: &str) -> Result<(), Failure> {
        let _running = self.signal.begin();
        let text = sqlx::raw_sql(AssertSqlSafe(sql));
        let done = text.execute(&mut self.connection).await;
        done.map(|_| ()).map_err(from_driver)
    }

    pub(in crate::db) async fn query(
        &mut self,
        sql: &str,
    ) -> Result<Vec<Vec<Option<String>>>, Failure> {
        let _running = self.signal.begin();
        let text = sqlx::raw_sql(AssertSqlSafe(sql));
        let rows = text.fetch_all(&mut self.connection).await;
        Ok(rows.map_err(from_driver)?.iter().map(rows::texts).collect())
    }

    pub(in crate::db) async fn prepare(
        &mut self,
        sql: &str,
        detail: PrepareDetail,
    ) -> Result<Prepared, Failure> {
        let text = author::prefixed(&self.comment, sql);
        let text = AssertSqlSafe(text).into_sql_str();
        let _running = self.signal.begin();
        match detail {
            PrepareDetail::Statement => {
                let statement = self.connection.prepare(text).await.map_err(from_driver)?;
                let parameters = match statement.parameters() {
                    Some(Either::Right(count)) => Some(count),
                    Some(Either::Left(types)) => Some(types.len()),
                    None => None,
                };
                Ok(prepared(statement.columns(), parameters, Vec::new()))
            }
            PrepareDetail::Describe => {
                let described = self.connection.describe(text).await.map_err(from_driver)?;
                let parameters = match &described.parameters {
                    Some(Either::Right(count)) => Some(*count),
                    Some(Either::Left(types)) => Some(types.len()),
                    None => None,
                };
                Ok(prepared(&described.columns, parameters, described.nullable))
            }
        }
    }

    pub(in crate::db) async fn ping(&mut self) -> Result<(), Failure> {
        self.connection.ping().await.map_err(from_driver)
    }

    pub(in crate::db) async fn forget_statements(&mut self) -> Result<(), Failure> {
        let forgotten = self.connection.clear_cached_statements().await;
        forgotten.map_err(from_driver)
    }

    pub(in crate::db) async fn close(self) {
        // The server notices a broken link by itself, and there is nobody left to tell.
        let _ = self.connection.close().await;
    }

    pub(in crate::db) async fn cancel(&mut self, victim: &Identity) -> Result<bool, Failure> {
        self.kill("QUERY", victim).await
    }

    pub(in crate::db) async fn terminate(&mut self, victim: &Identity) -> Result<bool, Failure> {
        self.kill("CONNECTION", victim).await
    }

    async fn kill(&mut self, what: &str, victim: &Identity) -> Result<bool, Failure> {
        if !self.shares_a_server_with(victim) {
            return Ok(false);
        }
        let kill = format!("KILL {what} {}", victim.process);
        match self.command(&kill).await {
            Ok(()) => Ok(true),
            Err(failure) if number(&failure) == Some(NO_SUCH_THREAD) => Ok(false),
            Err(failure) => Err(failure),
        }
    }

    pub(in crate::db) async fn lists(&mut self, victim: &Identity) -> Result<bool, Failure> {
        if !self.shares_a_server_with(victim) {
            return Ok(false);
        }
        if self.is_among(&format!("ID = {}", victim.process)).await? {
            return Ok(true);
        }
        // The list leaves out the connections of other users for whom somebody has taken away the
        // right to see them. One more cancel does nothing to a connection on its way out.
        match self.cancel(victim).await {
            Err(failure) if number(&failure) == Some(NOT_OWNER) => Ok(true),
            found => found,
        }
    }

    pub(in crate::db) async fn works(&mut self, victim: &Identity) -> Result<bool, Failure> {
        if !self.shares_a_server_with(victim) {
            return Ok(false);
        }
        let at_work = format!("ID = {} AND COMMAND <> 'Sleep'", victim.process);
        self.is_among(&at_work).await
    }

    /// Whether the server lists such a connection. The answer to another question is not taken for
    /// the one to this.
    async fn is_among(&mut self, such: &str) -> Result<bool, Failure> {
        let nonce = rand::random::<u64>().to_string();
        let sql = format!(
            "SELECT {nonce}, EXISTS (SELECT 1 FROM information_schema.PROCESSLIST WHERE {such})"
        );
        let rows = self.query(&sql).await?;
        match rows.first().map(Vec::as_slice) {
            Some([Some(asked), Some(answer)]) if *asked == nonce => Ok(answer == "1"),
            _ => {
                let what = "the server answered another question than it was asked";
                Err(Failure::new(Code::DATABASE_PROTOCOL, what))
            }
        }
    }

    /// Whether `victim` is a connection to the server that this one is to, and not to one that ran
    /// before it, whose connections had the same numbers.
    fn shares_a_server_with(&self, victim: &Identity) -> bool {
        let started = |identity: &Identity| identity.started.parse::<u64>().ok();
        match (started(&self.identity), started(victim)) {
            (Some(own), Some(other)) => own.abs_diff(other) <= BLUR_S,
            _ => false,
        }
    }
}

fn number(failure: &Failure) -> Option<u16> {
    failure.database.as_ref().and_then(|error| error.number)
}

fn prepared(
    columns: &[MySqlColumn],
    parameters: Option<usize>,
    nullable: Vec<Option<bool>>,
) -> Prepared {
    let columns = columns
        .iter()
        .map(|column| rows::describe(column, rows::origin(column)));
    Prepared {
        columns: columns.collect(),
        parameters: parameters
            .and_then(|count| u32::try_from(count).ok())
            .map(Parameters::Count),
        nullable,
    }
}
