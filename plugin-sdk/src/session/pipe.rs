//! tarpc's transport over the frames of a named pipe.

use std::pin::Pin;
use std::task::{Context, Poll, ready};

use futures_core::Stream;
use futures_util::{Sink, SinkExt, StreamExt};
use onepool_proto::codec::{CodecError, HostFrame, PluginCodec, PluginFrame};
use onepool_proto::memory::Goodbye;
use onepool_proto::service::{BrokerRequest, BrokerResponse};
use tarpc::{ClientMessage, Response};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_util::codec::Framed;

/// The plugin's end of a pipe, after the handshake.
#[derive(Debug)]
pub(super) struct Pipe<S> {
    frames: Framed<S, PluginCodec>,
    goodbye: Goodbye,
}

impl<S: AsyncRead + AsyncWrite> Pipe<S> {
    pub(super) fn new(pipe: S, frame_bytes: u32, goodbye: Goodbye) -> Self {
        Self {
            frames: Framed::new(pipe, PluginCodec::new(frame_bytes)),
            goodbye,
        }
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> Stream for Pipe<S> {
    type Item = Result<Response<BrokerResponse>, CodecError>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        Poll::Ready(match ready!(self.frames.poll_next_unpin(cx)) {
            Some(Ok(HostFrame::Answer { id, response })) => Some(Ok(Response {
                request_id: id,
                message: Ok(response),
            })),
            Some(Ok(HostFrame::Goodbye(failure))) => {
                // Of several the first is the reason. The end of the stream ends the session.
                let _ = self.goodbye.set(failure);
                None
            }
            Some(Err(error)) => Some(Err(error)),
            None => None,
        })
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> Sink<ClientMessage<BrokerRequest>> for Pipe<S> {
    type Error = CodecError;

    fn poll_ready(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<(), CodecError>> {
        self.frames.poll_ready_unpin(cx)
    }

    fn start_send(
        mut self: Pin<&mut Self>,
        message: ClientMessage<BrokerRequest>,
    ) -> Result<(), CodecError> {
        match PluginFrame::from_tarpc(message) {
            Some(frame) => self.frames.start_send_unpin(frame),
            None => Ok(()),
        }
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<(), CodecError>> {
        self.frames.poll_flush_unpin(cx)
    }

    fn poll_close(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<(), CodecError>> {
        self.frames.poll_close_unpin(cx)
    }
}
