//! The plugin's connections.

use std::str::FromStr;
use std::time::Duration;

use futures_core::future::BoxFuture;
use futures_core::stream::BoxStream;
use log::LevelFilter;
use sqlx_core::Either;
use sqlx_core::Url;
use sqlx_core::connection::{ConnectOptions, Connection};
use sqlx_core::describe::Describe;
use sqlx_core::error::Error;
use sqlx_core::executor::{Execute, Executor};
use sqlx_core::sql_str::SqlStr;
use sqlx_core::transaction::{Transaction, TransactionManager};

use crate::{Onepool, OnepoolQueryResult, OnepoolRow, OnepoolStatement, OnepoolTypeInfo};

/// Options.
#[derive(Clone, Debug)]
pub struct OnepoolConnectOptions;

impl FromStr for OnepoolConnectOptions {
    type Err = Error;
    fn from_str(_: &str) -> Result<Self, Error> {
        Ok(Self)
    }
}

impl ConnectOptions for OnepoolConnectOptions {
    type Connection = OnepoolConnection;
    fn from_url(_: &Url) -> Result<Self, Error> {
        Ok(Self)
    }
    async fn connect(&self) -> Result<OnepoolConnection, Error> {
        Err(Error::WorkerCrashed)
    }
    fn log_statements(self, _: LevelFilter) -> Self {
        self
    }
    fn log_slow_statements(self, _: LevelFilter, _: Duration) -> Self {
        self
    }
}

/// A connection.
#[derive(Debug)]
pub struct OnepoolConnection;

impl Connection for OnepoolConnection {
    type Database = Onepool;
    type Options = OnepoolConnectOptions;
    async fn close(self) -> Result<(), Error> {
        Ok(())
    }
    async fn close_hard(self) -> Result<(), Error> {
        Ok(())
    }
    async fn ping(&mut self) -> Result<(), Error> {
        Ok(())
    }
    fn begin(
        &mut self,
    ) -> impl Future<Output = Result<Transaction<'_, Onepool>, Error>> + Send + '_ {
        Transaction::begin(self, None)
    }
    fn shrink_buffers(&mut self) {}
    async fn flush(&mut self) -> Result<(), Error> {
        Ok(())
    }
    fn should_flush(&self) -> bool {
        false
    }
}

impl<'c> Executor<'c> for &'c mut OnepoolConnection {
    type Database = Onepool;
    fn fetch_many<'e, 'q: 'e, E>(
        self,
        _: E,
    ) -> BoxStream<'e, Result<Either<OnepoolQueryResult, OnepoolRow>, Error>>
    where
        'c: 'e,
        E: 'q + Execute<'q, Onepool>,
    {
        Box::pin(futures_util::stream::empty())
    }
    fn fetch_optional<'e, 'q: 'e, E>(self, _: E) -> BoxFuture<'e, Result<Option<OnepoolRow>, Error>>
    where
        'c: 'e,
        E: 'q + Execute<'q, Onepool>,
    {
        Box::pin(async { Ok(None) })
    }
    fn prepare_with<'e>(
        self,
        _: SqlStr,
        _: &'e [OnepoolTypeInfo],
    ) -> BoxFuture<'e, Result<OnepoolStatement, Error>>
    where
        'c: 'e,
    {
        Box::pin(async { Err(Error::WorkerCrashed) })
    }
    fn describe<'e>(self, _: SqlStr) -> BoxFuture<'e, Result<Describe<Onepool>, Error>>
    where
        'c: 'e,
    {
        Box::pin(async { Err(Error::WorkerCrashed) })
    }
}

/// Transactions.
#[derive(Debug)]
pub struct OnepoolTransactionManager;

impl TransactionManager for OnepoolTransactionManager {
    type Database = Onepool;
    async fn begin(_: &mut OnepoolConnection, _: Option<SqlStr>) -> Result<(), Error> {
        Ok(())
    }
    async fn commit(_: &mut OnepoolConnection) -> Result<(), Error> {
        Ok(())
    }
    async fn rollback(_: &mut OnepoolConnection) -> Result<(), Error> {
        Ok(())
    }
    fn start_rollback(_: &mut OnepoolConnection) {}
    fn get_transaction_depth(_: &OnepoolConnection) -> usize {
        0
    }
}
