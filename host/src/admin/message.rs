//! What crosses the admin socket.

use serde::{Deserialize, Serialize};

use super::access::Role;
use super::configuration::Changes;
use crate::plugin::PluginState;
use crate::pool::{LeaseInfo, StatementInfo, Target, VerdictKind};
use crate::telemetry::PluginActivity;

/// What a host is asked for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Request {
    /// How the host is doing.
    Status,
    /// How its plugins are doing.
    Plugins,
    /// The connections that plugins have.
    Leases,
    /// What plugins have done since the host started.
    Activity,
    /// What runs, and what waits for a connection.
    Statements,
    /// The configuration in force, without secrets.
    Config,
    /// What the host has counted, as Prometheus reads it.
    Metrics,
    /// What its process and machine are like.
    Machine,
    /// What a process needs to attach as the plugin of this name.
    Attach {
        /// The plugin.
        plugin: String,
        /// Whether the time-outs of the plugin's quota are lifted until the host stops, for a
        /// process that is stopped by a debugger.
        no_timeouts: bool,
    },
    /// To read the configuration anew and to do as it says.
    Reload,
    /// To change one key of the configuration until it is read anew.
    Set {
        /// The key with its tables: `pool.max_connections`.
        key: String,
        /// Its value, as the file would hold it; the quotes of a text may be left out.
        value: String,
    },
    /// To lend nothing new to a plugin, or to anybody.
    Pause {
        /// The plugin; all without one.
        plugin: Option<String>,
    },
    /// To end a pause or a drain.
    Resume {
        /// The plugin; all without one.
        plugin: Option<String>,
    },
    /// To pause and to wait until nothing is on loan.
    Drain {
        /// The plugin; all without one.
        plugin: Option<String>,
        /// How long to wait, in milliseconds.
        patience_ms: u64,
    },
    /// To end a session, a lease, a statement, or the wait of a call.
    Kill {
        /// Its name.
        target: Target,
    },
    /// To replace every connection to the database.
    Reconnect,
    /// To end a plugin in order and start it again.
    Restart {
        /// The plugin.
        plugin: String,
    },
}

impl Request {
    /// What it takes to ask for this.
    pub(super) fn role(&self) -> Role {
        match self {
            Self::Status
            | Self::Plugins
            | Self::Leases
            | Self::Activity
            | Self::Statements
            | Self::Config
            | Self::Metrics
            | Self::Machine => Role::Reader,
            _ => Role::Operator,
        }
    }
}

/// What the host answers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Reply {
    /// To [`Request::Status`].
    Status(Status),
    /// To [`Request::Plugins`].
    Plugins(Vec<PluginView>),
    /// To [`Request::Leases`].
    Leases(Vec<LeaseInfo>),
    /// To [`Request::Activity`].
    Activity(Vec<(String, PluginActivity)>),
    /// To [`Request::Statements`].
    Statements {
        /// Those that run, and then those that wait.
        statements: Vec<StatementInfo>,
        /// How many more wait than these.
        left_out: usize,
    },
    /// To [`Request::Config`].
    Config(serde_json::Value),
    /// To [`Request::Metrics`].
    Metrics(String),
    /// To [`Request::Machine`], as [`machine`](super::machine) tells it.
    Machine(serde_json::Value),
    /// To [`Request::Attach`].
    Attached(Attachment),
    /// To [`Request::Reload`] and [`Request::Set`].
    Changed(Changes),
    /// It is done.
    Done,
    /// It is done, and there is something to be said of it.
    Said(String),
    /// It could not be done, and why.
    Failed(String),
}

/// How a host is doing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Status {
    /// Whether anybody waits, and what for, in one sentence.
    pub summary: String,
    /// The same in one word.
    pub verdict: VerdictKind,
    /// The host's version.
    pub version: String,
    /// Whether an operator has paused everybody.
    pub paused: bool,
    /// The plugins that an operator has paused by themselves.
    pub paused_plugins: Vec<String>,
    /// The kind of the main database.
    pub database: String,
    /// Where plugins connect.
    pub endpoint: String,
    /// The cap of the main database.
    pub max_connections: u32,
    /// The connections to it, by what they are doing.
    pub backends: Backends,
    /// The most connections to it that there ever were at once.
    pub peak: u32,
    /// Calls that wait for a connection, to whichever database.
    pub waiting: usize,
    /// Where there are several databases, each of them, `main` first; else nothing.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub databases: Vec<DatabaseStatus>,
    /// Sessions of plugins.
    pub sessions: u64,
    /// Plugins that the host launches, and how many of them run.
    pub launched: usize,
    /// How many of those run.
    pub running: usize,
}

/// How one of several databases is doing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct DatabaseStatus {
    /// Its name.
    pub name: String,
    /// Its kind.
    pub database: String,
    /// Whether it is a read replica of the main one.
    pub replica: bool,
    /// Whether anybody waits for it, and what for, in one sentence.
    pub summary: String,
    /// The same in one word.
    pub verdict: VerdictKind,
    /// Its cap.
    pub max_connections: u32,
    /// The connections to it, by what they are doing.
    pub backends: Backends,
    /// The most connections to it that there ever were at once.
    pub peak: u32,
    /// Calls that wait for a connection to it.
    pub waiting: usize,
}

/// Connections to the database, by what they are doing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Backends {
    /// On their way to the database.
    pub connecting: u32,
    /// Clean and idle.
    pub free: u32,
    /// On loan to a plugin.
    pub leased: u32,
    /// Being cleaned.
    pub resetting: u32,
    /// On their way out.
    pub closing: u32,
    /// For cancels.
    pub control: u32,
}

/// How a plugin is doing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct PluginView {
    /// Its name.
    pub name: String,
    /// How it is doing.
    pub state: StateName,
    /// How it ended, if it has.
    pub ended: Option<String>,
    /// Its process, while the host knows of one.
    pub pid: Option<u32>,
    /// Its sessions.
    pub sessions: usize,
    /// How often it was started again.
    pub restarts: u64,
    /// Why it is not running, or why it ended the last time.
    pub problem: Option<String>,
    /// Connections that it was given so far.
    pub leases: u64,
    /// Times that it asked for one in vain.
    pub refused: u64,
    /// How long it waited for connections, in total, in milliseconds.
    pub waited_ms: u64,
    /// The longest it waited for one, in milliseconds.
    pub longest_wait_ms: u64,
}

/// The name of a [`PluginState`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
#[expect(missing_docs, reason = "each is as in `PluginState`")]
pub enum StateName {
    Waiting,
    Starting,
    Running,
    Restarting,
    Exited,
    GaveUp,
    Attached,
}

impl StateName {
    /// The name in words.
    #[must_use]
    pub fn in_words(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Starting => "starting",
            Self::Running => "running",
            Self::Restarting => "restarting",
            Self::Exited => "exited",
            Self::GaveUp => "gave up",
            Self::Attached => "attached",
        }
    }
}

impl From<PluginState> for StateName {
    fn from(state: PluginState) -> Self {
        match state {
            PluginState::Waiting => Self::Waiting,
            PluginState::Starting => Self::Starting,
            PluginState::Running => Self::Running,
            PluginState::Restarting => Self::Restarting,
            PluginState::Exited(_) => Self::Exited,
            PluginState::GaveUp(_) => Self::GaveUp,
            PluginState::Attached => Self::Attached,
        }
    }
}

/// What a process needs to attach as a plugin: variables for its environment.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Attachment {
    /// The variables and their values. One is a token, which admits one session.
    pub variables: Vec<(String, String)>,
}

impl std::fmt::Debug for Attachment {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Attachment(..)")
    }
}
