//! How plugins are doing, for whoever asks the host.

use std::process::ExitStatus;

/// How a plugin is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum PluginState {
    /// The host will launch it once the plugins that it comes after are up.
    Waiting,
    /// The host has launched it, and it has not connected yet.
    Starting,
    /// The host launched it, and it has connected.
    Running,
    /// It has ended, and the host is about to launch it again.
    Restarting,
    /// The host launched it, it has ended (how, if the operating system says so), and it will not
    /// be launched again.
    Exited(Option<ExitStatus>),
    /// It failed too often, the last time like this, and will not be launched again by itself. See
    /// [`Host::restart_plugin`](crate::Host::restart_plugin).
    GaveUp(Option<ExitStatus>),
    /// Somebody else started it, or it lives in the host's own process.
    Attached,
}

impl PluginState {
    /// Its name, in words.
    #[must_use]
    pub fn in_words(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Starting => "starting",
            Self::Running => "running",
            Self::Restarting => "restarting",
            Self::Exited(_) => "exited",
            Self::GaveUp(_) => "gave up",
            Self::Attached => "attached",
        }
    }
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
    /// Whether it waits to be told that it is to end, and will be told before it is signalled.
    pub awaits_shutdown: bool,
    /// How often the host has launched it after the first time.
    pub restarts: u64,
    /// Why it is not running, or why it ended the last time.
    pub problem: Option<String>,
}
