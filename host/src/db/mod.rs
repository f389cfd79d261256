//! The databases: the only part of the host that names a driver.
//!
//! Everything above talks to a [`Driver`], which is one open backend, got from a [`Source`]. What
//! a statement yields goes to its [`Output`] in the database's own bytes. A driver's futures must
//! be run to their end: one that is dropped half-way leaves the backend in a state that nobody
//! knows.

mod allowance;
mod allowed;
mod answer;
pub(crate) mod author;
mod bind;
mod brake;
pub(crate) mod classify;
mod deliver;
mod driver;
mod failure;
mod interrupt;
pub(crate) mod login;
mod many_rows;
mod mysql;
mod output;
mod pages;
mod postgres;
mod reach;
pub(crate) mod settings;
mod source;
mod sqlite;
mod statement;
#[cfg(test)]
mod testing;
mod url;
mod words;

pub(crate) use allowance::Allowance;
pub(crate) use brake::{Brake, killed};
pub(crate) use driver::Driver;
pub(crate) use failure::{is_broken, is_crowded, is_interrupted, is_read_only, is_stale_plan};
pub(crate) use interrupt::{Identity, Interrupter};
pub(crate) use login::Access;
pub(crate) use many_rows::ManyRows;
pub(crate) use output::{Output, cut_names};
pub(crate) use pages::{Pages, pages};
pub(crate) use source::{Source, Supplier};
pub(crate) use statement::{SignedText, Statement};
