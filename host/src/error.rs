//! Why a host could not start.

use std::io;
use std::path::PathBuf;
use std::time::Duration;

use onepool_proto::Failure;
use onepool_proto::endpoint::{Endpoint, EndpointError};
use onepool_proto::limits::PLUGIN_NAME_BYTES;

use crate::plugin::StartFailure;
use crate::pool::Target;

/// Why a [`Host`](crate::Host) could not do what was asked. The text says what, where, and what
/// to do; it never holds a password or a token.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum HostError {
    /// A plugin's login or schema cannot be.
    #[error("the login or schema of plugin {plugin}: {problem}")]
    Login {
        /// The plugin.
        plugin: String,
        /// What is wrong, and what would be right.
        problem: String,
    },
    /// No database was given.
    #[error("no database was given; call `database(url)` or `database_with(..)`")]
    NoDatabase,
    /// A database beside the main one cannot be used.
    #[error("the database {name}: {failure}")]
    NamedDatabase {
        /// Its name.
        name: String,
        /// What is wrong; of [`Code::CONFIGURATION`](onepool_proto::Code::CONFIGURATION) if that is
        /// what was said of it.
        #[source]
        failure: Failure,
    },
    /// A setting cannot work.
    #[error("{0}")]
    Setting(&'static str),
    /// A plugin's quota cannot work.
    #[error("the quota of plugin {plugin}: {problem}")]
    Quota {
        /// The plugin.
        plugin: String,
        /// What is wrong with it, and what to do.
        problem: &'static str,
    },
    /// The database could not be used.
    #[error("the database cannot be used: {0}")]
    Database(#[source] Failure),
    /// A plugin's name is empty, too long, or has characters that do not belong in a name.
    #[error(
        "not a plugin's name: {0:?}; use 1 to {PLUGIN_NAME_BYTES} letters, digits, dots, hyphens \
         and underscores"
    )]
    PluginName(String),
    /// Two plugins have the same name.
    #[error("there are two plugins named {0}; give each a name of its own")]
    PluginTwice(String),
    /// A plugin comes after one that does not exist.
    #[error(
        "plugin {plugin} comes after {after}, and there is no plugin of that name; correct the \
         name, or add the plugin"
    )]
    PluginUnknown {
        /// The plugin.
        plugin: String,
        /// The one that it is to come after.
        after: String,
    },
    /// Plugins wait for each other.
    #[error("no plugin could come first: {0}; take one of these away")]
    PluginCycle(String),
    /// There is no plugin of this name that the host launches.
    #[error("the host launches no plugin named {0}; those that it does are listed by `plugins`")]
    NoSuchPlugin(String),
    /// A user is admitted from the host's start on, or not at all.
    #[error(
        "plugin {plugin} is to run as user {uid}, whose processes the host does not admit; restart \
         the host, which admits the users of its plugins when it starts"
    )]
    UserAtStart {
        /// The plugin.
        plugin: String,
        /// The user.
        uid: u32,
    },
    /// As whom a plugin works in the database is settled when the host starts.
    #[error(
        "plugin {0} has another login or schema than when the host started, or reads only on SQLite; \
         restart the host, which settles that when it starts"
    )]
    AccessAtStart(String),
    /// The host knows no plugin of this name.
    #[error("the host knows no plugin named {0}; those that it does are listed by `plugins`")]
    UnknownPlugin(String),
    /// There is nothing of this name to be ended.
    #[error("there is no {0} any more, or never was; `leases` and `statements` list what there is")]
    NoSuchTarget(Target),
    /// It cannot be cancelled.
    #[error("{0} begins or ends a transaction, which is not cancelled half-way; end its lease")]
    NotCancellable(Target),
    /// What was to come to an end has not done so in time.
    #[error(
        "not drained within {patience:?}: {held}; it stays paused: wait again, `kill` what is held, \
         or `resume`"
    )]
    NotDrained {
        /// How long was waited.
        patience: Duration,
        /// What is still held, by whom.
        held: String,
    },
    /// A plugin did not come up.
    #[error("plugin {plugin} did not start: {source}")]
    PluginStart {
        /// The plugin.
        plugin: String,
        /// Its program.
        program: PathBuf,
        /// What went wrong.
        source: StartFailure,
    },
    /// The endpoint's name cannot be used.
    #[error(transparent)]
    EndpointName(#[from] EndpointError),
    /// This kind of endpoint does not exist on this operating system.
    #[error("{0} cannot be listened on here; {ADVICE}")]
    EndpointKind(Endpoint),
    /// Another host, or something else, listens there.
    #[error(
        "{0} is in use by a running process; stop that one, or give this host an endpoint of its \
         own"
    )]
    EndpointInUse(Endpoint),
    /// What is at the socket's path is not a socket.
    #[error("{0} exists and is not a socket; remove it, or choose another endpoint")]
    NotASocket(PathBuf),
    /// Other users could get at the folder of the socket.
    #[error("the folder of the socket, {path}, {problem}")]
    Folder {
        /// The folder.
        path: PathBuf,
        /// What is wrong with it, and what to do.
        problem: String,
    },
    /// The operating system refused.
    #[error("cannot {action} {place}: {source}")]
    Io {
        /// What was to be done.
        action: &'static str,
        /// With what.
        place: String,
        /// What the operating system said.
        source: io::Error,
    },
}

#[cfg(unix)]
const ADVICE: &str = "give the absolute path of a Unix socket";
#[cfg(not(unix))]
const ADVICE: &str = r"give the name of a pipe, \\.\pipe\...";

impl HostError {
    /// For `map_err`: the operating system refused to `action` the thing at `place`.
    pub(crate) fn io(action: &'static str, place: impl ToString) -> impl FnOnce(io::Error) -> Self {
        let place = place.to_string();
        move |source| Self::Io {
            action,
            place,
            source,
        }
    }
}
