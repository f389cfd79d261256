//! SQLite.

mod authorizer;
mod autocommit;
mod driver;
mod options;
mod rows;
mod text;

pub(super) use driver::SqliteDriver;
pub(super) use options::SqliteOptions;

#[cfg(test)]
mod tests;
