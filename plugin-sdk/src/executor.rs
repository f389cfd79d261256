//! Running statements on a Connection.

use futures_core::Stream;
use futures_core::future::BoxFuture;
use futures_core::stream::BoxStream;
use futures_util::{TryStreamExt, stream};
use onepool_proto::message::{PrepareDetail, Want};
use sqlx_core::Either;
use sqlx_core::describe::Describe;
use sqlx_core::error::Error;
use sqlx_core::executor::{Execute, Executor};
use sqlx_core::sql_str::SqlStr;

use crate::execute::Query;
use crate::rows::Item;
use crate::{
    Onepool, OnepoolConnection, OnepoolQueryResult, OnepoolRow, OnepoolStatement, OnepoolTypeInfo,
    placeholders, prepare,
};

impl OnepoolConnection {
    pub(crate) fn stream<'e>(
        &'e mut self,
        query: Result<Query, Error>,
        want: Want,
    ) -> impl Stream<Item = Result<Item, Error>> + Send + 'e {
        let first_page = async move { self.run(query?, want).await };
        stream::once(first_page).try_flatten()
    }
}

impl<'c> Executor<'c> for &'c mut OnepoolConnection {
    type Database = Onepool;

    /// Runs the statement; rows that it returns stay with the host.
    fn execute<'e, 'q: 'e, E>(self, query: E) -> BoxFuture<'e, Result<OnepoolQueryResult, Error>>
    where
        'c: 'e,
        E: 'q + Execute<'q, Onepool>,
    {
        let query = Query::new(query);
        Box::pin(async move { self.run(query?, Want::Summary).await?.summary().await })
    }

    fn execute_many<'e, 'q: 'e, E>(
        self,
        query: E,
    ) -> BoxStream<'e, Result<OnepoolQueryResult, Error>>
    where
        'c: 'e,
        E: 'q + Execute<'q, Onepool>,
    {
        let items = self.stream(Query::new(query), Want::Summary);
        Box::pin(items.try_filter_map(async |item| Ok(item.left())))
    }

    fn fetch_many<'e, 'q: 'e, E>(
        self,
        query: E,
    ) -> BoxStream<'e, Result<Either<OnepoolQueryResult, OnepoolRow>, Error>>
    where
        'c: 'e,
        E: 'q + Execute<'q, Onepool>,
    {
        Box::pin(self.stream(Query::new(query), Want::Rows))
    }

    fn fetch_all<'e, 'q: 'e, E>(self, query: E) -> BoxFuture<'e, Result<Vec<OnepoolRow>, Error>>
    where
        'c: 'e,
        E: 'q + Execute<'q, Onepool>,
    {
        let query = Query::new(query);
        Box::pin(async move { self.run(query?, Want::Rows).await?.all_rows().await })
    }

    fn fetch_optional<'e, 'q: 'e, E>(
        self,
        query: E,
    ) -> BoxFuture<'e, Result<Option<OnepoolRow>, Error>>
    where
        'c: 'e,
        E: 'q + Execute<'q, Onepool>,
    {
        let query = Query::new(query);
        Box::pin(async move { self.run(query?, Want::First).await?.next_row().await })
    }

    fn prepare_with<'e>(
        self,
        sql: SqlStr,
        parameters: &'e [OnepoolTypeInfo],
    ) -> BoxFuture<'e, Result<OnepoolStatement, Error>>
    where
        'c: 'e,
    {
        Box::pin(async move {
            let kind = self.database();
            let sql = placeholders::resolve(sql, kind);
            let prepared = self
                .ask_prepare(sql.as_str(), parameters, PrepareDetail::Statement)
                .await?;
            Ok(prepare::statement(kind, sql, prepared))
        })
    }

    fn describe<'e>(self, sql: SqlStr) -> BoxFuture<'e, Result<Describe<Onepool>, Error>>
    where
        'c: 'e,
    {
        Box::pin(async move {
            let kind = self.database();
            let sql = placeholders::resolve(sql, kind);
            let prepared = self
                .ask_prepare(sql.as_str(), &[], PrepareDetail::Describe)
                .await?;
            Ok(prepare::description(kind, prepared))
        })
    }
}
