//! SQLite.

mod calls;
mod pragma;
mod statement;

pub(super) use calls::callee;
pub(crate) use pragma::reads_as_pragma;
pub(super) use statement::step;
