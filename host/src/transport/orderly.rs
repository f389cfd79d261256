//! A wire that ends in order: calls under way are answered if there is time, and the plugin
//! learns why.

use std::collections::BTreeSet;
use std::pin::Pin;
use std::task::{Context, Poll, Waker, ready};
use std::time::Duration;

use futures_core::Stream;
use futures_util::{Sink, SinkExt, StreamExt};
use onepool_proto::service::{BrokerRequest, BrokerResponse};
use onepool_proto::{Code, Failure};
use tarpc::{ClientMessage, Response};
use tokio::sync::mpsc;
use tokio::time::Sleep;

use super::wire::{Wire, WireError};

/// How long a plugin may take to read the last words.
const GOODBYE_TIMEOUT: Duration = Duration::from_secs(1);

/// Why a session is to end, and how soon.
#[derive(Clone, Debug)]
pub(crate) enum Parting {
    /// Once the calls under way have been answered; new ones are not taken.
    Drained(Failure),
    /// At once.
    Now(Failure),
}

/// Tells one session to end.
#[derive(Clone, Debug)]
pub(crate) struct Partings(mpsc::Sender<Parting>);

impl Partings {
    /// Ends the session. A session that has ended, or that has been told already as often as it
    /// needs to be, is not told again.
    pub(crate) fn part(&self, parting: Parting) {
        let _ = self.0.try_send(parting);
    }
}

/// The two ends of the way to tell a session to end.
pub(crate) fn partings() -> (Partings, mpsc::Receiver<Parting>) {
    // Once to drain, once to hurry, and one to spare.
    let (tx, rx) = mpsc::channel(3);
    (Partings(tx), rx)
}

#[derive(Debug)]
enum Phase {
    /// Calls come in. Exits: `Draining`, `Leaving`, `Gone`.
    Open,
    /// Only answers still go out. Exits: `Leaving`, `Gone`.
    Draining(Failure),
    /// The last words are on their way. Exit: `Gone`.
    Leaving(Farewell),
    /// Nothing more comes or goes.
    Gone,
}

#[derive(Debug)]
struct Farewell {
    unsaid: Option<Failure>,
    timeout: Pin<Box<Sleep>>,
}

/// A wire that can be told to end, and does so in order.
#[derive(Debug)]
pub(crate) struct Orderly<W> {
    wire: W,
    partings: mpsc::Receiver<Parting>,
    phase: Phase,
    /// The calls that have come in and have been neither answered nor cancelled.
    under_way: BTreeSet<u64>,
    /// Whoever reads, to be woken when sending changes the phase.
    reader: Option<Waker>,
}

impl<W: Wire> Orderly<W> {
    /// `wire`, until `partings` says otherwise.
    pub(crate) fn new(wire: W, partings: mpsc::Receiver<Parting>) -> Self {
        Self {
            wire,
            partings,
            phase: Phase::Open,
            under_way: BTreeSet::new(),
            reader: None,
        }
    }

    /// Takes note of what it has been told.
    fn heed(&mut self, cx: &mut Context<'_>) {
        while let Poll::Ready(Some(parting)) = self.partings.poll_recv(cx) {
            match (&self.phase, parting) {
                (Phase::Open, Parting::Drained(failure)) => self.phase = Phase::Draining(failure),
                (Phase::Open | Phase::Draining(_), Parting::Now(failure)) => self.leave(failure),
                _ => {}
            }
        }
        if self.under_way.is_empty()
            && let Phase::Draining(failure) = &self.phase
        {
            let failure = failure.clone();
            self.leave(failure);
        }
    }

    fn leave(&mut self, failure: Failure) {
        self.phase = Phase::Leaving(Farewell {
            unsaid: Some(failure),
            timeout: Box::pin(tokio::time::sleep(GOODBYE_TIMEOUT)),
        });
    }

    fn wake_reader(&mut self) {
        if let Some(waker) = self.reader.take() {
            waker.wake();
        }
    }

    /// What arrives while the session is open or draining. `None` within `Ready` means that the
    /// phase has changed or that there was nothing to pass on.
    fn poll_read(
        &mut self,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<ClientMessage<BrokerRequest>, WireError>>> {
        match ready!(self.wire.poll_next_unpin(cx)) {
            Some(Ok(message)) => Poll::Ready(self.admit(message).map(Ok)),
            Some(Err(error)) => Poll::Ready(match error.last_words() {
                Some(failure) => {
                    self.leave(failure);
                    None
                }
                None => {
                    self.phase = Phase::Gone;
                    self.under_way.clear();
                    Some(Err(error))
                }
            }),
            None => {
                self.phase = Phase::Gone;
                Poll::Ready(None)
            }
        }
    }

    /// The end. tarpc's server takes a plain end for "no more calls" and goes on until those
    /// under way are done; nobody waits for them any more, so then the end is an error.
    fn end(&mut self) -> Option<Result<ClientMessage<BrokerRequest>, WireError>> {
        let abandoned = std::mem::take(&mut self.under_way).len();
        (abandoned > 0).then_some(Err(WireError::Abandoned(abandoned)))
    }

    fn admit(
        &mut self,
        message: ClientMessage<BrokerRequest>,
    ) -> Option<ClientMessage<BrokerRequest>> {
        match &message {
            ClientMessage::Request(request) => {
                if matches!(self.phase, Phase::Draining(_)) {
                    return None;
                }
                self.under_way.insert(request.id);
            }
            ClientMessage::Cancel { request_id, .. } => {
                self.under_way.remove(request_id);
            }
            _ => {}
        }
        Some(message)
    }
}

impl Farewell {
    /// Says the last words; ready when they are out, or cannot be, or nobody reads them.
    fn poll<W: Wire>(&mut self, wire: &mut W, cx: &mut Context<'_>) -> Poll<()> {
        if self.timeout.as_mut().poll(cx).is_ready() {
            return Poll::Ready(());
        }
        if self.unsaid.is_some()
            && ready!(wire.poll_ready_unpin(cx)).is_ok()
            && let Some(failure) = self.unsaid.take()
            && Pin::new(&mut *wire).say_goodbye(failure).is_err()
        {
            return Poll::Ready(());
        }
        wire.poll_flush_unpin(cx).map(|_| ())
    }
}

impl<W: Wire> Stream for Orderly<W> {
    type Item = Result<ClientMessage<BrokerRequest>, WireError>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = &mut *self;
        loop {
            this.heed(cx);
            match &mut this.phase {
                Phase::Open | Phase::Draining(_) => match this.poll_read(cx) {
                    Poll::Ready(Some(message)) => return Poll::Ready(Some(message)),
                    Poll::Ready(None) => {}
                    Poll::Pending => {
                        this.reader = Some(cx.waker().clone());
                        return Poll::Pending;
                    }
                },
                Phase::Leaving(farewell) => {
                    ready!(farewell.poll(&mut this.wire, cx));
                    this.phase = Phase::Gone;
                }
                Phase::Gone => return Poll::Ready(this.end()),
            }
        }
    }
}

impl<W: Wire> Sink<Response<BrokerResponse>> for Orderly<W> {
    type Error = WireError;

    fn poll_ready(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<(), WireError>> {
        self.wire.poll_ready_unpin(cx)
    }

    fn start_send(
        mut self: Pin<&mut Self>,
        response: Response<BrokerResponse>,
    ) -> Result<(), WireError> {
        if matches!(self.phase, Phase::Leaving(_) | Phase::Gone) {
            return Ok(());
        }
        self.under_way.remove(&response.request_id);
        if let Err(error) = self.wire.start_send_unpin(response) {
            if !error.can_be_told() {
                return Err(error);
            }
            // The plugin learns that there will be no answer, instead of waiting for it.
            let message = format!("the host could not send an answer: {error}");
            self.leave(Failure::new(Code::INTERNAL, message));
            self.wake_reader();
        } else if matches!(self.phase, Phase::Draining(_)) && self.under_way.is_empty() {
            self.wake_reader();
        }
        Ok(())
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<(), WireError>> {
        self.wire.poll_flush_unpin(cx)
    }

    fn poll_close(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<(), WireError>> {
        self.wire.poll_close_unpin(cx)
    }
}
