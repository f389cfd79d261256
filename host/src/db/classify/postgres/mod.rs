//! PostgreSQL.

mod calls;
mod set;
mod statement;

pub(super) use calls::callee;
pub(super) use set::is_local_config;
pub(super) use statement::step;
