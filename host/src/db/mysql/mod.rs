//! MySQL and MariaDB.

mod driver;
mod options;
mod rows;
mod step;

pub(super) use driver::MySqlDriver;
pub(super) use options::MySqlOptions;

#[cfg(all(test, unix))]
mod tests;
