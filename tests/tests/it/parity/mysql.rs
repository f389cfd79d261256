//! The scenarios, compiled for the direct MySQL driver.

pub type Db = sqlx::MySql;
pub type Stage = super::stage::Stage<Db>;

#[path = "scenario/of_mysql.rs"]
pub mod of_mysql;
#[path = "scenario/mod.rs"]
pub mod scenario;

pub use scenario::values::{dates, numbers, texts};
pub use scenario::{errors, migrations, statements, streams, transactions};
