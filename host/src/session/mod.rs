//! One plugin's calls.

use std::sync::Arc;

use onepool_proto::Limits;
use onepool_proto::id::SessionId;
use onepool_proto::service::{BrokerRequest, BrokerResponse};
use tarpc::{ClientMessage, Response};
use tokio_util::sync::CancellationToken;

use crate::pool::Pool;

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

/// Serves one session over `transport` until the plugin goes away or `stop` is cancelled; when it
/// returns, everything the session had is on its way back.
pub(crate) async fn serve<T>(_transport: T, _context: SessionContext)
where
    T: tarpc::Transport<Response<BrokerResponse>, ClientMessage<BrokerRequest>> + Send + 'static,
    T::Error: std::error::Error + Send + Sync + 'static,
    T::TransportError: Send,
{
}
