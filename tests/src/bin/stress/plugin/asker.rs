//! Small questions and single writes.

use super::desk::{Desk, Failed};
use crate::place::{ACCOUNTS, POINTS};

/// One of four things.
pub(super) async fn once(desk: &Desk) -> Result<(), Failed> {
    match fastrand::u8(0..8) {
        0 => sum(desk).await,
        1 => count(desk).await,
        2..=4 => write(desk).await,
        _ => one(desk).await,
    }
}

/// All points, at whatever moment: those that are being moved are not gone.
async fn sum(desk: &Desk) -> Result<(), Failed> {
    let points = sqlx::query_scalar("SELECT points FROM accounts");
    let points: Vec<i64> = desk.answered(points.fetch_all(&desk.pool).await)?;
    let (all, there) = (ACCOUNTS * POINTS, points.iter().sum::<i64>());
    if there == all {
        return Ok(());
    }
    Err(Failed::Wrong(format!(
        "of {all} points {there} were there for a moment"
    )))
}

/// Text that is sent as it is.
async fn count(desk: &Desk) -> Result<(), Failed> {
    let rows = sqlx::raw_sql("SELECT id FROM accounts; SELECT 1 FROM accounts");
    let rows = desk.answered(rows.fetch_all(&desk.pool).await)?;
    let wanted = 2 * usize::try_from(ACCOUNTS).unwrap_or_default();
    if rows.len() == wanted {
        return Ok(());
    }
    let was = rows.len();
    Err(Failed::Wrong(format!(
        "{wanted} rows were asked for, and {was} came"
    )))
}

/// A prepared statement, whose answer must be that to its own argument.
async fn one(desk: &Desk) -> Result<(), Failed> {
    let wanted = fastrand::i64(0..ACCOUNTS);
    let asked = desk.sql("SELECT id FROM accounts WHERE id = ?");
    let asked = sqlx::query_scalar(asked).bind(wanted).fetch_one(&desk.pool);
    let came: i64 = desk.answered(asked.await)?;
    if came == wanted {
        return Ok(());
    }
    Err(Failed::Wrong(format!(
        "account {wanted} was asked for, and {came} came"
    )))
}

/// A write that commits itself.
async fn write(desk: &Desk) -> Result<(), Failed> {
    let id = desk.mint();
    let insert = sqlx::query(desk.sql("INSERT INTO journal (id) VALUES (?)")).bind(id);
    desk.answered(insert.execute(&desk.pool).await)?;
    desk.kept(id)
}
