//! The scenarios, compiled for the direct PostgreSQL driver.

pub type Db = sqlx::Postgres;
pub type Stage = super::stage::Stage<Db>;

pub use sqlx::postgres::types::{PgInterval as Interval, PgRange as Range, PgTimeTz as TimeTz};

#[path = "batch_by_hand.rs"]
pub mod batch;
#[path = "scenario/of_postgres/mod.rs"]
pub mod of_postgres;
#[path = "scenario/of_servers.rs"]
pub mod of_servers;
#[path = "scenario/mod.rs"]
pub mod scenario;

pub use scenario::values::{dates, numbers, texts};
pub use scenario::{
    batches, concurrency, connections, errors, migrations, statements, streams, transactions,
};
