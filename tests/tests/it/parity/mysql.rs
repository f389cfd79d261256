//! The scenarios, compiled for the direct MySQL driver.

pub type Db = sqlx::MySql;
pub type Stage = super::stage::Stage<Db>;

#[path = "scenario/mod.rs"]
pub mod scenario;
