//! One raw frame each way, before a session begins.

use std::io;
use std::time::Duration;

use interprocess::local_socket::tokio::Stream;
use onepool_proto::handshake::{self, Answer, HEADER_BYTES, HandshakeError, Hello};
use onepool_proto::{Code, Failure, limits};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::time::timeout;

use crate::peer::{AllowedUsers, Peer};
use crate::plugin::{Admission, Registry};
use crate::roster::{Roster, Seat};

/// How long a peer may take over each half of the handshake.
const HALF_TIMEOUT: Duration = Duration::from_millis(limits::HANDSHAKE_MS);

/// How a handshake ends without a session.
#[derive(Debug)]
pub(super) enum Turned {
    /// The peer is told why.
    Away(Failure),
    /// The peer went away, or cannot be told.
    Gone(io::Error),
}

impl From<Failure> for Turned {
    fn from(failure: Failure) -> Self {
        Self::Away(failure)
    }
}

/// Who decides whether a peer comes in.
#[derive(Debug)]
pub(super) struct Doorkeeper {
    pub(super) users: AllowedUsers,
    pub(super) registry: Registry,
    pub(super) roster: Roster,
}

/// A peer that may come in once it has been welcomed.
#[derive(Debug)]
pub(super) struct Guest {
    pub(super) seat: Seat,
    pub(super) admission: Admission,
    plugin: String,
    version: u16,
}

impl Doorkeeper {
    /// Hears a peer out and decides, unless `private` says why nobody may come in. Nothing has been
    /// written to it yet.
    pub(super) async fn examine(
        &self,
        stream: &mut Stream,
        private: Result<(), Failure>,
    ) -> Result<Guest, Turned> {
        let peer = Peer::of(stream).map_err(Turned::Gone)?;
        let decided = match private {
            Ok(()) => self.decide(stream, peer).await,
            Err(failure) => Err(failure.into()),
        };
        if let Err(Turned::Away(failure)) = &decided {
            self.registry.note_refusal(peer, failure).await;
        }
        decided
    }

    async fn decide(&self, stream: &mut Stream, peer: Peer) -> Result<Guest, Turned> {
        self.users.check(peer)?;
        match timeout(HALF_TIMEOUT, self.admit(stream, peer)).await {
            Ok(result) => result,
            Err(_) => Err(Turned::Away(Failure::new(
                Code::HANDSHAKE_TIMEOUT,
                format!(
                    "the handshake was not complete after {} ms; check that the peer is a onepool \
                     SDK and not stopped",
                    limits::HANDSHAKE_MS
                ),
            ))),
        }
    }

    async fn admit(&self, stream: &mut Stream, peer: Peer) -> Result<Guest, Turned> {
        let hello = read_hello(stream).await?;
        let version = hello.negotiate()?;
        let seat = self.roster.seat()?;
        let admission = self.registry.admit(&hello.plugin, hello.token)?;
        if let Some(child) = admission.bound_to().await {
            peer.check_descends_from(child)?;
        }
        // Only who may come in learns of databases.
        let seat = seat.with(hello.database.as_deref(), &hello.plugin)?;
        Ok(Guest {
            seat,
            admission,
            plugin: hello.plugin,
            version,
        })
    }
}

impl Guest {
    /// Tells the peer that it may come in.
    pub(super) async fn welcome(&self, stream: &mut Stream) -> io::Result<()> {
        self.admission.note_entry();
        let next_token = self.admission.next_token();
        let welcome = self.seat.welcome(self.version, &self.plugin, next_token);
        write_answer(stream, &Answer::Welcome(welcome)).await
    }
}

async fn read_hello(stream: &mut (impl AsyncRead + Unpin)) -> Result<Hello, Turned> {
    let mut header = [0; HEADER_BYTES];
    stream.read_exact(&mut header).await.map_err(Turned::Gone)?;
    let length = handshake::body_length(header).map_err(refuse)?;
    let mut body = vec![0; length];
    stream.read_exact(&mut body).await.map_err(Turned::Gone)?;
    handshake::decode(&body).map_err(refuse)
}

fn refuse(error: HandshakeError) -> Turned {
    Turned::Away(error.into())
}

/// Writes the host's half.
pub(super) async fn write_answer(
    stream: &mut (impl AsyncWrite + Unpin),
    answer: &Answer,
) -> io::Result<()> {
    let frame = handshake::encode(answer).map_err(io::Error::other)?;
    let written = async {
        stream.write_all(&frame).await?;
        stream.flush().await
    };
    timeout(HALF_TIMEOUT, written)
        .await
        .unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into()))
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt;
    use onepool_proto::handshake::{MAGIC, Token};
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn no_bytes_are_too_strange_to_be_read(
            begins_well: bool,
            body in prop::collection::vec(any::<u8>(), 0..64),
        ) {
            let mut bytes = Vec::new();
            if begins_well {
                bytes.extend(MAGIC);
                bytes.extend((body.len() as u16).to_le_bytes());
            }
            bytes.extend(body);
            // A slice is never waited for.
            let _ = read_hello(&mut &bytes[..]).now_or_never().unwrap();
        }

        #[test]
        fn a_hello_is_read_whole_or_not_at_all(name in ".{0,64}", cut: prop::sample::Index) {
            let hello = Hello::new(name, Token::new("token"));
            let bytes = handshake::encode(&hello).unwrap();
            let read = read_hello(&mut &bytes[..]).now_or_never().unwrap();
            prop_assert_eq!(read.unwrap(), hello);
            let cut = &bytes[..cut.index(bytes.len())];
            let read = read_hello(&mut &cut[..]).now_or_never().unwrap();
            prop_assert!(matches!(read, Err(Turned::Gone(_))));
        }
    }
}
