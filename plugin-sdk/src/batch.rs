//! One statement, many sets of arguments, one round trip.

use futures_core::future::BoxFuture;
use onepool_proto::limits::BATCH_SETS;
use onepool_proto::message::{Batch, BatchMode, BatchReply, LargeRequest, Sql, UploadedReply};
use onepool_proto::{Code, Value};
use sqlx_core::arguments::Arguments;
use sqlx_core::encode::Encode;
use sqlx_core::error::Error;
use sqlx_core::sql_str::{SqlSafeStr, SqlStr};
use sqlx_core::types::Type;

use crate::error::{broker_error, unexpected_answer};
use crate::{
    Onepool, OnepoolArguments, OnepoolConnection, OnepoolPool, OnepoolQueryResult, placeholders,
    upload,
};

/// Runs one statement once for each set of arguments, in one round trip.
///
/// Implemented for `&mut OnepoolConnection` and `&OnepoolPool`; transactions and pooled connections
/// are the former by a dereference.
///
/// ```no_run
/// use onepool_sdk::{BatchExecutor, BatchMode, OnepoolArguments, OnepoolPool};
///
/// # async fn example(pool: OnepoolPool) -> Result<(), sqlx_core::Error> {
/// let mut sets = Vec::new();
/// for (id, name) in [(1_i64, "one"), (2, "two")] {
///     sets.push(OnepoolArguments::default().bind(id)?.bind(name)?);
/// }
/// let results = pool
///     .execute_batch("INSERT INTO numbers VALUES ($1, $2)", sets, BatchMode::AllOrNothing)
///     .await?;
/// assert_eq!(results.len(), 2);
/// # Ok(())
/// # }
/// ```
pub trait BatchExecutor<'c>: Sized {
    /// Runs `sql` once for each of `sets`, in order, and returns what each did. Rows are
    /// discarded.
    ///
    /// With [`BatchMode::AllOrNothing`] nothing of the batch remains if a set fails; with
    /// [`BatchMode::StopAtFirst`] the sets before it do.
    ///
    /// On PostgreSQL the sets of a large `AllOrNothing` batch that inserts rows of arguments may go
    /// into the database many at a time, where the host finds that the table takes them as it would
    /// take them one by one: no trigger, rule or policy of its own, and no default or check that
    /// could look at other rows. What each set did, and which failed and why, is the same.
    ///
    /// # Errors
    /// [`BatchError`] says which set failed, why, and what remains. Converted to an
    /// [`Error`] it is the failure of that set alone.
    ///
    /// # Cancel safety
    /// Dropping the future outside a transaction leaves nothing or all of an `AllOrNothing` batch,
    /// and any number of sets from the first of a `StopAtFirst` one.
    fn execute_batch(
        self,
        sql: impl SqlSafeStr,
        sets: impl IntoIterator<Item = OnepoolArguments>,
        mode: BatchMode,
    ) -> BoxFuture<'c, Result<Vec<OnepoolQueryResult>, BatchError>>;
}

impl OnepoolArguments {
    /// These arguments and `value` after them.
    ///
    /// # Errors
    /// [`Error::Encode`] if the value cannot be encoded.
    pub fn bind<'t, T>(mut self, value: T) -> Result<Self, Error>
    where
        T: Encode<'t, Onepool> + Type<Onepool>,
    {
        self.add(value).map_err(Error::Encode)?;
        Ok(self)
    }
}

/// Why a batch failed.
#[derive(Debug, thiserror::Error)]
#[error("{}{source}", place(*set))]
pub struct BatchError {
    /// The set that failed, from zero; `None` if the batch failed as a whole.
    pub set: Option<usize>,
    /// What each set before it did, where that remains.
    pub completed: Vec<OnepoolQueryResult>,
    /// Why.
    #[source]
    pub source: Error,
}

fn place(set: Option<usize>) -> String {
    set.map(|set| format!("set {set} of the batch failed: "))
        .unwrap_or_default()
}

impl From<Error> for BatchError {
    fn from(source: Error) -> Self {
        Self {
            set: None,
            completed: Vec::new(),
            source,
        }
    }
}

impl From<BatchError> for Error {
    fn from(error: BatchError) -> Self {
        error.source
    }
}

impl<'c> BatchExecutor<'c> for &'c mut OnepoolConnection {
    fn execute_batch(
        self,
        sql: impl SqlSafeStr,
        sets: impl IntoIterator<Item = OnepoolArguments>,
        mode: BatchMode,
    ) -> BoxFuture<'c, Result<Vec<OnepoolQueryResult>, BatchError>> {
        let (sql, sets) = (sql.into_sql_str(), sets.into_iter().collect());
        Box::pin(self.run_batch(sql, sets, mode))
    }
}

impl<'c> BatchExecutor<'c> for &'c OnepoolPool {
    fn execute_batch(
        self,
        sql: impl SqlSafeStr,
        sets: impl IntoIterator<Item = OnepoolArguments>,
        mode: BatchMode,
    ) -> BoxFuture<'c, Result<Vec<OnepoolQueryResult>, BatchError>> {
        let (sql, sets) = (sql.into_sql_str(), sets.into_iter().collect());
        Box::pin(async move { self.acquire().await?.run_batch(sql, sets, mode).await })
    }
}

impl OnepoolConnection {
    async fn run_batch(
        &mut self,
        sql: SqlStr,
        sets: Vec<OnepoolArguments>,
        mode: BatchMode,
    ) -> Result<Vec<OnepoolQueryResult>, BatchError> {
        if sets.is_empty() {
            return Ok(Vec::new());
        }
        if sets.len() > BATCH_SETS as usize {
            let message = format!(
                "a batch of {} sets; at most {BATCH_SETS} go in one call",
                sets.len()
            );
            return Err(broker_error(Code::REQUEST_TOO_LARGE, message).into());
        }
        let reply = self.send_batch(sql, sets, mode).await?;
        let completed = reply.summaries.into_iter().map(Into::into).collect();
        match reply.failed {
            None => Ok(completed),
            Some(failed) => Err(BatchError {
                set: Some(failed.set as usize),
                completed,
                source: self.error(failed.failure),
            }),
        }
    }

    async fn send_batch(
        &mut self,
        sql: SqlStr,
        sets: Vec<OnepoolArguments>,
        mode: BatchMode,
    ) -> Result<BatchReply, Error> {
        let kind = self.database();
        let text = placeholders::resolve(sql, kind).as_str().to_owned();
        let sets: Vec<Vec<Value>> = sets
            .into_iter()
            .map(|set| set.into_values(kind))
            .collect::<Result<_, Error>>()?;
        // Besides its values each set has a length.
        let set_bytes = |set: &Vec<Value>| 4 + set.iter().map(Value::wire_bytes).sum::<usize>();
        let bytes = text.len() + sets.iter().map(set_bytes).sum::<usize>();
        let deadline = self.deadline();
        let (call, carried) = self.begin_call(deadline)?;
        let batch = Batch {
            call,
            transaction: self.transaction.as_ref().map(|open| open.id()),
            sql: Sql::Text(text),
            sets,
            mode,
        };
        let answer = if upload::is_large(&self.session, bytes) {
            let request = LargeRequest::Batch(batch);
            match upload::send(&self.session, deadline, &request).await {
                Ok(UploadedReply::Batch(reply)) => Ok(reply),
                Ok(_) => Err(unexpected_answer()),
                Err(error) => Err(error),
            }
        } else {
            self.session.batch(deadline, batch).await
        };
        self.settle(carried, answer)
    }
}
