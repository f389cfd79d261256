//! The databases: the only part of the host that names a driver.
//!
//! Everything above talks to a [`Driver`], which is one open backend, got from a [`Source`]. What
//! a statement yields goes to its [`Output`] in the database's own bytes. A driver's futures must
//! be run to their end: one that is dropped half-way leaves the backend in a state that nobody
//! knows.

mod bind;
pub(crate) mod classify;
mod deliver;
mod driver;
mod failure;
mod interrupt;
mod mysql;
mod output;
mod postgres;
mod source;
mod sqlite;
mod statement;
#[cfg(test)]
mod testing;
mod url;
mod words;

pub(crate) use driver::Driver;
pub(crate) use failure::{is_broken, is_interrupted, is_stale_plan};
pub(crate) use interrupt::{Identity, Interrupter};
pub(crate) use output::{Output, Pages, cut_names};
pub(crate) use source::{Source, Supplier};
pub(crate) use statement::Statement;
