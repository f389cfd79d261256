//! Which columns a value may be read from.

mod can_read;
mod lists;
mod mysql;
mod postgres;

pub(crate) use can_read::can_read;
pub(crate) use mysql::MySqlColumn;
pub(crate) use postgres::{array_element, oid_of, range_element};
