//! Seeing and steering a running host from outside: a socket of its own beside the endpoint.
//!
//! The socket is named after the endpoint, with `.admin` at its end, and has mode 0600: the host's
//! user and root come in, and [listed groups](AdminSocket::with_groups) if it is opened to them, which
//! is checked for each peer. What crosses it are JSON texts, each
//! after its length (4 bytes, big-endian): a [`Request`], and then a [`Reply`] to it, any number of
//! times. The `onepool` program speaks it for you.
//!
//! ```no_run
//! use std::sync::Arc;
//! use onepool_host::{Host, admin::AdminSocket};
//!
//! # async fn run() -> Result<(), onepool_host::HostError> {
//! let host = Arc::new(Host::builder().database("sqlite:app.db?mode=rwc").start().await?);
//! let admin = AdminSocket::open(host.endpoint())?;
//! tokio::spawn(admin.run(Arc::clone(&host)));
//! # Ok(())
//! # }
//! ```

mod access;
mod client;
mod configuration;
mod desk;
mod facts;
mod message;
mod server;

#[cfg(test)]
mod tests;

pub use client::{AdminClient, AdminError};
pub use configuration::{Changes, Configuration};
pub use facts::machine;
pub use message::{
    Attachment, Backends, DatabaseStatus, PluginView, Reply, Request, StateName, Status,
};
pub use server::AdminSocket;

use std::path::PathBuf;

use onepool_proto::endpoint::Endpoint;

use crate::error::HostError;

/// The largest message either way, in bytes.
const MESSAGE_BYTES: usize = 1024 * 1024;

/// Where the admin socket of the host at `endpoint` is.
fn place(endpoint: &Endpoint) -> Result<PathBuf, HostError> {
    let path = endpoint
        .path()
        .ok_or_else(|| HostError::EndpointKind(endpoint.clone()))?;
    let mut name = path.as_os_str().to_owned();
    name.push(".admin");
    // As long as a socket's name may be, and no longer.
    Endpoint::unix(&name)?;
    Ok(name.into())
}
