//! The databases: the only part of the host that names a driver.
//!
//! Everything above talks to a [`Driver`], which is one open backend.

mod failure;
mod output;
mod source;

pub(crate) use output::{Cell, CellBytes, Output, Pages};
pub(crate) use source::Source;
