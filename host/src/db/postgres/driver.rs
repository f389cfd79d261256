//! One open PostgreSQL connection.

use std::sync::Arc;

use onepool_proto::message::{Parameters, PrepareDetail, Prepared};
use onepool_proto::{Code, Failure, ScalarType, Value, ValueType};
use sqlx::postgres::{PgColumn, PgConnection, PgTypeInfo};
use sqlx::{AssertSqlSafe, Connection, Either, Executor, SqlSafeStr, SqlStr, Statement as _};

use super::names::{NamedType, TypeNames};
use super::plain::IS_PLAIN;
use super::rows::{self, PostgresRows};
use super::text;
use crate::db::author;
use crate::db::bind::postgres::{self as bind, Argument};
use crate::db::deliver::deliver;
use crate::db::failure::from_driver;
use crate::db::interrupt::{Identity, Interrupter, Signal};
use crate::db::output::Output;
use crate::db::statement::{SignedText, Statement, without_nul};

/// What somebody else may do, and the host's login may not.
const INSUFFICIENT_PRIVILEGE: &str = "42501";

/// One open PostgreSQL connection.
#[derive(Debug)]
pub(crate) struct PostgresDriver {
    connection: PgConnection,
    identity: Identity,
    signal: Arc<Signal>,
    names: TypeNames,
    /// Whether statements are to stay prepared.
    caches: bool,
    /// Texts prepared that must never be found again.
    unique: u64,
    /// The name that the host goes by.
    application: String,
    /// What goes before a plugin's statements.
    comment: String,
}

impl PostgresDriver {
    pub(super) fn new(
        connection: PgConnection,
        identity: Identity,
        caches: bool,
        application: String,
    ) -> Self {
        Self {
            connection,
            identity,
            signal: Arc::default(),
            names: TypeNames::default(),
            caches,
            unique: 0,
            application,
            comment: String::new(),
        }
    }

    pub(in crate::db) fn set_comment(&mut self, comment: String) {
        self.comment = comment;
    }

    /// The statement by which a transaction bears a plugin's name.
    pub(in crate::db) fn name_transaction(&self, plugin: &str) -> String {
        author::name_transaction(&self.application, plugin)
    }

    pub(in crate::db) fn interrupter(&self) -> Interrupter {
        Interrupter::new(Arc::clone(&self.signal), self.identity.clone())
    }

    pub(in crate::db) async fn run(
        &mut self,
        statement: Statement<'_>,
        output: &mut Output,
    ) -> Result<(), Failure> {
        without_nul(statement.sql)?;
        let _running = self.signal.begin();
        let ended = match statement.arguments {
            None => {
                let text = author::prefixed(&self.comment, statement.sql);
                let text = sqlx::raw_sql(AssertSqlSafe(text));
                let stream = text.fetch_many(&mut self.connection);
                deliver(&PostgresRows, stream, output).await
            }
            Some(values) => {
                let arguments = self.arguments(values).await?;
                let sql = signed(statement.sql, statement.signed, &arguments);
                let sql = author::prefixed(&self.comment, sql);
                let query = sqlx::query_with(AssertSqlSafe(sql), bind::bind(arguments)?);
                let cache = statement.persistent && self.caches;
                let query = query.persistent(cache && text::may_be_cached(statement.sql));
                let stream = self.connection.fetch_many(query);
                deliver(&PostgresRows, stream, output).await
            }
        };
        let ended = ended.map_err(|failure| self.placed(failure));
        self.observe(statement.sql, ended.map(|_| ()))
    }

    /// The same with its place in the text as the plugin wrote it.
    fn placed(&self, mut failure: Failure) -> Failure {
        // It is all ASCII.
        let before = u32::try_from(self.comment.len()).unwrap_or(u32::MAX);
        if let Some(database) = &mut failure.database {
            database.position = database.position.map(|at| at.saturating_sub(before));
        }
        failure
    }

    pub(in crate::db) async fn command(&mut self, sql: &str) -> Result<(), Failure> {
        without_nul(sql)?;
        let _running = self.signal.begin();
        let text = sqlx::raw_sql(AssertSqlSafe(sql));
        let done = text.execute(&mut self.connection).await;
        self.observe(sql, done.map(|_| ()).map_err(from_driver))
    }

    pub(in crate::db) async fn query(
        &mut self,
        sql: &str,
    ) -> Result<Vec<Vec<Option<String>>>, Failure> {
        without_nul(sql)?;
        let _running = self.signal.begin();
        let text = sqlx::raw_sql(AssertSqlSafe(sql));
        let rows = text.fetch_all(&mut self.connection).await;
        let rows = self.observe(sql, rows.map_err(from_driver))?;
        Ok(rows.iter().map(rows::texts).collect())
    }

    /// Whether the rows that one statement inserts into a relation are no more than what a
    /// statement for each would leave. The name is as written in SQL.
    pub(in crate::db) async fn takes_rows_together(
        &mut self,
        relation: &str,
    ) -> Result<bool, Failure> {
        let _running = self.signal.begin();
        let question = sqlx::query_scalar(IS_PLAIN).bind(relation);
        let question = question.persistent(self.caches);
        let answer: Result<Option<Option<bool>>, _> =
            question.fetch_optional(&mut self.connection).await;
        Ok(answer.map_err(from_driver)?.flatten() == Some(true))
    }

    pub(in crate::db) async fn prepare(
        &mut self,
        sql: &str,
        parameters: &[ValueType],
        detail: PrepareDetail,
    ) -> Result<Prepared, Failure> {
        without_nul(sql)?;
        let _running = self.signal.begin();
        if detail == PrepareDetail::Describe {
            // Which finds out the types by itself.
            let text = self.prepared_text(sql, &[]);
            let described = self.connection.describe(text).await;
            let described = described.map_err(|error| self.placed(from_driver(error)))?;
            let parameters = match &described.parameters {
                Some(Either::Left(types)) => Some(Either::Left(types.as_slice())),
                Some(Either::Right(count)) => Some(Either::Right(*count)),
                None => None,
            };
            let nullable = described.nullable.clone();
            return Ok(prepared(&described.columns, parameters, nullable));
        }
        let types = self.types(parameters).await?;
        let text = self.prepared_text(sql, &types);
        let types: Vec<_> = types.into_iter().map(bind::type_info).collect();
        let statement = self.connection.prepare_with(text, &types).await;
        let statement = statement.map_err(|error| self.placed(from_driver(error)))?;
        let parameters = statement.parameters();
        Ok(prepared(statement.columns(), parameters, Vec::new()))
    }

    /// The text as which `sql` is prepared with parameters of these types.
    fn prepared_text(&mut self, sql: &str, types: &[u32]) -> SqlStr {
        let mut text = text::signed(sql, types.iter().copied());
        if !text::may_be_cached(sql) {
            // The driver keeps whatever it prepares here.
            self.unique += 1;
            text = format!("{text}/*{}*/", self.unique);
        }
        AssertSqlSafe(author::prefixed(&self.comment, text)).into_sql_str()
    }

    pub(in crate::db) async fn ping(&mut self) -> Result<(), Failure> {
        self.connection.ping().await.map_err(from_driver)
    }

    pub(in crate::db) async fn forget_statements(&mut self) -> Result<(), Failure> {
        self.names.clear();
        let forgotten = self.connection.clear_cached_statements().await;
        forgotten.map_err(from_driver)
    }

    pub(in crate::db) async fn close(self) {
        // The server notices a broken link by itself, and there is nobody left to tell.
        let _ = self.connection.close().await;
    }

    pub(in crate::db) async fn cancel(&mut self, victim: &Identity) -> Result<bool, Failure> {
        let answer = self
            .about("pg_catalog.pg_cancel_backend(pid)", victim)
            .await?;
        Ok(answer.as_deref() == Some("t"))
    }

    pub(in crate::db) async fn terminate(&mut self, victim: &Identity) -> Result<bool, Failure> {
        let answer = self
            .about("pg_catalog.pg_terminate_backend(pid)", victim)
            .await?;
        Ok(answer.as_deref() == Some("t"))
    }

    pub(in crate::db) async fn works(&mut self, victim: &Identity) -> Result<bool, Failure> {
        let state = self.about("state", victim).await?;
        Ok(state.as_deref() == Some("active"))
    }

    pub(in crate::db) async fn lists(&mut self, victim: &Identity) -> Result<bool, Failure> {
        // A backend leaves the statistics a moment before it leaves the list by which the server
        // counts a role's connections. Only a signal tells whether it is on that list, and one
        // more cancel does nothing to a backend on its way out. A pid that another backend has by
        // now is left alone. That there is no such process is an answer, and no warning.
        let Identity { process, started } = victim;
        let sql = format!(
            "SET client_min_messages = error; SELECT CASE WHEN backend_start = '{started}' THEN true \
             WHEN backend_start IS NOT NULL THEN false \
             ELSE pg_catalog.pg_cancel_backend({process}) END \
             FROM (SELECT 1) one LEFT JOIN pg_catalog.pg_stat_get_activity({process}) ON true"
        );
        let rows = match self.query(&sql).await {
            Ok(rows) => rows,
            // There is such a process, and somebody has taken away the right to signal it.
            Err(failure) if sqlstate(&failure) == Some(INSUFFICIENT_PRIVILEGE) => return Ok(true),
            Err(failure) => return Err(failure),
        };
        let listed = rows.into_iter().flatten().flatten().next();
        Ok(listed.as_deref() == Some("t"))
    }

    /// What the server says of `victim`, if it still knows it: pid and beginning in one statement,
    /// so that another backend with the same pid is left alone.
    async fn about(&mut self, what: &str, victim: &Identity) -> Result<Option<String>, Failure> {
        let Identity { process, started } = victim;
        let sql = format!(
            "SELECT {what} FROM pg_catalog.pg_stat_get_activity({process}) \
             WHERE backend_start = '{started}'"
        );
        let rows = self.query(&sql).await?;
        Ok(rows.into_iter().flatten().flatten().next())
    }

    /// Passes `result` on, after what `sql` and its failure may mean for the names of types.
    fn observe<T>(&mut self, sql: &str, result: Result<T, Failure>) -> Result<T, Failure> {
        match &result {
            Ok(_) => self.names.observe(sql),
            // Among the reasons are types that were dropped and made again.
            Err(_) => self.names.clear(),
        }
        result
    }

    async fn arguments(&mut self, values: Vec<Value>) -> Result<Vec<Argument>, Failure> {
        if values.len() > usize::from(u16::MAX) {
            let what = "a statement of PostgreSQL takes no more than 65535 arguments";
            return Err(Failure::new(Code::INVALID_ARGUMENT, what));
        }
        let mut arguments = Vec::with_capacity(values.len());
        for (index, value) in values.into_iter().enumerate() {
            let argument = match bind::name(&value) {
                None => Argument::new(value),
                Some(name) => {
                    let of = self.named(name).await?;
                    let texts = bind::texts(&value);
                    let converted = of.convert(&mut self.connection, texts).await?;
                    Argument::named(value, &of, converted)
                }
            };
            arguments.push(argument.map_err(|refusal| bind::refused(refusal, index))?);
        }
        Ok(arguments)
    }

    async fn types(&mut self, parameters: &[ValueType]) -> Result<Vec<u32>, Failure> {
        let mut types = Vec::with_capacity(parameters.len());
        for (index, of) in parameters.iter().enumerate() {
            let named = match &of.scalar {
                ScalarType::Named(name) => Some(self.named(name).await?),
                _ => None,
            };
            let oid = bind::oid(of, named.as_ref());
            types.push(oid.map_err(|refusal| bind::refused(refusal, index))?);
        }
        Ok(types)
    }

    async fn named(&mut self, name: &str) -> Result<NamedType, Failure> {
        self.names.find(&mut self.connection, name).await
    }
}

/// The text as which the driver knows a statement with these arguments.
fn signed(sql: &str, kept: Option<&SignedText>, arguments: &[Argument]) -> Arc<str> {
    let types = arguments.iter().map(Argument::oid);
    let sign = || text::signed(sql, types.clone());
    match kept {
        Some(kept) => kept.get(types.clone(), sign),
        None => sign().into(),
    }
}

fn prepared(
    columns: &[PgColumn],
    parameters: Option<Either<&[PgTypeInfo], usize>>,
    nullable: Vec<Option<bool>>,
) -> Prepared {
    let columns = columns
        .iter()
        .map(|column| rows::describe(column, rows::origin(column)));
    Prepared {
        columns: columns.collect(),
        parameters: parameters.map(|parameters| match parameters {
            Either::Left(types) => Parameters::Types(types.iter().map(rows::column_type).collect()),
            Either::Right(count) => Parameters::Count(u32::try_from(count).unwrap_or(u32::MAX)),
        }),
        nullable,
    }
}

fn sqlstate(failure: &Failure) -> Option<&str> {
    failure.database.as_deref()?.code.as_deref()
}
