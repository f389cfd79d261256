//! What every task of a plugin works with.

use std::fmt;
use std::sync::Arc;
use std::time::Instant;

use onepool_sdk::{Onepool, OnepoolPool};
use sqlx::QueryBuilder;

use super::meter::Meter;
use super::tables::Tables;

/// Why a plugin ends early.
pub type Fault = Box<dyn std::error::Error + Send + Sync>;

/// What every task of a plugin works with.
#[derive(Clone, Debug)]
pub struct Desk {
    /// The plugin's pool: plain sqlx, over virtual connections.
    pub pool: OnepoolPool,
    /// The plugin's tables.
    pub tables: Tables,
    /// Counts what is done.
    pub meter: Arc<Meter>,
    closes: Instant,
}

impl Desk {
    /// A desk that closes at this time.
    pub fn open(pool: OnepoolPool, tables: Tables, closes: Instant) -> Self {
        Self {
            pool,
            tables,
            meter: Arc::default(),
            closes,
        }
    }

    /// Whether there is no time for more. Tasks ask after they have done something, so that each
    /// does at least one thing.
    pub fn is_closed(&self) -> bool {
        Instant::now() >= self.closes
    }

    /// A statement, begun with `before`, a table's name, and `after`.
    pub fn sql(
        &self,
        before: &str,
        table: &'static str,
        after: impl fmt::Display,
    ) -> QueryBuilder<Onepool> {
        QueryBuilder::new(format!("{before} {} {after}", self.tables.table(table)))
    }

    /// Deletes what an earlier run has left in a table.
    pub async fn empty(&self, table: &'static str) -> sqlx::Result<()> {
        let mut delete = self.sql("DELETE FROM", table, "");
        self.meter
            .statement(delete.build().execute(&self.pool))
            .await?;
        Ok(())
    }
}

/// The rows whose writing the database has acknowledged.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Acknowledged {
    /// How many.
    pub rows: i64,
    /// The sum of their ids.
    pub id_sum: i64,
    /// Messages that were handled.
    pub handled: i64,
}

impl Acknowledged {
    /// The row with this id was written.
    pub fn row(&mut self, id: i64) {
        self.rows += 1;
        self.id_sum += id;
    }

    /// Adds what another task has written.
    pub fn add(&mut self, other: Self) {
        self.rows += other.rows;
        self.id_sum += other.id_sum;
        self.handled += other.handled;
    }
}
