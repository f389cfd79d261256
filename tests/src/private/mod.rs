//! Private database servers.
//!
//! [`Server`] puts the parts together: an `engine` (what PostgreSQL and MariaDB do differently),
//! the `programs` found on this machine, a `folder` that an unprivileged `owner` may use, a
//! `template` of initialised data, `tls` and `replication` where a test asks for them, and the
//! `guard` that runs the server program and outlives this process just long enough to stop it; or,
//! with a server for all programs of a `run`, the process that runs them.

mod admin;
mod database;
mod engine;
mod error;
mod folder;
mod guard;
mod mariadb;
mod own;
mod owner;
mod postgres;
mod programs;
mod replication;
mod run;
mod server;
mod template;
mod tls;

pub use database::Database;
pub use engine::Kind;
pub use own::OwnServer;
pub use server::{Server, mariadb, postgres};
