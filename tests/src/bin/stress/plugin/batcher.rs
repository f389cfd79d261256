//! Many sets of arguments at once.

use onepool_sdk::{BatchExecutor, BatchMode, OnepoolArguments};

use super::desk::{Desk, Failed};

/// Sets of one batch.
const SETS: usize = 20;

/// A batch that works, or one that must leave nothing since its last set is its first once more.
pub(super) async fn once(desk: &Desk) -> Result<(), Failed> {
    let mut ids: Vec<i64> = (0..SETS).map(|_| desk.mint()).collect();
    let (mode, doomed) = match fastrand::u8(0..4) {
        0 => (BatchMode::AllOrNothing, true),
        1 => (BatchMode::AllOrNothing, false),
        _ => (BatchMode::StopAtFirst, false),
    };
    if doomed {
        ids.extend(ids.first().copied());
    }
    let sets = ids
        .iter()
        .map(|id| OnepoolArguments::default().bind(*id))
        .collect::<Result<Vec<_>, _>>()?;
    let insert = desk.sql("INSERT INTO journal (id) VALUES (?)");
    let done = desk.pool.execute_batch(insert, sets, mode).await;
    match desk.answered(done.map_err(sqlx::Error::from)) {
        Ok(_) if doomed => Err(Failed::Wrong("a row was written twice".into())),
        Ok(_) => ids.into_iter().try_for_each(|id| desk.kept(id)),
        Err(Failed::Call(error)) if doomed && is_twice(&error) => {
            ids.into_iter().try_for_each(|id| desk.undone(id))
        }
        Err(failed) => Err(failed),
    }
}

fn is_twice(error: &sqlx::Error) -> bool {
    let error = error.as_database_error();
    error.is_some_and(sqlx::error::DatabaseError::is_unique_violation)
}
