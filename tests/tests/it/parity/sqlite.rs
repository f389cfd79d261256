//! The scenarios, compiled for the direct SQLite driver.

pub type Db = sqlx::Sqlite;
pub type Stage = super::stage::Stage<Db>;

#[path = "scenario/mod.rs"]
pub mod scenario;
