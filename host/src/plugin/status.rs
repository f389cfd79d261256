//! How plugins are doing, for whoever asks the host.

use std::process::ExitStatus;

/// How a plugin is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum PluginState {
    /// The host launches it right now.
    Starting,
    /// The host launched it, and it runs.
    Running,
    /// The host launched it, and it has ended: how, if the operating system says so.
    Exited(Option<ExitStatus>),
    /// Somebody else started it, or it lives in the host's own process.
    Attached,
}

/// What a host knows of a plugin; see [`Host::plugins`](crate::Host::plugins).
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct PluginStatus {
    /// Its name.
    pub name: String,
    /// How it is doing.
    pub state: PluginState,
    /// Its process, while the host knows of one.
    pub pid: Option<u32>,
    /// Its sessions that are open now.
    pub sessions: usize,
}
