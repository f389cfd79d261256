//! One database connection pool for a host application and all its plugin processes.
//!
//! The [`Host`] owns the only pool. Plugins are separate processes that use `onepool-sdk` in place
//! of a database driver; their calls come to the host over a local socket, and the database never
//! sees more connections than the one number that the host was given.
//!
//! ```no_run
//! use onepool_host::{Host, Plugin};
//!
//! # async fn run() -> Result<(), Box<dyn std::error::Error>> {
//! let host = Host::builder()
//!     .database("postgres://app:secret@localhost/app")
//!     .max_connections(20)
//!     .plugin(Plugin::new("reports", "/usr/lib/app/reports").arg("--nightly"))
//!     .start()
//!     .await?;
//! // The application's own queries go through the same pool: see `Host::client`.
//! host.stop().await;
//! # Ok(())
//! # }
//! ```
//!
//! [`testing`] has a host for the tests of plugins.

#[cfg(unix)]
pub mod admin;
mod builder;
mod change;
mod config;
mod databases;
mod db;
mod engine;
mod error;
#[doc(hidden)]
pub mod fuzzing;
mod host;
mod listener;
#[cfg(feature = "metrics")]
pub mod metrics;
mod named;
mod peer;
mod plugin;
mod pool;
mod roster;
mod session;
mod steering;
mod stop;
mod telemetry;
pub mod testing;
mod transport;
mod view;
#[cfg(feature = "web")]
pub mod web;

#[cfg(test)]
mod tests;

pub use builder::HostBuilder;
pub use change::Applied;
pub use db::login::Login;
pub use error::HostError;
pub use host::Host;
pub use named::NamedDatabase;
pub use onepool_proto::endpoint::{Endpoint, EndpointError};
pub use onepool_proto::error::Explanation;
pub use onepool_proto::handshake::Token;
pub use onepool_proto::memory::MemoryDialer;
pub use onepool_proto::{Code, DatabaseKind, Failure, Limits};
pub use plugin::{
    LastWords, OnHostDeath, Plugin, PluginState, PluginStatus, Restart, RestartLimits,
    StartFailure, StopGraces,
};
pub use pool::{
    CancelStats, CloseReason, Counts, EndedLease, LeaseInfo, LeaseState, Paused, PluginStats,
    PoolStats, Purpose, Quota, StatementInfo, StatementState, Target, TargetError, Verdict,
    VerdictKind,
};
pub use stop::StopSignals;
pub use telemetry::{
    CallKind, Distribution, HostStats, Pace, Percentiles, PluginActivity, PluginPace, SlowStatement,
};
