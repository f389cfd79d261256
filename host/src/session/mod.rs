//! One plugin's calls.
//!
//! A session is one task: it reads requests, takes each in the order it came, and drives the work
//! of the plugin's Connections. Nothing here awaits a database: [leases](crate::pool::Lease) lend
//! a backend's owner, and dropping everything a session holds is how a dead plugin is cleaned up.

mod broker;
mod connection;
mod dispatch;
mod effects;
mod handles;
mod operation;
mod placing;
mod row_sets;
mod shutdown;
mod statement;
mod trace;
mod trail;
mod transaction;
mod uploads;
mod weight;

use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use futures_core::Stream;
use futures_util::Sink;
use onepool_proto::Limits;
use onepool_proto::id::SessionId;
use onepool_proto::service::{BrokerRequest, BrokerResponse};
use tarpc::{ClientMessage, Response};
use tokio_util::sync::CancellationToken;

use crate::pool::{Holder, PluginQuota, Pool};
use crate::telemetry::PluginTally;
use dispatch::Dispatch;
use handles::Session;
pub(crate) use shutdown::ShutdownAsk;

/// What a session is given when it begins.
#[derive(Clone, Debug)]
pub(crate) struct SessionContext {
    pub(crate) id: SessionId,
    /// As whom it holds backends and waits for them.
    pub(crate) holder: Holder,
    /// The plugin's name.
    pub(crate) plugin: Arc<str>,
    pub(crate) pool: Pool,
    /// What the plugin may have, as it is now.
    pub(crate) quota: PluginQuota,
    /// Where it is counted what the plugin does.
    pub(crate) tally: Arc<PluginTally>,
    /// The plugin only reads, whatever it asks for.
    pub(crate) read_only: bool,
    pub(crate) limits: Limits,
    /// Whether the plugin is asked to end.
    pub(crate) shutdown: ShutdownAsk,
    /// How long a page may wait for the plugin to ask for it.
    pub(crate) reader_timeout: Duration,
    /// Ends the session when cancelled.
    pub(crate) stop: CancellationToken,
}

type Work = Pin<Box<dyn Future<Output = ()> + Send>>;

/// Serves one session over `wire` until the plugin goes away or `stop` is cancelled; when it
/// returns, everything the session had is on its way back.
pub(crate) async fn serve<T, E>(wire: T, context: SessionContext)
where
    T: Stream<Item = Result<ClientMessage<BrokerRequest>, E>>
        + Sink<Response<BrokerResponse>, Error = E>
        + Unpin,
    E: std::error::Error,
{
    let stop = context.stop.clone();
    let (id, plugin) = (context.id, Arc::clone(&context.plugin));
    let session = Session::new(context);
    // Also when this task panics: a session's objects must not outlive it.
    let _end = EndOnDrop(Arc::clone(&session));
    let dispatch = Dispatch::new(session, wire);
    if let Err(error) = dispatch.run(stop).await {
        tracing::debug!(session = %id, plugin = %plugin, "session broke: {error}");
    }
}

struct EndOnDrop(Arc<Session>);

impl Drop for EndOnDrop {
    fn drop(&mut self) {
        self.0.end();
    }
}

#[cfg(test)]
#[cfg(unix)]
mod tests;
