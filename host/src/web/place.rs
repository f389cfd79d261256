//! Where the port is.

use std::fmt;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::str::FromStr;

/// Where the port is: an address, as `127.0.0.1:9187`, or the absolute path of a Unix socket.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum WebPlace {
    /// A TCP port.
    Tcp(SocketAddr),
    /// A Unix socket.
    Unix(PathBuf),
}

/// It is no place for a port.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "{0:?} is no place to listen at; write an address like \"127.0.0.1:9187\", or the absolute path of a socket"
)]
pub struct WebPlaceError(String);

impl WebPlace {
    /// Whether this machine alone reaches it.
    #[must_use]
    pub fn is_local(&self) -> bool {
        match self {
            Self::Tcp(address) => address.ip().to_canonical().is_loopback(),
            Self::Unix(_) => true,
        }
    }
}

impl FromStr for WebPlace {
    type Err = WebPlaceError;

    fn from_str(text: &str) -> Result<Self, WebPlaceError> {
        if cfg!(unix) && text.starts_with('/') {
            return Ok(Self::Unix(text.into()));
        }
        let refused = || WebPlaceError(text.to_owned());
        if let Some(port) = text.strip_prefix("localhost:") {
            let port = port.parse().map_err(|_| refused())?;
            return Ok(Self::Tcp((Ipv4Addr::LOCALHOST, port).into()));
        }
        text.parse().map(Self::Tcp).map_err(|_| refused())
    }
}

impl fmt::Display for WebPlace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tcp(address) => write!(f, "http://{address}"),
            Self::Unix(path) => path.display().fmt(f),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_read_and_only_loopback_is_local() {
        let local = [
            "127.0.0.1:9187",
            "[::1]:9187",
            "localhost:0",
            "[::ffff:127.0.0.1]:1",
        ];
        for (text, is_local) in local.map(|text| (text, true)).into_iter().chain([
            ("0.0.0.0:9187", false),
            ("[::]:1", false),
            ("10.0.0.1:1", false),
        ]) {
            let place: WebPlace = text.parse().unwrap();
            assert_eq!(place.is_local(), is_local, "{text}");
        }
        for wrong in ["9187", "127.0.0.1", "somewhere:9187", "run/socket", ""] {
            assert!(wrong.parse::<WebPlace>().is_err(), "{wrong}");
        }
    }

    #[cfg(unix)]
    #[test]
    fn a_path_is_a_socket() {
        let place: WebPlace = "/run/onepool/web.sock".parse().unwrap();
        assert_eq!(place, WebPlace::Unix("/run/onepool/web.sock".into()));
        assert!(place.is_local());
    }
}
