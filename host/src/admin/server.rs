//! The host's end of the admin socket.

use std::fs::{self, Permissions};
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures_util::{SinkExt, StreamExt};
use onepool_proto::endpoint::Endpoint;
use tokio::net::{UnixListener, UnixStream};
use tokio::task::JoinSet;
use tokio_util::codec::{Framed, LengthDelimitedCodec};

use super::access::{Access, Peer, Role};
use super::message::{Reply, Request};
use super::{Configuration, MESSAGE_BYTES, desk, place};
use crate::error::HostError;
use crate::host::Host;

/// Peers that are served at once; more wait to be accepted.
const MAX_PEERS: usize = 32;

/// How long to wait before accepting again, when the operating system would not.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// An open admin socket. Dropping it closes and removes it.
#[derive(Debug)]
pub struct AdminSocket {
    listener: UnixListener,
    path: PathBuf,
    access: Access,
    configuration: Option<Arc<dyn Configuration>>,
}

impl AdminSocket {
    /// Opens the admin socket of the host at `endpoint`, which must be a running host of this
    /// process: its folder is closed to other users, and its lock keeps other hosts away.
    ///
    /// # Errors
    /// If the endpoint is no Unix socket, its name leaves no room for the suffix, or the operating
    /// system refuses.
    pub fn open(endpoint: &Endpoint) -> Result<Self, HostError> {
        Self::open_at(place(endpoint)?)
    }

    /// Opens an admin socket at this path, in a folder that others cannot write to. What is there, of
    /// a host that has died, is replaced.
    ///
    /// # Errors
    /// If a living process listens there, or the operating system refuses.
    pub fn open_at(path: impl Into<PathBuf>) -> Result<Self, HostError> {
        let path = path.into();
        if std::os::unix::net::UnixStream::connect(&path).is_ok() {
            return Err(HostError::EndpointInUse(Endpoint::unix(&path)?));
        }
        match fs::remove_file(&path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                return Err(HostError::io("remove", path.display())(error));
            }
            _ => {}
        }
        let listener =
            UnixListener::bind(&path).map_err(HostError::io("listen on", path.display()))?;
        let socket = Self {
            listener,
            path,
            access: Access::default(),
            configuration: None,
        };
        socket.set_mode(0o600)?;
        Ok(socket)
    }

    /// Also lets in the members of these groups, by number: operators may do everything, readers may
    /// see. Everybody can knock then, if the socket's folder lets them; whoever is in none of the
    /// groups is refused.
    ///
    /// # Errors
    /// If the operating system refuses to open the socket to others.
    pub fn with_groups(mut self, operators: &[u32], readers: &[u32]) -> Result<Self, HostError> {
        self.access = Access {
            operators: operators.to_vec(),
            readers: readers.to_vec(),
        };
        if !self.access.is_private() {
            self.set_mode(0o666)?;
        }
        Ok(self)
    }

    fn set_mode(&self, mode: u32) -> Result<(), HostError> {
        fs::set_permissions(&self.path, Permissions::from_mode(mode))
            .map_err(HostError::io("set the mode of", self.path.display()))
    }

    /// Also answers for the configuration that the host was started from.
    #[must_use]
    pub fn with_configuration(mut self, configuration: Arc<dyn Configuration>) -> Self {
        self.configuration = Some(configuration);
        self
    }

    /// Where it is.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Serves it until the future is dropped.
    ///
    /// # Cancel safety
    /// Dropping the future ends the conversations under way; what was begun in the host goes on.
    pub async fn run(self, host: Arc<Host>) {
        let mut peers = JoinSet::new();
        loop {
            tokio::select! {
                accepted = self.listener.accept(), if peers.len() < MAX_PEERS => match accepted {
                    Ok((stream, _)) => {
                        let (access, configuration) = (self.access.clone(), self.configuration.clone());
                        peers.spawn(receive(stream, access, Arc::clone(&host), configuration));
                    }
                    Err(error) => {
                        tracing::error!(%error, "the admin socket cannot take anybody in for now");
                        tokio::time::sleep(ACCEPT_PAUSE).await;
                    }
                },
                Some(_) = peers.join_next() => {}
            }
        }
    }
}

impl Drop for AdminSocket {
    fn drop(&mut self) {
        // It may have been removed.
        let _ = fs::remove_file(&self.path);
    }
}

/// One peer, from the first request to the last.
async fn receive(
    stream: UnixStream,
    access: Access,
    host: Arc<Host>,
    configuration: Option<Arc<dyn Configuration>>,
) {
    let peer = match stream.peer_cred() {
        Ok(cred) => Peer {
            uid: cred.uid(),
            gid: cred.gid(),
            pid: cred.pid(),
        },
        Err(error) => {
            tracing::warn!(%error, "an admin peer without a name was refused");
            return;
        }
    };
    let mut frames = codec().new_framed(stream);
    let role = match access.role(peer, rustix::process::geteuid().as_raw()) {
        Ok(role) => role,
        Err(reason) => {
            tracing::warn!(uid = peer.uid, pid = peer.pid, "an admin peer was refused");
            let _ = frames.send(encode(&Reply::Failed(reason))).await;
            return;
        }
    };
    let asked = Asked {
        peer,
        role,
        host: &host,
        configuration: configuration.as_deref(),
    };
    // An error means that the peer is gone, or does not speak this.
    let _ = converse(&mut frames, &asked).await;
}

/// Who asks whom.
struct Asked<'a> {
    peer: Peer,
    role: Role,
    host: &'a Host,
    configuration: Option<&'a dyn Configuration>,
}

async fn converse(
    frames: &mut Framed<UnixStream, LengthDelimitedCodec>,
    asked: &Asked<'_>,
) -> io::Result<()> {
    while let Some(frame) = frames.next().await {
        let reply = match serde_json::from_slice::<Request>(&frame?) {
            Ok(request) => asked.answer(request).await,
            Err(error) => Reply::Failed(format!("the request cannot be read: {error}")),
        };
        frames.send(encode(&reply)).await?;
    }
    Ok(())
}

impl Asked<'_> {
    /// Answers, and logs who has done what and what came of it. Looking is not worth a line.
    async fn answer(&self, request: Request) -> Reply {
        let Peer { uid, pid, .. } = self.peer;
        let by = self.peer.to_string();
        let steers = request.role() == Role::Operator;
        if let Err(reason) = self.role.check(&request) {
            tracing::warn!(
                by,
                uid,
                pid,
                ?request,
                "a reader was not let steer the host"
            );
            return Reply::Failed(reason);
        }
        let what = format!("{request:?}");
        let reply = desk::answer(self.host, self.configuration, &by, request).await;
        match &reply {
            Reply::Failed(reason) if steers => {
                tracing::warn!(by, uid, pid, what, reason, "an order could not be followed");
            }
            _ if steers => tracing::info!(by, uid, pid, what, "an order was followed"),
            _ => tracing::debug!(by, uid, pid, what, "somebody looked"),
        }
        reply
    }
}

pub(super) fn codec() -> tokio_util::codec::length_delimited::Builder {
    let mut codec = LengthDelimitedCodec::builder();
    codec.max_frame_length(MESSAGE_BYTES);
    codec
}

/// Messages are plain data, which always can be written.
pub(super) fn encode(message: &impl serde::Serialize) -> Bytes {
    serde_json::to_vec(message).unwrap_or_default().into()
}
