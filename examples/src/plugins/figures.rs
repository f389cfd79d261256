//! A plugin's figures, kept in a table of its own.

use onepool_sdk::{BatchExecutor, BatchMode, Onepool, OnepoolPool};
use sqlx::QueryBuilder;

use super::batch;
use super::tables::Tables;

/// What a plugin did, as it reports it at its end.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Figures {
    /// Statements that were answered.
    pub statements: i64,
    /// Transactions that were committed or rolled back.
    pub transactions: i64,
    /// Constraint violations that the plugin handled.
    pub violations: i64,
    /// Transactions that were tried again.
    pub retries: i64,
    /// Half of the statements took no longer, in microseconds.
    pub p50_us: i64,
    /// All but one in a hundred took no longer, in microseconds.
    pub p99_us: i64,
    /// Connections that the plugin's own pool had opened.
    pub connections: i64,
    /// Rows whose writing was acknowledged.
    pub rows: i64,
    /// The sum of their ids.
    pub id_sum: i64,
    /// Messages whose handling was acknowledged.
    pub handled: i64,
}

impl Figures {
    /// Puts the figures in the place of earlier ones.
    pub async fn save(&self, pool: &OnepoolPool, tables: &Tables) -> sqlx::Result<()> {
        let mut figures = self.clone();
        let rows = figures
            .fields()
            .map(|(name, amount)| batch::row().bind(name).bind(*amount));
        let rows = rows
            .into_iter()
            .map(batch::Row::done)
            .collect::<Result<Vec<_>, _>>()?;
        let insert = batch::insert(tables.table("figures"), &["name", "amount"]);
        let mut tx = pool.begin().await?;
        let mut delete = QueryBuilder::new(format!("DELETE FROM {}", tables.table("figures")));
        delete.build().execute(&mut *tx).await?;
        tx.execute_batch(insert, rows, BatchMode::AllOrNothing)
            .await?;
        tx.commit().await
    }

    /// Reads what was saved last.
    pub async fn load(pool: &OnepoolPool, tables: &Tables) -> sqlx::Result<Self> {
        let sql = format!("SELECT name, amount FROM {}", tables.table("figures"));
        let mut select = QueryBuilder::<Onepool>::new(sql);
        let saved: Vec<(String, i64)> = select.build_query_as().fetch_all(pool).await?;
        let mut figures = Self::default();
        for (name, field) in figures.fields() {
            let found = saved.iter().find(|(saved, _)| saved == name);
            let (_, amount) = found.ok_or(sqlx::Error::RowNotFound)?;
            *field = *amount;
        }
        Ok(figures)
    }

    fn fields(&mut self) -> [(&'static str, &mut i64); 10] {
        [
            ("statements", &mut self.statements),
            ("transactions", &mut self.transactions),
            ("violations", &mut self.violations),
            ("retries", &mut self.retries),
            ("p50_us", &mut self.p50_us),
            ("p99_us", &mut self.p99_us),
            ("connections", &mut self.connections),
            ("rows", &mut self.rows),
            ("id_sum", &mut self.id_sum),
            ("handled", &mut self.handled),
        ]
    }
}
