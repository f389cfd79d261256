//! Who buys what.

use futures_util::TryStreamExt;
use sqlx::error::ErrorKind;
use sqlx::{Acquire, PgConnection, PgPool, Postgres, Transaction};
use uuid::Uuid;

use super::error::ShopError;
use super::model::{Line, Order, OrderState};
use super::products;

/// How often a payment is tried that other transactions are in the way of.
const ATTEMPTS: usize = 5;

/// Who buys what.
#[derive(Clone, Debug)]
pub struct Orders {
    pool: PgPool,
}

impl Orders {
    pub fn new(pool: PgPool) -> Self {
        Self { pool }
    }

    /// Places an order for all of this, or none of it.
    pub async fn place(&self, customer: Uuid, lines: &[Line]) -> Result<Uuid, ShopError> {
        let mut tx = self.pool.begin().await?;
        let order = open(&mut tx, customer).await?;
        for line in lines {
            add_line(&mut tx, order, line).await?;
        }
        tx.commit().await?;
        Ok(order)
    }

    /// Places an order for what is in stock of this; answers what is missing.
    pub async fn place_what_there_is(
        &self,
        customer: Uuid,
        lines: &[Line],
    ) -> Result<(Uuid, Vec<Line>), ShopError> {
        let mut tx = self.pool.begin().await?;
        let order = open(&mut tx, customer).await?;
        let mut missing = Vec::new();
        for line in lines {
            let mut attempt = tx.begin().await?;
            match add_line(&mut attempt, order, line).await {
                Ok(()) => attempt.commit().await?,
                Err(ShopError::OutOfStock(_)) => {
                    attempt.rollback().await?;
                    missing.push(*line);
                }
                Err(error) => return Err(error),
            }
        }
        tx.commit().await?;
        Ok((order, missing))
    }

    /// Pays for an open order.
    pub async fn pay(&self, order: Uuid) -> Result<(), ShopError> {
        for _ in 1..ATTEMPTS {
            match self.try_to_pay(order).await {
                Err(error) if error.is_passing() => {}
                done => return done,
            }
        }
        self.try_to_pay(order).await
    }

    async fn try_to_pay(&self, order: Uuid) -> Result<(), ShopError> {
        let mut tx = self
            .pool
            .begin_with("BEGIN ISOLATION LEVEL SERIALIZABLE")
            .await?;
        change_state(&mut tx, order, OrderState::Paid).await?;
        tx.commit().await?;
        Ok(())
    }

    /// Cancels an open order: what was in it is in stock again.
    pub async fn cancel(&self, order: Uuid) -> Result<(), ShopError> {
        let mut tx = self.pool.begin().await?;
        change_state(&mut tx, order, OrderState::Cancelled).await?;
        let lines: Vec<Line> = sqlx::query_as(
            "SELECT product, quantity FROM order_lines WHERE \"order\" = $1 ORDER BY product",
        )
        .bind(order)
        .fetch_all(&mut *tx)
        .await?;
        products::put_back(&mut *tx, &lines).await?;
        tx.commit().await?;
        Ok(())
    }

    /// The orders in this state, oldest first.
    pub async fn in_state(&self, state: OrderState) -> Result<Vec<Order>, ShopError> {
        let mut orders = sqlx::query_as(
            "SELECT id, customer, state, placed FROM orders WHERE state = $1 ORDER BY placed, id",
        )
        .bind(state)
        .fetch(&self.pool);
        let mut found = Vec::new();
        while let Some(order) = orders.try_next().await? {
            found.push(order);
        }
        Ok(found)
    }
}

async fn open(tx: &mut Transaction<'_, Postgres>, customer: Uuid) -> Result<Uuid, ShopError> {
    let id = Uuid::new_v4();
    sqlx::query("INSERT INTO orders (id, customer, state) VALUES ($1, $2, $3)")
        .bind(id)
        .bind(customer)
        .bind(OrderState::Open)
        .execute(&mut **tx)
        .await?;
    Ok(id)
}

/// Takes from the stock what the line says, and writes the line.
async fn add_line(
    connection: &mut PgConnection,
    order: Uuid,
    line: &Line,
) -> Result<(), ShopError> {
    let taken = sqlx::query_scalar(
        "UPDATE products SET stock = stock - $2 WHERE id = $1 RETURNING price_cents",
    )
    .bind(line.product)
    .bind(line.quantity)
    .fetch_one(&mut *connection)
    .await;
    let price_cents: i64 = match taken {
        Ok(price_cents) => price_cents,
        Err(sqlx::Error::Database(error))
            if error.kind() == ErrorKind::CheckViolation
                && error.constraint() == Some("products_in_stock") =>
        {
            return Err(ShopError::OutOfStock(line.product));
        }
        Err(error) => return Err(error.into()),
    };
    sqlx::query("INSERT INTO order_lines VALUES ($1, $2, $3, $4)")
        .bind(order)
        .bind(line.product)
        .bind(line.quantity)
        .bind(price_cents)
        .execute(connection)
        .await?;
    Ok(())
}

async fn change_state(
    tx: &mut Transaction<'_, Postgres>,
    order: Uuid,
    state: OrderState,
) -> Result<(), ShopError> {
    let changed = sqlx::query("UPDATE orders SET state = $2 WHERE id = $1 AND state = $3")
        .bind(order)
        .bind(state)
        .bind(OrderState::Open)
        .execute(&mut **tx)
        .await?;
    match changed.rows_affected() {
        0 => Err(ShopError::NotOpen),
        _ => Ok(()),
    }
}
