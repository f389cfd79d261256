//! Taking a session's calls in, and its answers out.
//!
//! tarpc's server would do the same with a timer, a queue and a span for each call; without them a
//! call costs the host half as much.

use std::collections::{BTreeMap, VecDeque};
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use futures_core::Stream;
use futures_util::future::{AbortHandle, AbortRegistration, Abortable};
use futures_util::stream::FuturesUnordered;
use futures_util::{Sink, SinkExt, StreamExt};
use onepool_proto::codec::Trace;
use onepool_proto::limits;
use onepool_proto::service::{Broker, BrokerRequest, BrokerResponse};
use tarpc::server::Serve;
use tarpc::{ClientMessage, Request, Response, ServerError};
use tokio_util::sync::CancellationToken;
use tracing::{Instrument, Span};

use super::broker::Handler;
use super::handles::Session;
use super::trace;

/// A future of the session's own, which has an answer when it was a call's.
type Step = Pin<Box<dyn Future<Output = Option<Response<BrokerResponse>>> + Send>>;

/// Takes a session's calls in, and its answers out.
pub(super) struct Dispatch<T> {
    session: Arc<Session>,
    wire: T,
    steps: FuturesUnordered<Step>,
    /// The calls that are neither answered nor cancelled.
    under_way: BTreeMap<u64, AbortHandle>,
    /// Answers that wait for room.
    answers: VecDeque<Response<BrokerResponse>>,
}

impl<T, E> Dispatch<T>
where
    T: Stream<Item = Result<ClientMessage<BrokerRequest>, E>>
        + Sink<Response<BrokerResponse>, Error = E>
        + Unpin,
{
    pub(super) fn new(session: Arc<Session>, wire: T) -> Self {
        Self {
            session,
            wire,
            steps: FuturesUnordered::new(),
            under_way: BTreeMap::new(),
            answers: VecDeque::new(),
        }
    }

    /// Runs until the plugin has gone, or `stop` is cancelled.
    ///
    /// # Errors
    /// If the wire breaks.
    pub(super) async fn run(mut self, stop: CancellationToken) -> Result<(), E> {
        let mut stopped = pin!(stop.cancelled());
        std::future::poll_fn(|cx| {
            if stopped.as_mut().poll(cx).is_ready() {
                return Poll::Ready(Ok(()));
            }
            self.poll(cx)
        })
        .await
    }

    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), E>> {
        loop {
            let mut busy = self.poll_write(cx)?;
            while let Poll::Ready(Some(answer)) = self.steps.poll_next_unpin(cx) {
                self.answers.extend(answer.filter(|answer| {
                    // Nobody waits for what was cancelled.
                    self.under_way.remove(&answer.request_id).is_some()
                }));
                busy = true;
            }
            if self.has_room()
                && let Poll::Ready(message) = self.wire.poll_next_unpin(cx)
            {
                match message {
                    Some(message) => self.take_in(message?),
                    None => return Poll::Ready(Ok(())),
                }
                busy = true;
            }
            if !busy {
                // All that is to be said now goes out at once.
                let _ = self.wire.poll_flush_unpin(cx)?;
                return Poll::Pending;
            }
        }
    }

    /// Whether another message may be taken in. A plugin that reads no answers, or makes more calls
    /// than it may, has to wait; one of our SDK never gets that far.
    fn has_room(&self) -> bool {
        self.answers.is_empty() && self.under_way.len() <= limits::CALLS as usize
    }

    /// Writes the answers that there is room for. Whether there were any.
    fn poll_write(&mut self, cx: &mut Context<'_>) -> Result<bool, E> {
        let mut wrote = false;
        while !self.answers.is_empty() {
            let Poll::Ready(ready) = self.wire.poll_ready_unpin(cx) else {
                break;
            };
            ready?;
            if let Some(answer) = self.answers.pop_front() {
                self.wire.start_send_unpin(answer)?;
                wrote = true;
            }
        }
        Ok(wrote)
    }

    fn take_in(&mut self, message: ClientMessage<BrokerRequest>) {
        match message {
            ClientMessage::Request(request) => self.begin(request),
            ClientMessage::Cancel { request_id, .. } => {
                if let Some(call) = self.under_way.remove(&request_id) {
                    call.abort();
                }
            }
            _ => (),
        }
    }

    /// Runs a handler up to where it first waits. That is where it takes its place in the order of
    /// calls, so it must happen before the next request is read.
    fn begin(&mut self, request: Request<BrokerRequest>) {
        let Request {
            context,
            id: request_id,
            message,
        } = request;
        if self.under_way.contains_key(&request_id) {
            tracing::debug!(request_id, "a call was made twice; the second is ignored");
            return;
        }
        let (abort, registration) = AbortHandle::new_pair();
        self.under_way.insert(request_id, abort);
        let span = trace::span(Trace::of(&context), &self.session.context);
        let handler = Handler::new(&self.session);
        let serving = (request_id, registration, span);
        // The calls that most calls are have futures of their own: that of any call is as large as
        // the largest, and is copied more than once before it is in its place.
        let mut step = match message {
            BrokerRequest::Execute { call } => answering(serving, async move {
                Ok(BrokerResponse::Execute(
                    handler.execute(context, call).await,
                ))
            }),
            BrokerRequest::Fetch { call } => answering(serving, async move {
                Ok(BrokerResponse::Fetch(handler.fetch(context, call).await))
            }),
            message => answering(serving, handler.serve().serve(context, message)),
        };
        match step.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
            Poll::Ready(answer) => {
                self.under_way.remove(&request_id);
                self.answers.extend(answer);
            }
            Poll::Pending => self.steps.push(step),
        }
        for work in self.session.take_work() {
            self.steps.push(Box::pin(async move {
                work.await;
                None
            }));
        }
    }
}

/// What comes of a call, unless it is aborted.
fn answering(
    (request_id, registration, span): (u64, AbortRegistration, Span),
    serving: impl Future<Output = Result<BrokerResponse, ServerError>> + Send + 'static,
) -> Step {
    let serving = Abortable::new(serving.instrument(span), registration);
    Box::pin(async move {
        let message = serving.await.ok()?;
        Some(Response {
            request_id,
            message,
        })
    })
}
