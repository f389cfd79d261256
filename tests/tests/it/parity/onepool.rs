//! The scenarios, compiled for onepool, whichever database is behind.

pub type Db = onepool_sdk::Onepool;
pub type Stage = super::stage::Stage<Db>;

pub use onepool_sdk::types::{
    OnepoolInterval as Interval, OnepoolRange as Range, OnepoolTimeTz as TimeTz,
};

#[path = "batch_at_once.rs"]
pub mod batch;
#[path = "scenario/of_mysql.rs"]
pub mod of_mysql;
#[path = "scenario/of_postgres/mod.rs"]
pub mod of_postgres;
#[path = "scenario/of_servers.rs"]
pub mod of_servers;
#[path = "scenario/of_sqlite.rs"]
pub mod of_sqlite;
#[path = "scenario/mod.rs"]
pub mod scenario;

pub use scenario::values::{dates, numbers, texts};
pub use scenario::{
    batches, concurrency, connections, errors, migrations, statements, streams, transactions,
};
