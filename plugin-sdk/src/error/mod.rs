//! What goes wrong, restored to what plugin code already matches on.
//!
//! | where it failed | what the plugin sees |
//! |---|---|
//! | the database refused the statement | [`Error::Database`] with an [`OnepoolDatabaseError`] |
//! | the host's driver or its link to the database | the variant that the driver gave: `Protocol`, `Io`, `Tls`, ... |
//! | onepool itself: queue, quota, deadline, transaction, session | [`Error::Database`] with an [`OnepoolError`] |
//! | the plugin's own pool | `PoolTimedOut`, `PoolClosed` |
//!
//! [`Error::Database`]: sqlx_core::error::Error::Database

mod broker;
mod convert;
mod database;

pub use broker::OnepoolError;
pub use database::OnepoolDatabaseError;

pub(crate) use convert::{CallError, broker_error, from_failure, unexpected_answer};

#[cfg(test)]
mod tests;
