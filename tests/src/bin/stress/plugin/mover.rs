//! Points, from account to account.

use super::desk::{Desk, Failed};
use crate::place::ACCOUNTS;

/// Moves points in a transaction, which is committed, rolled back or given up.
pub(super) async fn once(desk: &Desk) -> Result<(), Failed> {
    let (from, to) = (fastrand::i64(0..ACCOUNTS), fastrand::i64(0..ACCOUNTS));
    let points = fastrand::i64(1..10);
    let id = desk.mint();
    let mut transaction = desk.pool.begin().await?;
    for (account, change) in [(from, -points), (to, points)] {
        let sql = desk.sql("UPDATE accounts SET points = points + ? WHERE id = ?");
        let update = sqlx::query(sql).bind(change).bind(account);
        desk.answered(update.execute(&mut *transaction).await)?;
    }
    let insert = sqlx::query(desk.sql("INSERT INTO journal (id) VALUES (?)")).bind(id);
    desk.answered(insert.execute(&mut *transaction).await)?;
    match fastrand::u8(0..8) {
        0 => {
            drop(transaction);
            desk.undone(id)
        }
        1 => {
            desk.undone(id)?;
            desk.answered(transaction.rollback().await)
        }
        _ => {
            desk.answered(transaction.commit().await)?;
            desk.kept(id)
        }
    }
}
