//! A plugin that takes messages in. They come in bulk, twice, or from senders nobody knows yet.

use std::time::Duration;

use onepool_sdk::{BatchExecutor, BatchMode};
use tokio::task::JoinSet;

use super::desk::{Acknowledged, Desk, Fault};
use super::dice::Dice;
use super::{batch, retry};

/// Tasks that take messages in.
const RECEIVERS: i64 = 3;
/// Tasks that handle them.
const HANDLERS: i64 = 2;
/// Each receiver numbers its messages from a multiple of this.
const IDS_EACH: i64 = 1_000_000;
/// Messages in one delivery.
const DELIVERY: i64 = 10;
/// Messages that are handled at once.
const HANDFUL: i64 = 20;
/// How long a handler rests when there is nothing to do.
const REST: Duration = Duration::from_millis(20);

/// Takes in and handles messages until the desk closes.
pub async fn work(desk: &Desk) -> Result<Acknowledged, Fault> {
    desk.empty("messages").await?;
    desk.empty("senders").await?;
    let mut tasks = JoinSet::new();
    for receiver in 1..=RECEIVERS {
        tasks.spawn(receive(desk.clone(), receiver * IDS_EACH));
    }
    for _ in 0..HANDLERS {
        tasks.spawn(handle(desk.clone()));
    }
    let mut acknowledged = Acknowledged::default();
    while let Some(done) = tasks.join_next().await {
        acknowledged.add(done??);
    }
    Ok(acknowledged)
}

/// One message.
#[derive(Clone, Debug)]
struct Message {
    id: i64,
    sender: String,
}

/// Takes deliveries in. Now and then one is single messages, the last of which comes twice.
async fn receive(desk: Desk, first_id: i64) -> Result<Acknowledged, Fault> {
    let mut acknowledged = Acknowledged::default();
    let mut dice = Dice::new();
    for number in 0.. {
        let first = first_id + number * DELIVERY;
        let delivery: Vec<Message> = (first..first + DELIVERY)
            .map(|id| Message {
                id,
                sender: format!("sender {}", dice.roll(1_000)),
            })
            .collect();
        if dice.one_in(2) {
            take_all(&desk, &delivery).await?;
        } else {
            for message in &delivery {
                take_one(&desk, message).await?;
            }
            if let Some(last) = delivery.last() {
                take_one(&desk, last).await?;
            }
        }
        delivery
            .iter()
            .for_each(|message| acknowledged.row(message.id));
        if desk.is_closed() {
            break;
        }
    }
    Ok(acknowledged)
}

/// Takes one message in, unless it is here already.
async fn take_one(desk: &Desk, message: &Message) -> Result<(), Fault> {
    loop {
        let mut insert = desk.sql("INSERT INTO", "messages", "(id, sender, body, handled) ");
        insert.push_values([message], |mut row, message| {
            row.push_bind(message.id).push_bind(&message.sender);
            row.push_bind("hello").push_bind(0);
        });
        match desk
            .meter
            .statement(insert.build().execute(&desk.pool))
            .await
        {
            Ok(_) => return Ok(()),
            Err(sqlx::Error::Database(error)) if error.is_unique_violation() => {
                desk.meter.violation();
                return Ok(());
            }
            Err(sqlx::Error::Database(error)) if error.is_foreign_key_violation() => {
                desk.meter.violation();
                welcome(desk, &message.sender).await?;
            }
            Err(error) => return Err(error.into()),
        }
    }
}

/// Takes a delivery in with one round trip: all of it or nothing, until all senders are known.
async fn take_all(desk: &Desk, delivery: &[Message]) -> Result<(), Fault> {
    let columns = ["id", "sender", "body", "handled"];
    let insert = batch::insert(desk.tables.table("messages"), &columns);
    loop {
        let rows = delivery.iter().map(|Message { id, sender }| {
            batch::row()
                .bind(id)
                .bind(sender)
                .bind("hello, all")
                .bind(0)
                .done()
        });
        let rows = rows.collect::<Result<Vec<_>, _>>()?;
        let batch = desk
            .pool
            .execute_batch(insert.clone(), rows, BatchMode::AllOrNothing);
        let Err(failed) = desk.meter.statement(batch).await else {
            return Ok(());
        };
        let stranger = failed.set.and_then(|set| delivery.get(set));
        match (&failed.source, stranger) {
            (sqlx::Error::Database(error), Some(message)) if error.is_foreign_key_violation() => {
                desk.meter.violation();
                welcome(desk, &message.sender).await?;
            }
            _ => return Err(failed.into()),
        }
    }
}

/// Notes a sender that was not known. Another task may have been faster.
async fn welcome(desk: &Desk, sender: &str) -> Result<(), Fault> {
    let mut insert = desk.sql("INSERT INTO", "senders", "(name) VALUES (");
    insert.push_bind(sender).push(")");
    match desk
        .meter
        .statement(insert.build().execute(&desk.pool))
        .await
    {
        Err(sqlx::Error::Database(error)) if error.is_unique_violation() => {
            desk.meter.violation();
            Ok(())
        }
        inserted => Ok(inserted.map(|_| ())?),
    }
}

/// Handles messages, a handful in each transaction.
async fn handle(desk: Desk) -> Result<Acknowledged, Fault> {
    let mut acknowledged = Acknowledged::default();
    while !desk.is_closed() {
        match retry::until_it_wins(&desk.meter, || handle_some(&desk)).await? {
            0 => tokio::time::sleep(REST).await,
            some => acknowledged.handled += some,
        }
    }
    Ok(acknowledged)
}

/// Handles what is there; answers how many messages that were.
async fn handle_some(desk: &Desk) -> sqlx::Result<i64> {
    let mut tx = desk.pool.begin().await?;
    let mut select = desk.sql(
        "SELECT id FROM",
        "messages",
        "WHERE handled = 0 ORDER BY id LIMIT ",
    );
    select.push_bind(HANDFUL);
    let ids = select.build_query_scalar::<i64>().fetch_all(&mut *tx);
    let ids = desk.meter.statement(ids).await?;
    let mut handled = 0;
    if !ids.is_empty() {
        let mut update = desk.sql("UPDATE", "messages", "SET handled = 1 WHERE handled = 0");
        update.push(" AND id IN (");
        let mut list = update.separated(", ");
        for id in &ids {
            list.push_bind(id);
        }
        update.push(")");
        let updated = desk
            .meter
            .statement(update.build().execute(&mut *tx))
            .await?;
        handled = i64::try_from(updated.rows_affected()).unwrap_or(i64::MAX);
    }
    tx.commit().await?;
    Ok(handled)
}
