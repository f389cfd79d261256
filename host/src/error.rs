//! Why a host could not start.

use std::io;
use std::path::PathBuf;

use onepool_proto::Failure;
use onepool_proto::endpoint::{Endpoint, EndpointError};
use onepool_proto::limits::PLUGIN_NAME_BYTES;

/// Why a [`Host`](crate::Host) could not do what was asked. The text says what, where, and what
/// to do; it never holds a password or a token.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum HostError {
    /// No database was given.
    #[error("no database was given; call `database(url)` or `database_with(..)`")]
    NoDatabase,
    /// A setting cannot work.
    #[error("{0}")]
    Setting(&'static str),
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
    /// A plugin's program could not be started.
    #[error("plugin {plugin} could not be started from {program}: {source}")]
    PluginStart {
        /// The plugin.
        plugin: String,
        /// Its program.
        program: PathBuf,
        /// What the operating system said.
        source: io::Error,
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
