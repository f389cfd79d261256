//! The scenarios, compiled for the direct PostgreSQL driver.

pub type Db = sqlx::Postgres;
pub type Stage = super::stage::Stage<Db>;

#[path = "scenario/mod.rs"]
pub mod scenario;
