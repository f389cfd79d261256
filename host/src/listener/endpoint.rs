//! Opening an endpoint, so that only those hear who should, and only one host does.

use std::io;

use interprocess::local_socket::tokio::{Listener, Stream, prelude::*};
use interprocess::local_socket::{GenericFilePath, ListenerOptions, Name, ToFsName};
use onepool_proto::endpoint::Endpoint;

use crate::error::HostError;

/// An open endpoint. Dropping it closes it and removes what was created for it.
#[derive(Debug)]
pub(super) struct Bound {
    // Invariant: the listener comes first, so that the socket is gone before the lock is.
    listener: Listener,
    endpoint: Endpoint,
    #[cfg(unix)]
    claim: unix::Claim,
}

impl Bound {
    /// Where it is.
    pub(super) fn endpoint(&self) -> &Endpoint {
        &self.endpoint
    }

    /// Makes sure that the endpoint is still closed to whom it was closed to when it was opened.
    pub(super) fn check(&self) -> Result<(), HostError> {
        #[cfg(unix)]
        self.claim.check()?;
        Ok(())
    }

    /// The next peer.
    ///
    /// # Cancel safety
    /// Dropping the future loses no peer.
    pub(super) async fn accept(&self) -> io::Result<Stream> {
        self.listener.accept().await
    }
}

fn name(endpoint: &Endpoint) -> io::Result<Name<'_>> {
    match endpoint {
        Endpoint::UnixPath(path) => path.as_os_str().to_fs_name::<GenericFilePath>(),
        Endpoint::Pipe(name) => name.as_str().to_fs_name::<GenericFilePath>(),
    }
}

#[cfg(unix)]
pub(super) use unix::bind;
#[cfg(windows)]
pub(super) use windows::bind;

#[cfg(unix)]
mod unix {
    use std::fs;
    use std::os::unix::fs::{FileTypeExt, PermissionsExt};
    use std::path::Path;
    use std::time::Duration;

    use super::super::folder::{self, Access, PrivateFolder};
    use super::super::leftovers;
    use super::super::lock::{self, Lock};
    use super::*;

    /// How long a socket may take to show whether anybody listens; silence means yes.
    const PROBE_TIMEOUT: Duration = Duration::from_secs(1);

    /// How long a fresh folder is left alone whose host may only be starting.
    const LEFT_FOR: Duration = Duration::from_secs(60);

    /// The name of a socket in a fresh folder.
    const SOCKET_NAME: &str = "host.sock";

    /// What a host keeps while it listens, in the order in which it is given up.
    #[derive(Debug)]
    pub(super) struct Claim {
        _lock: Lock,
        folder: PrivateFolder,
    }

    impl Claim {
        /// Makes sure that the folder is still private.
        pub(super) fn check(&self) -> Result<(), HostError> {
            self.folder.check()
        }
    }

    /// Opens the endpoint, or one in a fresh folder.
    pub(in super::super) async fn bind(
        endpoint: Option<&Endpoint>,
        users_allowed: bool,
    ) -> Result<Bound, HostError> {
        let access = if users_allowed {
            Access::Shared
        } else {
            Access::Private
        };
        let (endpoint, folder) = match endpoint {
            Some(endpoint) => (endpoint.clone(), claim_folder(endpoint, access)?),
            None => {
                leftovers::clear(&folder::parent_of_fresh(), SOCKET_NAME, LEFT_FOR);
                let folder = PrivateFolder::fresh(access)?;
                (Endpoint::unix(folder.path().join(SOCKET_NAME))?, folder)
            }
        };
        let path = path(&endpoint)?;
        let lock_path = lock::path_for(path);
        let lock = Lock::take(&lock_path)
            .map_err(HostError::io("lock", lock_path.display()))?
            .ok_or_else(|| HostError::EndpointInUse(endpoint.clone()))?;
        clear_away(&endpoint).await?;
        let listener = name(&endpoint)
            .and_then(|name| ListenerOptions::new().name(name).create_tokio())
            .map_err(HostError::io("listen on", &endpoint))?;
        let mode = fs::Permissions::from_mode(access.socket_mode());
        fs::set_permissions(path, mode).map_err(HostError::io("set the mode of", &endpoint))?;
        Ok(Bound {
            listener,
            endpoint,
            claim: Claim {
                _lock: lock,
                folder,
            },
        })
    }

    fn path(endpoint: &Endpoint) -> Result<&Path, HostError> {
        endpoint
            .path()
            .ok_or_else(|| HostError::EndpointKind(endpoint.clone()))
    }

    fn claim_folder(endpoint: &Endpoint, access: Access) -> Result<PrivateFolder, HostError> {
        let folder = path(endpoint)?.parent().unwrap_or(Path::new("/"));
        PrivateFolder::claim(folder, access)
    }

    /// Removes the socket of a dead host. That of a live one stays.
    async fn clear_away(endpoint: &Endpoint) -> Result<(), HostError> {
        let path = path(endpoint)?;
        match fs::symlink_metadata(path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
            Err(error) => return Err(HostError::io("look at", path.display())(error)),
            Ok(metadata) if !metadata.file_type().is_socket() => {
                return Err(HostError::NotASocket(path.to_owned()));
            }
            Ok(_) => {}
        }
        let probe = tokio::net::UnixStream::connect(path);
        match tokio::time::timeout(PROBE_TIMEOUT, probe).await {
            Ok(Err(error)) if error.kind() == io::ErrorKind::ConnectionRefused => {
                tracing::info!(%endpoint, "replacing the socket of a host that has died");
                fs::remove_file(path).map_err(HostError::io("remove", path.display()))
            }
            Ok(Err(error)) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            _ => Err(HostError::EndpointInUse(endpoint.clone())),
        }
    }
}

#[cfg(windows)]
mod windows {
    use super::*;

    /// Opens the endpoint, or one with a random name.
    pub(in super::super) async fn bind(
        endpoint: Option<&Endpoint>,
        _users_allowed: bool,
    ) -> Result<Bound, HostError> {
        let endpoint = match endpoint {
            Some(endpoint @ Endpoint::Pipe(_)) => endpoint.clone(),
            Some(endpoint) => return Err(HostError::EndpointKind(endpoint.clone())),
            None => Endpoint::pipe(&format!("onepool-{:032x}", rand::random::<u128>()))?,
        };
        let listener = name(&endpoint)
            .and_then(|name| ListenerOptions::new().name(name).create_tokio())
            .map_err(|error| match error.kind() {
                // The first instance of a pipe is refused where there is one.
                io::ErrorKind::PermissionDenied | io::ErrorKind::AlreadyExists => {
                    HostError::EndpointInUse(endpoint.clone())
                }
                _ => HostError::io("listen on", &endpoint)(error),
            })?;
        Ok(Bound { listener, endpoint })
    }
}
