//! One open SQLite connection.

use std::sync::Arc;
use std::time::Duration;

use futures_util::{StreamExt, stream};
use onepool_proto::Failure;
use onepool_proto::message::{Parameters, PrepareDetail, Prepared};
use sqlx::sqlite::{SqliteConnection, SqliteRow};
use sqlx::{Connection, Either, Executor, Row, Statement as _};
use tokio::time::timeout;

use super::autocommit;
use super::rows::{self, SqliteRows};
use super::text::{Text, Touch};
use crate::db::bind;
use crate::db::deliver::{Ending, deliver};
use crate::db::interrupt::{Identity, Interrupter, Signal};
use crate::db::output::Output;
use crate::db::statement::Statement;

/// How long a worker without work may take to answer before it is asked again.
const PATIENCE: Duration = Duration::from_millis(100);

/// One open SQLite connection.
#[derive(Debug)]
pub(crate) struct SqliteDriver {
    connection: SqliteConnection,
    signal: Arc<Signal>,
}

impl SqliteDriver {
    pub(super) fn new(connection: SqliteConnection, signal: Arc<Signal>) -> Self {
        Self { connection, signal }
    }

    pub(in crate::db) fn interrupter(&self) -> Interrupter {
        Interrupter::new(Arc::clone(&self.signal), Identity::default())
    }

    pub(in crate::db) async fn run(
        &mut self,
        statement: Statement<'_>,
        output: &mut Output,
    ) -> Result<(), Failure> {
        let text = Text::new(statement.sql)?;
        let arguments = statement.arguments.map(bind::sqlite::arguments);
        let _running = self.signal.begin();
        let ending = match arguments.transpose()? {
            None => {
                let stream = sqlx::raw_sql(text.sql).fetch_many(&mut self.connection);
                deliver(&SqliteRows, text.touch.strip(stream), output).await?
            }
            Some(arguments) => {
                let persistent = statement.persistent && text.touch == Touch::No;
                let query = sqlx::query_with(text.sql, arguments).persistent(persistent);
                if output.wants_first() {
                    // The worker resets the statement before it hands the row over, so that
                    // stopping there leaves nothing open.
                    let row = self.connection.fetch_optional(query).await.transpose();
                    let rows = stream::iter(row.map(|row| row.map(Either::Right)));
                    deliver(&SqliteRows, rows, output).await?
                } else {
                    let stream = self.connection.fetch_many(query);
                    deliver(&SqliteRows, text.touch.strip(stream), output).await?
                }
            }
        };
        self.confirm(ending).await
    }

    pub(in crate::db) async fn command(&mut self, sql: &str) -> Result<(), Failure> {
        self.gather(sql).await.map(|_| ())
    }

    pub(in crate::db) async fn query(
        &mut self,
        sql: &str,
    ) -> Result<Vec<Vec<Option<String>>>, Failure> {
        let rows = self.gather(sql).await?;
        let text = |row: &SqliteRow| {
            let cells = (0..row.len()).map(|index| rows::text(row.try_get_raw(index).ok()?));
            cells.collect()
        };
        Ok(rows.iter().map(text).collect())
    }

    async fn gather(&mut self, sql: &str) -> Result<Vec<SqliteRow>, Failure> {
        let Text { sql, touch } = Text::new(sql)?;
        let _running = self.signal.begin();
        let stream = sqlx::raw_sql(sql).fetch_many(&mut self.connection);
        let mut stream = touch.strip(stream);
        let (mut rows, mut ending) = (Vec::new(), Ending::Open);
        while let Some(item) = stream.next().await {
            match item.map_err(rows::failure)? {
                Either::Right(row) => {
                    rows.push(row);
                    ending = Ending::Open;
                }
                Either::Left(_) => ending = Ending::Summary,
            }
        }
        drop(stream);
        self.confirm(ending).await?;
        Ok(rows)
    }

    /// Makes sure that a stream without a summary was not cut short: when the worker dies in the
    /// middle of a statement, the stream just ends.
    async fn confirm(&mut self, ending: Ending) -> Result<(), Failure> {
        match ending {
            Ending::Summary => Ok(()),
            Ending::Open => self.ping().await,
        }
    }

    /// Makes sure that the worker is alive.
    pub(in crate::db) async fn ping(&mut self) -> Result<(), Failure> {
        // A worker that is dying takes a last command and never answers, and refuses the next; one
        // that lives has nothing else to do. So the question is asked again until it is answered.
        loop {
            if let Ok(answer) = timeout(PATIENCE, self.connection.ping()).await {
                return answer.map_err(rows::failure);
            }
        }
    }

    pub(in crate::db) async fn prepare(
        &mut self,
        sql: &str,
        detail: PrepareDetail,
    ) -> Result<Prepared, Failure> {
        let sql = Text::plain(sql)?;
        let _running = self.signal.begin();
        let (columns, parameters, nullable) = match detail {
            PrepareDetail::Statement => {
                let prepared = self.connection.prepare(sql).await.map_err(rows::failure)?;
                let parameters = match prepared.parameters() {
                    Some(Either::Right(count)) => count,
                    Some(Either::Left(types)) => types.len(),
                    None => 0,
                };
                (prepared.columns().to_vec(), parameters, Vec::new())
            }
            PrepareDetail::Describe => {
                let described = self.connection.describe(sql).await.map_err(rows::failure)?;
                let parameters = match &described.parameters {
                    Some(Either::Right(count)) => *count,
                    Some(Either::Left(types)) => types.len(),
                    None => 0,
                };
                (described.columns, parameters, described.nullable)
            }
        };
        let columns = columns
            .iter()
            .map(|column| rows::describe(column, rows::origin(column)));
        Ok(Prepared {
            columns: columns.collect(),
            parameters: u32::try_from(parameters).ok().map(Parameters::Count),
            nullable,
        })
    }

    pub(in crate::db) async fn forget_statements(&mut self) -> Result<(), Failure> {
        let forgotten = self.connection.clear_cached_statements().await;
        forgotten.map_err(rows::failure)
    }

    pub(in crate::db) async fn transaction_open(&mut self) -> Option<bool> {
        autocommit::transaction_open(&mut self.connection).await
    }

    pub(in crate::db) async fn close(self) {
        // The file is closed either way, and there is nobody left to tell.
        let _ = self.connection.close().await;
    }
}
