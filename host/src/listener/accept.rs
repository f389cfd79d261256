//! Takes peers in, a bounded number of them at once.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use interprocess::local_socket::tokio::Stream;
use onepool_proto::endpoint::Endpoint;
use onepool_proto::handshake::Answer;
use onepool_proto::{Code, Failure};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::endpoint::{self, Bound};
use super::handshake::{Doorkeeper, Guest, Turned, write_answer};
use crate::config::Config;
use crate::error::HostError;
use crate::peer::AllowedUsers;
use crate::plugin::Registry;
use crate::roster::{self, Roster};
use crate::telemetry::Counters;
#[cfg(unix)]
use crate::transport::QuietSocket;
use crate::transport::SocketWire;

/// Handshakes that may be under way at once; more peers wait to be accepted.
const MAX_HANDSHAKES: usize = 64;

/// How long to wait before accepting again, when the operating system would not (it may be out of
/// file descriptors, and has told so at once).
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// An open endpoint that takes nobody in yet.
#[derive(Debug)]
pub(crate) struct Listener {
    bound: Bound,
}

/// What the listener needs to take peers in.
#[derive(Debug)]
pub(crate) struct Reception {
    pub(crate) users: AllowedUsers,
    pub(crate) registry: Registry,
    pub(crate) roster: Roster,
    pub(crate) counters: Arc<Counters>,
    pub(crate) frame_bytes: u32,
    pub(crate) tracker: TaskTracker,
    /// Ends the accepting, and the handshakes under way.
    pub(crate) closing: CancellationToken,
}

impl Listener {
    /// Opens the endpoint of this configuration.
    pub(crate) async fn bind(config: &Config) -> Result<Self, HostError> {
        let users_allowed = !config.users().is_empty();
        let bound = endpoint::bind(config.endpoint.as_ref(), users_allowed).await?;
        Ok(Self { bound })
    }

    /// Where it is.
    pub(crate) fn endpoint(&self) -> &Endpoint {
        self.bound.endpoint()
    }

    /// Takes peers in until told to close; then the endpoint is closed and removed.
    pub(crate) async fn run(self, reception: Reception) {
        let handshakes = Arc::new(Semaphore::new(MAX_HANDSHAKES));
        let door = Arc::new(Door {
            keeper: Doorkeeper {
                users: reception.users,
                registry: reception.registry,
                roster: reception.roster,
            },
            counters: reception.counters,
            frame_bytes: reception.frame_bytes,
            closing: reception.closing.clone(),
        });
        let accepting = async {
            // The semaphore is never closed.
            while let Ok(permit) = Arc::clone(&handshakes).acquire_owned().await {
                match self.bound.accept().await {
                    Ok(stream) => {
                        let private = self.bound.check().map_err(exposed);
                        let visit = Arc::clone(&door).receive(stream, private, permit);
                        reception.tracker.spawn(visit);
                    }
                    Err(error) => {
                        tracing::error!(%error, "no plugin can connect for now");
                        tokio::time::sleep(ACCEPT_PAUSE).await;
                    }
                }
            }
        };
        tokio::select! {
            () = reception.closing.cancelled() => {}
            () = accepting => {}
        }
    }
}

/// The stream as a session needs it.
#[cfg(unix)]
fn quiet(stream: Stream) -> io::Result<QuietSocket> {
    QuietSocket::new(stream)
}

/// The stream as a session needs it.
#[cfg(not(unix))]
fn quiet(stream: Stream) -> io::Result<Stream> {
    Ok(stream)
}

#[derive(Debug)]
struct Door {
    keeper: Doorkeeper,
    counters: Arc<Counters>,
    frame_bytes: u32,
    closing: CancellationToken,
}

impl Door {
    /// One peer, from the first byte to the last.
    async fn receive(
        self: Arc<Self>,
        mut stream: Stream,
        private: Result<(), Failure>,
        permit: OwnedSemaphorePermit,
    ) {
        match self.greet(&mut stream, private).await {
            Ok(guest) => {
                drop(permit);
                let stream = match quiet(stream) {
                    Ok(stream) => stream,
                    Err(error) => {
                        tracing::error!(%error, "a plugin was let in and lost again");
                        return;
                    }
                };
                let (plugin, launch) = guest.admission.keep();
                let wire = SocketWire::new(stream, self.frame_bytes);
                guest.seat.serve(plugin, launch, wire).await;
            }
            Err(Turned::Away(failure)) => {
                self.counters.handshakes_refused.add_one();
                tracing::warn!(code = %failure.code, reason = %failure, "a peer was refused");
                // It may not care to hear why.
                let _ = write_answer(&mut stream, &Answer::Refused(failure)).await;
            }
            Err(Turned::Gone(error)) => {
                self.counters.handshakes_broken.add_one();
                tracing::debug!(%error, "a peer went away during the handshake");
            }
        }
    }

    async fn greet(
        &self,
        stream: &mut Stream,
        private: Result<(), Failure>,
    ) -> Result<Guest, Turned> {
        let examined = tokio::select! {
            biased;
            () = self.closing.cancelled() => Err(Turned::Away(roster::stopping())),
            examined = self.keeper.examine(stream, private) => examined,
        };
        let guest = examined?;
        guest.welcome(stream).await.map_err(Turned::Gone)?;
        Ok(guest)
    }
}

/// What peers are told while others could stand in for the host. Sessions that exist go on.
fn exposed(error: HostError) -> Failure {
    Failure::new(
        Code::PEER_REFUSED,
        format!("the host takes nobody in while its endpoint is not safe: {error}"),
    )
}
