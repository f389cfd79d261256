//! What a statement did.

use onepool_proto::message::Summary;

/// What a statement did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct OnepoolQueryResult {
    rows_affected: u64,
    last_insert_id: Option<i64>,
}

impl OnepoolQueryResult {
    /// How many rows were inserted, updated, deleted or (PostgreSQL) selected. What SQLite only
    /// reads counts 0.
    #[must_use]
    pub fn rows_affected(&self) -> u64 {
        self.rows_affected
    }

    /// The id that MySQL or SQLite gave the last inserted row; `None` on PostgreSQL, where
    /// `INSERT ... RETURNING` says it.
    #[must_use]
    pub fn last_insert_id(&self) -> Option<i64> {
        self.last_insert_id
    }
}

impl From<Summary> for OnepoolQueryResult {
    fn from(summary: Summary) -> Self {
        Self {
            rows_affected: summary.rows_affected,
            last_insert_id: summary.last_insert_id,
        }
    }
}

impl Extend<OnepoolQueryResult> for OnepoolQueryResult {
    fn extend<T: IntoIterator<Item = OnepoolQueryResult>>(&mut self, results: T) {
        for result in results {
            self.rows_affected += result.rows_affected;
            self.last_insert_id = result.last_insert_id;
        }
    }
}
