//! Migrations: `sqlx::migrate!` through onepool.
//!
//! Each plugin has a table of its own for what was applied, `_sqlx_migrations_<plugin>`, unless its
//! migrator names another or the connect option `migrations_table=plain` is given: otherwise the
//! second plugin of a database would find the migrations of the first and fail.
//!
//! The lock between migrators is the host's. Waiting for it occupies no database connection, and
//! it is given back when a migration fails.

mod apply;
mod driver;
mod lock;
mod sql;
mod table;
