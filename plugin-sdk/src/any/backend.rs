//! What an `AnyConnection` asks of a Connection.

use futures_core::future::BoxFuture;
use futures_core::stream::BoxStream;
use futures_util::StreamExt;
use onepool_proto::message::Want;
use sqlx_core::Either;
use sqlx_core::any::{
    Any, AnyArguments, AnyConnectionBackend, AnyQueryResult, AnyRow, AnyStatement, AnyTypeInfo,
};
use sqlx_core::connection::Connection;
use sqlx_core::database::Database;
use sqlx_core::describe::Describe;
use sqlx_core::error::Error;
use sqlx_core::executor::Executor;
use sqlx_core::migrate::Migrate;
use sqlx_core::sql_str::SqlStr;
use sqlx_core::transaction::TransactionManager;

use super::convert;
use crate::execute::Query;
use crate::{Onepool, OnepoolConnection, OnepoolTransactionManager};

fn native(sql: SqlStr, persistent: bool, arguments: Option<AnyArguments>) -> Result<Query, Error> {
    let arguments = arguments.map(convert::arguments).transpose()?;
    Ok(Query::with(sql, arguments, persistent))
}

impl AnyConnectionBackend for OnepoolConnection {
    fn name(&self) -> &str {
        Onepool::NAME
    }

    fn close(self: Box<Self>) -> BoxFuture<'static, Result<(), Error>> {
        Box::pin(Connection::close(*self))
    }

    fn close_hard(self: Box<Self>) -> BoxFuture<'static, Result<(), Error>> {
        Box::pin(Connection::close_hard(*self))
    }

    fn ping(&mut self) -> BoxFuture<'_, Result<(), Error>> {
        Box::pin(Connection::ping(self))
    }

    fn begin(&mut self, statement: Option<SqlStr>) -> BoxFuture<'_, Result<(), Error>> {
        Box::pin(OnepoolTransactionManager::begin(self, statement))
    }

    fn commit(&mut self) -> BoxFuture<'_, Result<(), Error>> {
        Box::pin(OnepoolTransactionManager::commit(self))
    }

    fn rollback(&mut self) -> BoxFuture<'_, Result<(), Error>> {
        Box::pin(OnepoolTransactionManager::rollback(self))
    }

    fn start_rollback(&mut self) {
        OnepoolTransactionManager::start_rollback(self);
    }

    fn get_transaction_depth(&self) -> usize {
        OnepoolTransactionManager::get_transaction_depth(self)
    }

    fn cached_statements_size(&self) -> usize {
        Connection::cached_statements_size(self)
    }

    fn clear_cached_statements(&mut self) -> BoxFuture<'_, Result<(), Error>> {
        Box::pin(Connection::clear_cached_statements(self))
    }

    fn shrink_buffers(&mut self) {
        Connection::shrink_buffers(self);
    }

    fn flush(&mut self) -> BoxFuture<'_, Result<(), Error>> {
        Box::pin(Connection::flush(self))
    }

    fn should_flush(&self) -> bool {
        Connection::should_flush(self)
    }

    fn as_migrate(&mut self) -> Result<&mut (dyn Migrate + Send + 'static), Error> {
        Ok(self)
    }

    fn fetch_many(
        &mut self,
        query: SqlStr,
        persistent: bool,
        arguments: Option<AnyArguments>,
    ) -> BoxStream<'_, Result<Either<AnyQueryResult, AnyRow>, Error>> {
        let query = native(query, persistent, arguments);
        let items = self.stream(query, Want::Rows).map(|item| {
            Ok(match item? {
                Either::Left(result) => Either::Left(convert::result(result)),
                Either::Right(row) => Either::Right(AnyRow::try_from(&row)?),
            })
        });
        Box::pin(items)
    }

    fn fetch_optional(
        &mut self,
        query: SqlStr,
        persistent: bool,
        arguments: Option<AnyArguments>,
    ) -> BoxFuture<'_, Result<Option<AnyRow>, Error>> {
        let query = native(query, persistent, arguments);
        Box::pin(async move {
            let row = self.run(query?, Want::First).await?.next_row().await?;
            row.as_ref().map(AnyRow::try_from).transpose()
        })
    }

    fn prepare_with<'c, 'q: 'c>(
        &'c mut self,
        sql: SqlStr,
        _parameters: &[AnyTypeInfo],
    ) -> BoxFuture<'c, Result<AnyStatement, Error>> {
        Box::pin(async move {
            let statement = Executor::prepare_with(self, sql, &[]).await?;
            let names = statement.names.clone();
            AnyStatement::try_from_statement(statement, names)
        })
    }

    fn describe(&mut self, sql: SqlStr) -> BoxFuture<'_, Result<Describe<Any>, Error>> {
        Box::pin(async move { Executor::describe(self, sql).await?.try_into_any() })
    }
}
