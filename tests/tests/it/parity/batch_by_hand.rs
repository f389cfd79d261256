//! A batch with a direct driver: a loop, and a transaction around it.

use sqlx::{AssertSqlSafe, Connection, Error};

use super::super::driver::Driver;
use super::Db;

#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    AllOrNothing,
    StopAtFirst,
}

/// Runs the statement for each id; how many rows each affected, and which failed and why.
pub async fn batch(
    connection: &mut <Db as sqlx::Database>::Connection,
    sql: String,
    ids: &[i32],
    mode: Mode,
) -> (Vec<u64>, Option<(usize, Error)>) {
    if mode == Mode::StopAtFirst {
        return one_by_one(connection, sql, ids).await;
    }
    let mut transaction = connection.begin().await.unwrap();
    let (done, failed) = one_by_one(&mut transaction, sql, ids).await;
    if failed.is_some() {
        transaction.rollback().await.unwrap();
        return (Vec::new(), failed);
    }
    transaction.commit().await.unwrap();
    (done, failed)
}

async fn one_by_one(
    connection: &mut <Db as sqlx::Database>::Connection,
    sql: String,
    ids: &[i32],
) -> (Vec<u64>, Option<(usize, Error)>) {
    let mut done = Vec::new();
    for (set, id) in ids.iter().enumerate() {
        let query = sqlx::query(AssertSqlSafe(sql.clone())).bind(id);
        match query.execute(&mut *connection).await {
            Ok(result) => done.push(Db::done(&result).0),
            Err(error) => return (done, Some((set, error))),
        }
    }
    (done, None)
}
