//! MySQL and MariaDB.

mod calls;
mod set;
mod statement;
mod transaction;

pub(super) use calls::{callee, session_state};
pub(super) use statement::step;
