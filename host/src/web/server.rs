//! The port.

use std::io;
use std::path::PathBuf;
use std::sync::Arc;

use tokio::net::TcpListener;

use super::WebPlace;
use super::routes::{Names, router};
use crate::host::Host;

/// A port that is open. Dropping it closes it.
#[derive(Debug)]
pub struct WebServer {
    listener: Listener,
    place: WebPlace,
    names: Names,
}

#[derive(Debug)]
enum Listener {
    Tcp(TcpListener),
    #[cfg(unix)]
    Unix(tokio::net::UnixListener, Socket),
}

/// Why there is no port.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum WebError {
    /// Other machines could reach it.
    #[error(
        "{0} can be reached by other machines, and whoever reaches it reads what the host does; \
         listen at 127.0.0.1, or say that it shall be exposed"
    )]
    Exposed(WebPlace),
    /// The operating system refused.
    #[error("cannot listen at {place}: {source}")]
    Listen {
        /// Where.
        place: WebPlace,
        /// What the operating system said.
        source: io::Error,
    },
}

impl WebServer {
    /// Opens the port, where this machine alone reaches it.
    ///
    /// # Errors
    /// [`WebError::Exposed`] if others could reach it, or if the operating system refuses.
    pub async fn bind(place: &WebPlace) -> Result<Self, WebError> {
        if !place.is_local() {
            return Err(WebError::Exposed(place.clone()));
        }
        Self::open(place, Names::OfThisMachine).await
    }

    /// Opens the port wherever that is. Whoever reaches it can read it.
    ///
    /// # Errors
    /// If the operating system refuses.
    pub async fn bind_exposed(place: &WebPlace) -> Result<Self, WebError> {
        let names = if place.is_local() {
            Names::OfThisMachine
        } else {
            Names::Any
        };
        Self::open(place, names).await
    }

    async fn open(place: &WebPlace, names: Names) -> Result<Self, WebError> {
        let opened = match place {
            WebPlace::Tcp(address) => TcpListener::bind(address).await.map(Listener::Tcp),
            #[cfg(unix)]
            WebPlace::Unix(path) => listen_at(path),
            #[cfg(not(unix))]
            WebPlace::Unix(_) => Err(io::ErrorKind::Unsupported.into()),
        };
        let failed = |source| WebError::Listen {
            place: place.clone(),
            source,
        };
        let listener = opened.map_err(failed)?;
        let place = match &listener {
            Listener::Tcp(listener) => WebPlace::Tcp(listener.local_addr().map_err(failed)?),
            #[cfg(unix)]
            Listener::Unix(..) => place.clone(),
        };
        Ok(Self {
            listener,
            place,
            names,
        })
    }

    /// Where it is; with the port that the operating system chose, if it was 0.
    #[must_use]
    pub fn place(&self) -> &WebPlace {
        &self.place
    }

    /// Serves it until the future is dropped. Answers under way end with the host, or when they
    /// are complete.
    ///
    /// # Cancel safety
    /// Dropping the future closes the port.
    pub async fn run(self, host: Arc<Host>) {
        let router = router(&host, self.names);
        drop(host);
        let served = match self.listener {
            Listener::Tcp(listener) => axum::serve(listener, router).await,
            #[cfg(unix)]
            Listener::Unix(listener, _socket) => axum::serve(listener, router).await,
        };
        if let Err(error) = served {
            tracing::error!(%error, "the port for metrics has failed");
        }
    }
}

/// A socket's file, which goes when it is dropped.
#[derive(Debug)]
struct Socket(PathBuf);

impl Drop for Socket {
    fn drop(&mut self) {
        // It may have been removed.
        let _ = std::fs::remove_file(&self.0);
    }
}

/// Listens at a socket of mode 0600, in place of one that a dead process has left.
#[cfg(unix)]
fn listen_at(path: &std::path::Path) -> io::Result<Listener> {
    use std::fs::{Permissions, rename, set_permissions, symlink_metadata};
    use std::os::unix::fs::{FileTypeExt, PermissionsExt};
    use std::os::unix::net::UnixStream;

    if let Ok(there) = symlink_metadata(path) {
        let living = !there.file_type().is_socket() || UnixStream::connect(path).is_ok();
        if living {
            return Err(io::ErrorKind::AddrInUse.into());
        }
    }
    // Under another name until it has its mode, so that nobody comes in before.
    let mut name = path.as_os_str().to_owned();
    name.push(".new");
    let new = Socket(name.into());
    let _ = std::fs::remove_file(&new.0);
    let listener = tokio::net::UnixListener::bind(&new.0)?;
    set_permissions(&new.0, Permissions::from_mode(0o600))?;
    rename(&new.0, path)?;
    Ok(Listener::Unix(listener, Socket(path.to_owned())))
}
