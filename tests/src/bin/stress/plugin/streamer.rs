//! Many rows, slowly, and seldom to the end.

use std::time::Duration;

use futures_util::TryStreamExt;

use super::desk::{Desk, Failed};
use crate::place::{READING, READINGS};

/// Rows between two rests.
const STRIDE: i64 = 500;

/// Reads some rows in order and leaves the others.
pub(super) async fn once(desk: &Desk) -> Result<(), Failed> {
    let enough = match fastrand::u8(0..4) {
        0 => READINGS,
        _ => fastrand::i64(1..READINGS),
    };
    let rest = Duration::from_millis(fastrand::u64(0..5));
    let select = sqlx::query_as("SELECT id, reading FROM readings ORDER BY id");
    let mut rows = select.fetch(&desk.pool);
    for wanted in 0..enough {
        let row = match rows.try_next().await {
            Ok(row) => row,
            Err(error) => return desk.answered(Err(error)),
        };
        let right = |(id, reading): &(i64, String)| *id == wanted && reading == READING;
        if !row.as_ref().is_some_and(right) {
            return Err(Failed::Wrong(format!("row {wanted} came as {row:?}")));
        }
        if wanted % STRIDE == 0 {
            tokio::time::sleep(rest).await;
        }
    }
    desk.answered(Ok(()))
}
