//! What a text of SQL may leave behind on the backend that runs it.
//!
//! A pooled backend goes from one Connection to the next. It may go at once only if what ran on it
//! is *known* to leave nothing behind, so the classifier works by lists of what is harmless, and
//! whatever is not on one is a doubt: a doubt costs a reset, a mistake would show one plugin the
//! state of another. It looks at tokens alone, knows no schema, and is a pure function of the text.
//!
//! [`classify`] is the way in. A text is read ([`tokens`], [`agree`]), cut into statements
//! ([`split`]), and each is judged by its first words and by what it calls ([`calls`]) under the
//! rules of its database.

mod agree;
mod calls;
mod functions;
mod insert;
mod lists;
mod modes;
mod mysql;
mod postgres;
mod query;
mod read_only;
mod reason;
mod setting;
mod split;
mod sqlite;
mod statement;
mod text;
mod tokens;
mod transaction;
mod verdict;

#[cfg(test)]
mod tests;

pub(crate) use functions::FunctionList;
pub(crate) use insert::InsertRow;
pub(crate) use lists::{MYSQL_ALIASES, is_mysql_setting};
pub(crate) use reason::PinReason;
#[cfg(test)]
pub(crate) use reason::{DoubtReason, Refusal};
pub(crate) use setting::{Scope, Setting};
pub(crate) use sqlite::reads_as_pragma;
pub(crate) use text::classify;
#[cfg(test)]
pub(crate) use verdict::Begin;
pub(crate) use verdict::{Dialect, Step, Verdict, What};
