//! PostgreSQL.

mod calls;
mod config;
mod set;
mod statement;

pub(super) use calls::{attribute, callee};
pub(super) use config::{ends_with_true, is_local_config, with_argument};
pub(super) use statement::step;
