//! SQLite.

mod calls;
mod pragma;
mod statement;

pub(super) use calls::callee;
pub(super) use statement::step;
