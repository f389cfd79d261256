//! The scenarios, compiled for onepool, whichever database is behind.

pub type Db = onepool_sdk::Onepool;
pub type Stage = super::stage::Stage<Db>;

#[path = "scenario/mod.rs"]
pub mod scenario;
