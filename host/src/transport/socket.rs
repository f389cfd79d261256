//! Messages over a socket.

use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Instant;

use futures_core::Stream;
use futures_util::{Sink, SinkExt, StreamExt};
use onepool_proto::Failure;
use onepool_proto::codec::{HostCodec, HostFrame};
use onepool_proto::service::{BrokerRequest, BrokerResponse};
use tarpc::{ClientMessage, Response};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_util::codec::Framed;

use super::wire::{Wire, WireError};

/// Replies gather up to this many bytes before a write is forced: two pages.
const COALESCE_BYTES: usize = 128 * 1024;

/// The host's end of a socket, after the handshake.
#[derive(Debug)]
pub(crate) struct SocketWire<S> {
    framed: Framed<S, HostCodec>,
}

impl<S: AsyncRead + AsyncWrite> SocketWire<S> {
    /// Frames of up to `frame_bytes` over `stream`.
    pub(crate) fn new(stream: S, frame_bytes: u32) -> Self {
        let mut framed = Framed::new(stream, HostCodec::new(frame_bytes));
        framed.set_backpressure_boundary(COALESCE_BYTES);
        Self { framed }
    }
}

impl<S: AsyncRead + Unpin> Stream for SocketWire<S> {
    type Item = Result<ClientMessage<BrokerRequest>, WireError>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.framed.poll_next_unpin(cx).map(|frame| {
            frame.map(|frame| match frame {
                Ok(frame) => Ok(frame.into_tarpc(Instant::now())),
                Err(error) => Err(error.into()),
            })
        })
    }
}

impl<S: AsyncWrite + Unpin> Sink<Response<BrokerResponse>> for SocketWire<S> {
    type Error = WireError;

    fn poll_ready(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<(), WireError>> {
        self.framed.poll_ready_unpin(cx).map_err(WireError::from)
    }

    fn start_send(
        mut self: Pin<&mut Self>,
        response: Response<BrokerResponse>,
    ) -> Result<(), WireError> {
        let frame = HostFrame::from_tarpc(response)?;
        Ok(self.framed.start_send_unpin(frame)?)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<(), WireError>> {
        self.framed.poll_flush_unpin(cx).map_err(WireError::from)
    }

    fn poll_close(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<(), WireError>> {
        self.framed.poll_close_unpin(cx).map_err(WireError::from)
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin + Send + 'static> Wire for SocketWire<S> {
    fn say_goodbye(mut self: Pin<&mut Self>, failure: Failure) -> Result<(), WireError> {
        Ok(self.framed.start_send_unpin(HostFrame::Goodbye(failure))?)
    }
}
