//! Where a host listens, and the environment that tells a plugin.

use std::fmt;
use std::path::{Path, PathBuf};
use std::str::FromStr;

/// The environment variable that holds the endpoint.
pub const ENDPOINT_VARIABLE: &str = "ONEPOOL_ENDPOINT";
/// The environment variable that holds the one-time token.
pub const TOKEN_VARIABLE: &str = "ONEPOOL_TOKEN";
/// The environment variable that holds the plugin's name.
pub const PLUGIN_VARIABLE: &str = "ONEPOOL_PLUGIN";
/// The environment variable that says what a plugin does when its host dies: [`EXIT`] or
/// [`SURVIVE`]. Without it a plugin survives.
pub const ON_HOST_DEATH_VARIABLE: &str = "ONEPOOL_ON_HOST_DEATH";
/// The plugin exits.
pub const EXIT: &str = "exit";
/// The plugin goes on without a host.
pub const SURVIVE: &str = "survive";

/// The longest path of a Unix socket that every supported system accepts, in bytes: macOS has
/// 104 with the final zero, Linux 108.
pub const UNIX_PATH_BYTES: usize = 103;

/// The longest name of a Windows pipe, in characters, with its prefix.
pub const PIPE_NAME_CHARS: usize = 256;

const PIPE_PREFIX: &str = r"\\.\pipe\";

/// The address of a host's local socket.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Endpoint {
    /// The path of a Unix domain socket.
    UnixPath(PathBuf),
    /// A Windows named pipe, `\\.\pipe\...`.
    Pipe(String),
}

/// Why a text is not an endpoint.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EndpointError {
    /// Nothing was given.
    #[error("the endpoint is empty; give the path of a Unix socket or the name of a pipe")]
    Empty,
    /// The path does not fit into a socket address.
    #[error(
        "the socket path has {length} bytes and a Unix socket takes at most {UNIX_PATH_BYTES}; \
         use a shorter folder: {path}"
    )]
    PathTooLong {
        /// The length of the path in bytes.
        length: usize,
        /// The path.
        path: String,
    },
    /// The path says nothing about where it begins.
    #[error("the socket path must be absolute: {0}")]
    Relative(String),
    /// The pipe's name is too long or has a backslash.
    #[error("not the name of a local pipe: {0}")]
    PipeName(String),
}

impl Endpoint {
    /// The endpoint at this path.
    ///
    /// # Errors
    /// If the path is relative or too long for a socket.
    pub fn unix(path: impl Into<PathBuf>) -> Result<Self, EndpointError> {
        let path = path.into();
        let length = path.as_os_str().len();
        if !path.has_root() {
            return Err(EndpointError::Relative(path.display().to_string()));
        }
        if length > UNIX_PATH_BYTES {
            return Err(EndpointError::PathTooLong {
                length,
                path: path.display().to_string(),
            });
        }
        Ok(Self::UnixPath(path))
    }

    /// The named pipe of this name, with or without the prefix `\\.\pipe\`.
    ///
    /// # Errors
    /// If the name is empty, too long, or has a backslash.
    pub fn pipe(name: &str) -> Result<Self, EndpointError> {
        let short = name.strip_prefix(PIPE_PREFIX).unwrap_or(name);
        let chars = short.chars().count() + PIPE_PREFIX.len();
        if short.is_empty() || short.contains('\\') || chars > PIPE_NAME_CHARS {
            return Err(EndpointError::PipeName(name.to_owned()));
        }
        Ok(Self::Pipe(format!("{PIPE_PREFIX}{short}")))
    }

    /// The path, if this is a Unix socket.
    #[must_use]
    pub fn path(&self) -> Option<&Path> {
        match self {
            Self::UnixPath(path) => Some(path),
            Self::Pipe(_) => None,
        }
    }
}

impl FromStr for Endpoint {
    type Err = EndpointError;

    fn from_str(text: &str) -> Result<Self, EndpointError> {
        if text.is_empty() {
            Err(EndpointError::Empty)
        } else if text.starts_with(PIPE_PREFIX) {
            Self::pipe(text)
        } else {
            Self::unix(text)
        }
    }
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::UnixPath(path) => path.display().fmt(f),
            Self::Pipe(name) => f.write_str(name),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_round_trips() {
        for text in ["/run/onepool/host.sock", r"\\.\pipe\onepool-1"] {
            assert_eq!(text.parse::<Endpoint>().unwrap().to_string(), text);
        }
    }

    #[test]
    fn a_path_is_as_long_as_a_socket_takes() {
        let longest = format!("/{}", "x".repeat(UNIX_PATH_BYTES - 1));
        assert!(Endpoint::unix(&longest).is_ok());
        let error = Endpoint::unix(format!("{longest}x")).unwrap_err();
        assert!(
            matches!(error, EndpointError::PathTooLong { length, .. } if length == UNIX_PATH_BYTES + 1)
        );
    }

    #[test]
    fn what_is_no_endpoint_says_why() {
        assert_eq!("".parse::<Endpoint>(), Err(EndpointError::Empty));
        assert!(matches!(
            "run/x".parse::<Endpoint>(),
            Err(EndpointError::Relative(_))
        ));
        assert!(matches!(
            Endpoint::pipe(r"a\b"),
            Err(EndpointError::PipeName(_))
        ));
        assert!(matches!(
            Endpoint::pipe(""),
            Err(EndpointError::PipeName(_))
        ));
    }
}
