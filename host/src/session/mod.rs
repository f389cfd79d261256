//! One plugin's calls.
//!
//! A session is one task: it reads requests, takes each in the order it came, and drives the work
//! of the plugin's Connections. Nothing here awaits a database: [leases](crate::pool::Lease) lend
//! a backend's owner, and dropping everything a session holds is how a dead plugin is cleaned up.

mod broker;
mod connection;
mod effects;
mod handles;
mod operation;
mod statement;
mod transaction;
mod uploads;

use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use onepool_proto::Limits;
use onepool_proto::id::SessionId;
use onepool_proto::service::{Broker, BrokerRequest, BrokerResponse};
use tarpc::server::{BaseChannel, Channel, Config};
use tarpc::{ClientMessage, Response};
use tokio_util::sync::CancellationToken;

use crate::pool::Pool;
use handles::Session;

/// Replies that may wait to be written.
const REPLIES: usize = 256;

/// What a session is given when it begins.
#[derive(Clone, Debug)]
pub(crate) struct SessionContext {
    pub(crate) id: SessionId,
    /// The plugin's name.
    pub(crate) plugin: Arc<str>,
    pub(crate) pool: Pool,
    pub(crate) limits: Limits,
    /// Ends the session when cancelled.
    pub(crate) stop: CancellationToken,
}

type Work = Pin<Box<dyn Future<Output = ()> + Send>>;

/// Serves one session over `transport` until the plugin goes away or `stop` is cancelled; when it
/// returns, everything the session had is on its way back.
pub(crate) async fn serve<T>(transport: T, context: SessionContext)
where
    T: tarpc::Transport<Response<BrokerResponse>, ClientMessage<BrokerRequest>> + Send + 'static,
    T::Error: std::error::Error + Send + Sync + 'static,
    T::TransportError: Send,
{
    let stop = context.stop.clone();
    let (id, plugin) = (context.id, Arc::clone(&context.plugin));
    let session = Session::new(context);
    // Also when this task panics: a session's objects must not outlive it.
    let _end = EndOnDrop(Arc::clone(&session));
    let config = Config {
        pending_response_buffer: REPLIES,
    };
    let mut requests = pin!(BaseChannel::new(config, transport).requests());
    let mut work = FuturesUnordered::<Work>::new();
    loop {
        tokio::select! {
            request = requests.next() => match request {
                Some(Ok(request)) => {
                    let serve = broker::Handler::new(&session).serve();
                    if let Some(rest) = begin(Box::pin(request.execute(serve))) {
                        work.push(rest);
                    }
                    work.extend(session.take_work());
                }
                Some(Err(error)) => {
                    tracing::debug!(session = %id, plugin = %plugin, "session broke: {error}");
                    break;
                }
                None => break,
            },
            Some(()) = work.next() => (),
            () = stop.cancelled() => break,
        }
    }
}

struct EndOnDrop(Arc<Session>);

impl Drop for EndOnDrop {
    fn drop(&mut self) {
        self.0.end();
    }
}

/// Runs a handler up to where it first waits. That is where it takes its place in the order of
/// calls, so it must happen before the next request is read.
fn begin(mut handler: Work) -> Option<Work> {
    let mut context = Context::from_waker(Waker::noop());
    match handler.as_mut().poll(&mut context) {
        Poll::Ready(()) => None,
        Poll::Pending => Some(handler),
    }
}
