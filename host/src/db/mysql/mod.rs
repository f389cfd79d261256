//! MySQL and MariaDB.

mod driver;
mod options;
mod rows;
mod step;

pub(super) use driver::MySqlDriver;
pub(super) use options::MySqlOptions;

#[cfg(test)]
#[cfg(unix)]
mod tests;
