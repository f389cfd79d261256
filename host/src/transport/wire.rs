//! What carries a session's messages.

use std::pin::Pin;

use futures_core::Stream;
use futures_util::Sink;
use onepool_proto::codec::CodecError;
use onepool_proto::service::{BrokerRequest, BrokerResponse};
use onepool_proto::{Code, Failure};
use tarpc::transport::channel::ChannelError;
use tarpc::{ClientMessage, Response, ServerError};

/// Why a wire failed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum WireError {
    #[error(transparent)]
    Codec(#[from] CodecError),
    #[error(transparent)]
    Channel(#[from] ChannelError),
    #[error("tarpc refused a call by itself")]
    Server(#[from] ServerError),
    #[error("the session ended with {0} calls under way")]
    Abandoned(usize),
}

impl WireError {
    /// Whether the wire still works, so that the plugin can be told.
    pub(crate) fn can_be_told(&self) -> bool {
        !matches!(self, Self::Codec(CodecError::Io(_)) | Self::Channel(_))
    }

    /// What to tell a plugin that sent what cannot be read, if it can still be told.
    pub(crate) fn last_words(&self) -> Option<Failure> {
        let code = match self {
            Self::Codec(CodecError::TooLarge { .. }) => Code::REQUEST_TOO_LARGE,
            _ => Code::MALFORMED,
        };
        self.can_be_told()
            .then(|| Failure::new(code, self.to_string()))
    }
}

/// Carries the messages of one session.
pub(crate) trait Wire:
    Stream<Item = Result<ClientMessage<BrokerRequest>, WireError>>
    + Sink<Response<BrokerResponse>, Error = WireError>
    + Unpin
    + Send
    + 'static
{
    /// Tells the plugin that the session ends, and why, if this wire has a way to say so. The
    /// sink must be ready.
    fn say_goodbye(self: Pin<&mut Self>, failure: Failure) -> Result<(), WireError>;
}
