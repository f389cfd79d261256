//! The way to a host in the same process: no socket, no frames, the same service.

use std::fmt;
use std::sync::{Arc, OnceLock};

use tarpc::transport::channel::UnboundedChannel;
use tarpc::{ClientMessage, Response};

use crate::error::Failure;
use crate::handshake::Welcome;
use crate::service::{BrokerRequest, BrokerResponse};

/// The plugin's end of an in-memory channel.
pub type MemoryChannel = UnboundedChannel<Response<BrokerResponse>, ClientMessage<BrokerRequest>>;

/// Why the host said that it ends a session, once it has.
pub type Goodbye = Arc<OnceLock<Failure>>;

/// An open session with a host in the same process.
#[derive(Debug)]
pub struct MemoryLink {
    /// What the host said of the session; its token admits nobody.
    pub welcome: Welcome,
    /// The channel.
    pub channel: MemoryChannel,
    /// What the host says before it closes the channel.
    pub goodbye: Goodbye,
}

/// Opens a session with the database of a name, or without one with that which every host has.
type Dial = dyn Fn(Option<&str>) -> Result<MemoryLink, Failure> + Send + Sync;

/// Opens sessions with a host in the same process, as one plugin of it.
#[derive(Clone)]
pub struct MemoryDialer {
    plugin: Arc<str>,
    dial: Arc<Dial>,
}

impl MemoryDialer {
    /// A dialer that opens sessions of `plugin` with `dial`.
    pub fn new(
        plugin: impl Into<Arc<str>>,
        dial: impl Fn(Option<&str>) -> Result<MemoryLink, Failure> + Send + Sync + 'static,
    ) -> Self {
        Self {
            plugin: plugin.into(),
            dial: Arc::new(dial),
        }
    }

    /// The plugin's name.
    #[must_use]
    pub fn plugin(&self) -> &str {
        &self.plugin
    }

    /// Opens a session with the database that every host has.
    ///
    /// # Errors
    /// If the host is stopping.
    pub fn dial(&self) -> Result<MemoryLink, Failure> {
        (self.dial)(None)
    }

    /// Opens a session with the database of this name.
    ///
    /// # Errors
    /// If the host is stopping, or the plugin may not use such a database.
    pub fn dial_to(&self, database: &str) -> Result<MemoryLink, Failure> {
        (self.dial)(Some(database))
    }
}

impl fmt::Debug for MemoryDialer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("MemoryDialer(..)")
    }
}
