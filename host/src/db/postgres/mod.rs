//! PostgreSQL.

mod driver;
mod names;
mod options;
mod plain;
mod rows;
mod text;

pub(super) use driver::PostgresDriver;
pub(super) use names::NamedType;
pub(super) use options::PostgresOptions;

#[cfg(test)]
#[cfg(unix)]
mod tests;
