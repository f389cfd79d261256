//! Connecting to a host's socket: whose it is, and the handshake.

use std::io;
use std::time::Duration;

use interprocess::local_socket::tokio::Stream;
use interprocess::local_socket::tokio::prelude::*;
use interprocess::local_socket::{GenericFilePath, ToFsName};
use onepool_proto::endpoint::Endpoint;
use onepool_proto::handshake::{self, Answer, HEADER_BYTES, Hello, Welcome};
use onepool_proto::{Code, Failure, OLDEST_PROTOCOL_VERSION, PROTOCOL_VERSION, limits};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

/// How long a host may take to accept and answer. Longer than what the host itself allows for a
/// handshake, so that its reason arrives.
const PATIENCE: Duration = Duration::from_millis(2 * limits::HANDSHAKE_MS);

/// Why no session was opened.
#[derive(Debug, thiserror::Error)]
pub(super) enum DialError {
    /// There is no socket, or nobody listens.
    #[error("no onepool host at {endpoint}: {source}")]
    Connect {
        endpoint: Endpoint,
        source: io::Error,
    },
    /// The link broke during the handshake.
    #[error("the handshake with the onepool host failed: {0}")]
    Io(#[from] io::Error),
    /// The host, or this side, said no.
    #[error(transparent)]
    Refused(#[from] Failure),
}

/// An open socket on which the host has let us in.
pub(super) struct Dialed {
    pub(super) welcome: Welcome,
    pub(super) socket: Stream,
}

/// Connects to `endpoint`, checks that `allowed_uid` or root owns the other end, and says `hello`.
pub(super) async fn dial(
    endpoint: &Endpoint,
    allowed_uid: Option<u32>,
    hello: &Hello,
) -> Result<Dialed, DialError> {
    let late = || {
        let message = format!(
            "the host at {endpoint} did not answer the handshake within {} ms",
            PATIENCE.as_millis()
        );
        DialError::Refused(Failure::new(Code::HANDSHAKE_TIMEOUT, message))
    };
    let dialing = async {
        let socket = connect(endpoint).await?;
        check_owner(&socket, allowed_uid)?;
        greet(socket, hello).await
    };
    tokio::time::timeout(PATIENCE, dialing)
        .await
        .unwrap_or_else(|_| Err(late()))
}

async fn connect(endpoint: &Endpoint) -> Result<Stream, DialError> {
    let connecting = async {
        let name = match endpoint {
            Endpoint::UnixPath(path) => path.as_path().to_fs_name::<GenericFilePath>()?,
            Endpoint::Pipe(name) => name.as_str().to_fs_name::<GenericFilePath>()?,
        };
        Stream::connect(name).await
    };
    connecting.await.map_err(|source| DialError::Connect {
        endpoint: endpoint.clone(),
        source,
    })
}

/// The token must not be told to a socket that somebody else put in the host's place.
#[cfg(unix)]
fn check_owner(socket: &Stream, allowed_uid: Option<u32>) -> Result<(), DialError> {
    const ROOT: u32 = 0;
    let ours = allowed_uid.unwrap_or_else(|| rustix::process::geteuid().as_raw());
    match socket.peer_creds()?.euid() {
        Some(uid) if uid == ours || uid == ROOT => Ok(()),
        uid => {
            let uid = uid.map_or_else(|| "an unknown user".to_owned(), |uid| format!("user {uid}"));
            let message = format!(
                "the host's socket belongs to {uid}, not to user {ours} or root; if that is \
                 right, say `host_uid=` in the onepool URL"
            );
            Err(Failure::new(Code::PEER_REFUSED, message).into())
        }
    }
}

/// A named pipe has no owner that a client could ask for; the host's access list guards it.
#[cfg(not(unix))]
fn check_owner(_: &Stream, _: Option<u32>) -> Result<(), DialError> {
    Ok(())
}

async fn greet(mut socket: Stream, hello: &Hello) -> Result<Dialed, DialError> {
    let frame = handshake::encode(hello).map_err(Failure::from)?;
    socket.write_all(&frame).await?;
    let mut header = [0; HEADER_BYTES];
    socket.read_exact(&mut header).await?;
    let mut body = vec![0; handshake::body_length(header).map_err(Failure::from)?];
    socket.read_exact(&mut body).await?;
    match handshake::decode(&body).map_err(Failure::from)? {
        Answer::Welcome(welcome) => {
            check_version(welcome.version)?;
            Ok(Dialed { welcome, socket })
        }
        Answer::Refused(failure) => Err(failure.into()),
    }
}

/// A host that answers with a version it was not offered would talk past us.
fn check_version(version: u16) -> Result<(), Failure> {
    if (OLDEST_PROTOCOL_VERSION..=PROTOCOL_VERSION).contains(&version) {
        return Ok(());
    }
    let message = format!(
        "the host wants to speak protocol version {version}, and the plugin speaks \
         {OLDEST_PROTOCOL_VERSION} to {PROTOCOL_VERSION}"
    );
    Err(Failure::new(Code::VERSION_MISMATCH, message))
}
