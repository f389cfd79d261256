//! How the shop is doing.

use std::collections::BTreeMap;

use futures_util::TryStreamExt;
use onepool_sdk::OnepoolPool;
use sqlx::Row;

use super::error::ShopError;
use super::model::{OrderState, Totals};

/// How the shop is doing.
#[derive(Clone, Debug)]
pub struct Reports {
    pool: OnepoolPool,
}

impl Reports {
    pub fn new(pool: OnepoolPool) -> Self {
        Self { pool }
    }

    /// What was earned in all.
    pub async fn totals(&self) -> Result<Totals, ShopError> {
        let totals = sqlx::query_as(
            "SELECT COUNT(DISTINCT orders.id) AS orders,
                    SUM(quantity * price_cents)::BIGINT AS cents
             FROM orders JOIN order_lines ON orders.id = order_lines.\"order\"
             WHERE state = $1",
        )
        .bind(OrderState::Paid)
        .fetch_one(&self.pool)
        .await?;
        Ok(totals)
    }

    /// How much of each product is sold, and what is left of it, both of the same moment.
    pub async fn sold_and_left(&self) -> Result<BTreeMap<i64, (i64, i32)>, ShopError> {
        let snapshot = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY";
        let mut tx = self.pool.begin_with(snapshot).await?;
        let mut report = BTreeMap::new();
        let mut products = sqlx::query("SELECT id, stock FROM products").fetch(&mut *tx);
        while let Some(row) = products.try_next().await? {
            report.insert(row.try_get(0)?, (0, row.try_get(1)?));
        }
        drop(products);
        let mut lines = sqlx::query(
            "SELECT product, quantity FROM order_lines JOIN orders ON orders.id = \"order\"
             WHERE state <> $1",
        )
        .bind(OrderState::Cancelled)
        .fetch(&mut *tx);
        while let Some(row) = lines.try_next().await? {
            let (sold, _) = report.entry(row.try_get("product")?).or_insert((0, 0));
            *sold += i64::from(row.try_get::<i32, _>("quantity")?);
        }
        drop(lines);
        tx.commit().await?;
        Ok(report)
    }
}
