//! The scenarios, compiled for the direct SQLite driver.

pub type Db = sqlx::Sqlite;
pub type Stage = super::stage::Stage<Db>;

#[path = "batch_by_hand.rs"]
pub mod batch;
#[path = "scenario/of_sqlite.rs"]
pub mod of_sqlite;
#[path = "scenario/mod.rs"]
pub mod scenario;

pub use scenario::values::{dates, numbers, texts};
pub use scenario::{
    batches, concurrency, connections, errors, migrations, statements, streams, transactions,
};
