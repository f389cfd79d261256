//! A plugin that moves points between accounts, and never loses or makes one.

use std::time::Duration;

use futures_util::TryStreamExt;
use onepool_sdk::{BatchExecutor, BatchMode, Onepool};
use sqlx::{Acquire, QueryBuilder};
use tokio::task::JoinSet;

use super::desk::{Acknowledged, Desk, Fault};
use super::dice::Dice;
use super::{batch, retry};

/// How many accounts there are, numbered from zero.
pub const ACCOUNTS: i64 = 10;
/// What is in each account at first.
pub const OPENING_POINTS: i64 = 1_000;

/// Tasks that move points.
const TELLERS: i64 = 9;
/// The account that pays for those who cannot.
const TREASURY: i64 = 0;
/// Each teller numbers its transfers from a multiple of this.
const IDS_EACH: i64 = 1_000_000;
/// Between two looks at the books.
const AUDIT_EVERY: Duration = Duration::from_millis(100);

/// Opens the accounts and moves points until the desk closes.
pub async fn work(desk: &Desk) -> Result<Acknowledged, Fault> {
    open_accounts(desk).await?;
    let mut tasks = JoinSet::new();
    for teller in 1..=TELLERS {
        tasks.spawn(move_points(desk.clone(), teller * IDS_EACH));
    }
    tasks.spawn(audit(desk.clone()));
    let mut acknowledged = Acknowledged::default();
    while let Some(done) = tasks.join_next().await {
        acknowledged.add(done??);
    }
    Ok(acknowledged)
}

async fn open_accounts(desk: &Desk) -> sqlx::Result<()> {
    desk.empty("transfers").await?;
    desk.empty("accounts").await?;
    let insert = batch::insert(desk.tables.table("accounts"), &["id", "points"]);
    let rows = (0..ACCOUNTS).map(|id| batch::row().bind(id).bind(OPENING_POINTS).done());
    let rows = rows.collect::<Result<Vec<_>, _>>()?;
    let opened = desk
        .pool
        .execute_batch(insert, rows, BatchMode::AllOrNothing);
    desk.meter.statement(opened).await?;
    Ok(())
}

/// One teller: transfer after transfer.
async fn move_points(desk: Desk, first_id: i64) -> Result<Acknowledged, Fault> {
    let mut acknowledged = Acknowledged::default();
    let mut dice = Dice::new();
    for id in first_id.. {
        let transfer = Transfer {
            id,
            payer: dice.roll(ACCOUNTS as u32),
            payee: dice.roll(ACCOUNTS as u32),
            points: 1 + dice.roll(400),
        };
        let changes_its_mind = dice.one_in(8);
        let moved = retry::until_it_wins(&desk.meter, || transfer.run(&desk, changes_its_mind));
        if moved.await? {
            acknowledged.row(id);
        }
        if desk.is_closed() {
            break;
        }
    }
    Ok(acknowledged)
}

#[derive(Debug)]
struct Transfer {
    id: i64,
    payer: i64,
    payee: i64,
    points: i64,
}

impl Transfer {
    /// Moves the points; answers whether they were moved.
    async fn run(&self, desk: &Desk, changes_its_mind: bool) -> sqlx::Result<bool> {
        let mut tx = desk.pool.begin().await?;

        // A transaction within the transaction: if the account has too little, this alone is
        // rolled back, and the treasury pays.
        let mut attempt = tx.begin().await?;
        let mut take = change(desk, self.payer, -self.points);
        let payer = match desk
            .meter
            .statement(take.build().execute(&mut *attempt))
            .await
        {
            Ok(_) => {
                attempt.commit().await?;
                self.payer
            }
            Err(sqlx::Error::Database(error)) if error.is_check_violation() => {
                attempt.rollback().await?;
                desk.meter.violation();
                let mut take = change(desk, TREASURY, -self.points);
                match desk.meter.statement(take.build().execute(&mut *tx)).await {
                    Err(sqlx::Error::Database(error)) if error.is_check_violation() => {
                        tx.rollback().await?;
                        return Ok(false);
                    }
                    paid => paid.map(|_| TREASURY)?,
                }
            }
            Err(error) => return Err(error),
        };

        let mut give = change(desk, self.payee, self.points);
        desk.meter.statement(give.build().execute(&mut *tx)).await?;
        let mut record = desk.sql("INSERT INTO", "transfers", "(id, payer, payee, points) ");
        record.push_values([self], |mut row, transfer| {
            row.push_bind(transfer.id).push_bind(payer);
            row.push_bind(transfer.payee).push_bind(transfer.points);
        });
        desk.meter
            .statement(record.build().execute(&mut *tx))
            .await?;
        if changes_its_mind {
            tx.rollback().await?;
        } else {
            tx.commit().await?;
        }
        Ok(!changes_its_mind)
    }
}

/// Adds points to an account; the account may not go below zero.
fn change(desk: &Desk, account: i64, points: i64) -> QueryBuilder<Onepool> {
    let mut update = desk.sql("UPDATE", "accounts", "SET points = points + ");
    update
        .push_bind(points)
        .push(" WHERE id = ")
        .push_bind(account);
    update
}

/// Adds up all accounts again and again: whatever the tellers are doing, the sum stays.
async fn audit(desk: Desk) -> Result<Acknowledged, Fault> {
    while !desk.is_closed() {
        let mut select = desk.sql("SELECT points FROM", "accounts", "");
        let points = select.build_query_scalar::<i64>().fetch(&desk.pool);
        let sum = points.try_fold(0, async |sum, points| Ok(sum + points));
        let sum = desk.meter.statement(sum).await?;
        let expected = ACCOUNTS * OPENING_POINTS;
        if sum != expected {
            return Err(format!("the accounts hold {sum} points in place of {expected}").into());
        }
        tokio::time::sleep(AUDIT_EVERY).await;
    }
    Ok(Acknowledged::default())
}
