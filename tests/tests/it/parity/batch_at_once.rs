//! A batch with onepool: one call.

pub use onepool_sdk::BatchMode as Mode;
use onepool_sdk::{BatchExecutor, OnepoolArguments, OnepoolConnection};
use sqlx::{AssertSqlSafe, Error};

/// Runs the statement for each id; how many rows each affected, and which failed and why.
pub async fn batch(
    connection: &mut OnepoolConnection,
    sql: String,
    ids: &[i32],
    mode: Mode,
) -> (Vec<u64>, Option<(usize, Error)>) {
    let sets = ids
        .iter()
        .map(|id| OnepoolArguments::default().bind(id).unwrap());
    let (done, failed) = match connection
        .execute_batch(AssertSqlSafe(sql), sets, mode)
        .await
    {
        Ok(done) => (done, None),
        Err(error) => (error.completed, Some((error.set.unwrap(), error.source))),
    };
    (
        done.iter().map(|done| done.rows_affected()).collect(),
        failed,
    )
}
