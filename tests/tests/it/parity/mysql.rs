//! The scenarios, compiled for the direct MySQL driver.

pub type Db = sqlx::MySql;
pub type Stage = super::stage::Stage<Db>;

#[path = "batch_by_hand.rs"]
pub mod batch;
#[path = "scenario/of_mysql.rs"]
pub mod of_mysql;
#[path = "scenario/of_servers.rs"]
pub mod of_servers;
#[path = "scenario/mod.rs"]
pub mod scenario;

pub use scenario::values::{dates, numbers, texts};
pub use scenario::{
    batches, concurrency, connections, errors, migrations, statements, streams, transactions,
};
