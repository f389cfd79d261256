//! The driver behind `sqlx::any`.
//!
//! sqlx takes the list of drivers once per process, before the first `AnyConnection`:
//!
//! ```
//! sqlx_core::any::driver::install_drivers(&[onepool_sdk::any::DRIVER])?;
//! # Ok::<(), Box<dyn std::error::Error + Send + Sync>>(())
//! ```
//! From then on `AnyPool::connect("onepool:")` leads to the host. `Any` knows few types; what it
//! knows behaves as with the direct driver of the database behind the host.

mod backend;
mod convert;

use sqlx_core::any::driver::AnyDriver;

use crate::Onepool;

/// The driver to install. It creates and drops no databases: those are the host's.
pub const DRIVER: AnyDriver = AnyDriver::without_migrate::<Onepool>();
