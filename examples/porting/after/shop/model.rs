//! What the shop keeps.

use chrono::{DateTime, Utc};
use onepool_sdk::{OnepoolRow, impl_string_enum};
use serde::{Deserialize, Serialize};
use sqlx::types::Json;
use sqlx::{FromRow, Row};
use uuid::Uuid;

/// Somebody who buys.
#[derive(Clone, Debug, PartialEq, FromRow)]
pub struct Customer {
    pub id: Uuid,
    pub email: String,
    pub name: String,
    pub registered: DateTime<Utc>,
}

/// Something that is sold.
#[derive(Clone, Debug, PartialEq, FromRow)]
pub struct Product {
    pub id: i64,
    pub name: String,
    pub price_cents: i64,
    pub stock: i32,
    pub tags: Vec<String>,
    pub details: Json<Details>,
}

/// What is told about a product and never searched for.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Details {
    pub weight_g: u32,
    pub colours: Vec<String>,
}

/// A product that is not in the shop yet.
#[derive(Clone, Debug)]
pub struct NewProduct {
    pub name: String,
    pub price_cents: i64,
    pub stock: i32,
    pub tags: Vec<String>,
    pub details: Details,
}

/// How far an order is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OrderState {
    Open,
    Paid,
    Cancelled,
}

impl_string_enum!(OrderState as "order_state" {
    Open = "open",
    Paid = "paid",
    Cancelled = "cancelled",
});

/// Somebody's order.
#[derive(Clone, Debug, PartialEq, FromRow)]
pub struct Order {
    pub id: Uuid,
    pub customer: Uuid,
    pub state: OrderState,
    pub placed: DateTime<Utc>,
}

/// So much of a product.
#[derive(Clone, Copy, Debug, PartialEq, Eq, FromRow)]
pub struct Line {
    pub product: i64,
    pub quantity: i32,
}

/// What the shop has earned.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Totals {
    pub paid_orders: i64,
    pub paid_cents: i64,
}

impl FromRow<'_, OnepoolRow> for Totals {
    fn from_row(row: &OnepoolRow) -> sqlx::Result<Self> {
        let cents: Option<i64> = row.try_get("cents")?;
        Ok(Self {
            paid_orders: row.try_get("orders")?,
            paid_cents: cents.unwrap_or(0),
        })
    }
}
