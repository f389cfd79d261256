//! How calls reach the host and answers come back.

#[cfg(unix)]
use std::sync::Arc;

use onepool_proto::codec::CodecError;
use onepool_proto::service::{BrokerRequest, BrokerResponse};
use onepool_proto::{Code, Failure, limits};
use tarpc::client::{Config, RpcError};
use tarpc::{ClientMessage, Response, Transport};
use tokio_util::sync::CancellationToken;

#[cfg(unix)]
use super::line::{Line, LineError};
use crate::deadline::Deadline;

/// Calls that may wait to be written. A caller beyond that waits for a place.
const WRITE_QUEUE: usize = 1024;

/// How calls reach the host and answers come back.
#[derive(Debug)]
pub(super) enum Channel {
    /// Through tarpc's own client: in memory, and over named pipes.
    Dispatched(Dispatched),
    /// Over a Unix socket.
    #[cfg(unix)]
    Line(OwnLine),
}

/// Why a call has no answer.
#[derive(Debug)]
pub(super) enum Unanswered {
    /// For a reason of this call alone.
    Refused(Failure),
    /// The session has ended.
    Lost,
}

impl Channel {
    /// A channel over `transport`. Must run on the thread of all sessions.
    pub(super) fn dispatched<T>(transport: T) -> Self
    where
        T: Transport<ClientMessage<BrokerRequest>, Response<BrokerResponse>> + Send + 'static,
        T::Error: Send + Sync,
    {
        Self::Dispatched(Dispatched::start(transport))
    }

    pub(super) async fn call(
        &self,
        deadline: Deadline,
        request: BrokerRequest,
    ) -> Result<BrokerResponse, Unanswered> {
        match self {
            Self::Dispatched(channel) => channel.call(deadline, request).await,
            #[cfg(unix)]
            Self::Line(line) => match line.0.call(deadline, request).await {
                Ok(response) => Ok(response),
                Err(LineError::Unsendable(error)) => Err(unsendable(&error)),
                Err(LineError::Late) => Err(late()),
                Err(LineError::Lost) => Err(Unanswered::Lost),
            },
        }
    }

    /// Cancelled when the session has ended.
    pub(super) fn over(&self) -> &CancellationToken {
        match self {
            Self::Dispatched(channel) => &channel.over,
            #[cfg(unix)]
            Self::Line(line) => line.0.over(),
        }
    }
}

/// A line that is hung up when its session is dropped.
#[cfg(unix)]
#[derive(Debug)]
pub(super) struct OwnLine(pub(super) Arc<Line>);

#[cfg(unix)]
impl Drop for OwnLine {
    fn drop(&mut self) {
        self.0.hang_up();
    }
}

/// tarpc's client, whose dispatch runs on the thread of all sessions.
#[derive(Debug)]
pub(super) struct Dispatched {
    channel: tarpc::client::Channel<BrokerRequest, BrokerResponse>,
    /// What every call starts from; making one anew costs as much as the rest of a call.
    context: tarpc::context::Context,
    over: CancellationToken,
}

impl Dispatched {
    fn start<T>(transport: T) -> Self
    where
        T: Transport<ClientMessage<BrokerRequest>, Response<BrokerResponse>> + Send + 'static,
        T::Error: Send + Sync,
    {
        let mut config = Config::default();
        config.max_in_flight_requests = limits::CALLS as usize;
        config.pending_request_buffer = WRITE_QUEUE;
        let started = tarpc::client::new(config, transport);
        let over = CancellationToken::new();
        let ended = over.clone();
        tokio::spawn(async move {
            let result = started.dispatch.await;
            ended.cancel();
            match result {
                Ok(()) => tracing::debug!("the session with the onepool host has ended"),
                Err(error) => tracing::warn!(%error, "the session with the onepool host broke"),
            }
        });
        Self {
            channel: started.client,
            context: tarpc::context::current(),
            over,
        }
    }

    async fn call(
        &self,
        deadline: Deadline,
        request: BrokerRequest,
    ) -> Result<BrokerResponse, Unanswered> {
        let mut context = self.context;
        context.deadline = deadline.for_tarpc();
        let answer = self.channel.call(context, request).await;
        answer.map_err(|error| self.explain(error))
    }

    fn explain(&self, error: RpcError) -> Unanswered {
        match error {
            RpcError::Shutdown | RpcError::Channel(_) => {}
            RpcError::Send(error) => {
                if let Some(error @ (CodecError::TooLarge { .. } | CodecError::Encode)) =
                    error.downcast_ref()
                {
                    return unsendable(error);
                }
            }
            RpcError::DeadlineExceeded => return late(),
            RpcError::Server(error) => {
                return Unanswered::Refused(Failure::new(Code::INTERNAL, error.detail));
            }
        }
        // The dispatch task may not have come to it yet, and the next Connection looks here.
        self.over.cancel();
        Unanswered::Lost
    }
}

fn unsendable(error: &CodecError) -> Unanswered {
    let code = match error {
        CodecError::TooLarge { .. } => Code::REQUEST_TOO_LARGE,
        _ => Code::ENCODE,
    };
    Unanswered::Refused(Failure::new(code, error.to_string()))
}

fn late() -> Unanswered {
    let message = "the deadline passed, and the host has not said why";
    Unanswered::Refused(Failure::new(Code::DEADLINE_EXCEEDED, message))
}
