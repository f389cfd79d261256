//! Messages in memory, for clients in the host's own process.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use futures_core::Stream;
use futures_util::{Sink, SinkExt, StreamExt};
use onepool_proto::Failure;
use onepool_proto::memory::{Goodbye, MemoryChannel};
use onepool_proto::service::{BrokerRequest, BrokerResponse};
use tarpc::transport::channel::{UnboundedChannel, unbounded};
use tarpc::{ClientMessage, Response};

use super::wire::{Wire, WireError};

/// The host's end of a channel in memory.
#[derive(Debug)]
pub(crate) struct MemoryWire {
    channel: UnboundedChannel<ClientMessage<BrokerRequest>, Response<BrokerResponse>>,
    goodbye: Goodbye,
}

impl MemoryWire {
    /// Both ends of a new channel.
    pub(crate) fn pair() -> (Self, MemoryChannel, Goodbye) {
        let (plugin, channel) = unbounded();
        let goodbye = Goodbye::default();
        let wire = Self {
            channel,
            goodbye: Arc::clone(&goodbye),
        };
        (wire, plugin, goodbye)
    }
}

impl Stream for MemoryWire {
    type Item = Result<ClientMessage<BrokerRequest>, WireError>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let message = self.channel.poll_next_unpin(cx);
        message.map(|message| message.map(|message| message.map_err(WireError::from)))
    }
}

impl Sink<Response<BrokerResponse>> for MemoryWire {
    type Error = WireError;

    fn poll_ready(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<(), WireError>> {
        self.channel.poll_ready_unpin(cx).map_err(WireError::from)
    }

    fn start_send(
        mut self: Pin<&mut Self>,
        response: Response<BrokerResponse>,
    ) -> Result<(), WireError> {
        Ok(self.channel.start_send_unpin(response)?)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<(), WireError>> {
        self.channel.poll_flush_unpin(cx).map_err(WireError::from)
    }

    fn poll_close(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<(), WireError>> {
        self.channel.poll_close_unpin(cx).map_err(WireError::from)
    }
}

impl Wire for MemoryWire {
    /// There is no frame for it: it is left where the plugin's end looks when the channel closes.
    fn say_goodbye(self: Pin<&mut Self>, failure: Failure) -> Result<(), WireError> {
        // Of several the first is the reason.
        let _ = self.goodbye.set(failure);
        Ok(())
    }
}
