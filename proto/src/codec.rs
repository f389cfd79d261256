//! Frames: what tarpc's messages look like on a socket.
//!
//! ```text
//! frame = length (u32 little-endian)  body (postcard)
//! ```
//! The bodies are [`PluginFrame`] and [`HostFrame`], not tarpc's own types: deadlines cross in our
//! messages, ids stay small, and a peer's durations never reach a clock unchecked.

use std::io;
use std::marker::PhantomData;
use std::time::{Duration, Instant};

use bytes::{Buf, BufMut, BytesMut};
use postcard::ser_flavors::Flavor;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use tarpc::{ClientMessage, Request, Response, ServerError};
use tokio_util::codec::{Decoder, Encoder};

use crate::error::Failure;
use crate::limits;
use crate::service::{BrokerRequest, BrokerResponse};

const LENGTH_BYTES: usize = 4;

/// What a plugin sends.
#[derive(Debug, Serialize, Deserialize)]
#[expect(
    clippy::large_enum_variant,
    reason = "nearly all are calls, and none is kept"
)]
pub enum PluginFrame {
    /// A call.
    Call {
        /// Counts the session's calls.
        id: u64,
        /// In which trace, if the plugin records one.
        trace: Option<Trace>,
        /// The call itself.
        request: BrokerRequest,
    },
    /// The caller no longer waits for this call.
    Cancel {
        /// The call.
        id: u64,
    },
}

/// The trace that a call belongs to, as in W3C trace context.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Trace {
    /// The trace.
    pub trace_id: [u8; 16],
    /// The span that made the call.
    pub span_id: [u8; 8],
}

impl Trace {
    /// The trace that tarpc's context tells of, if it tells of any.
    #[must_use]
    pub fn of(context: &tarpc::context::Context) -> Option<Self> {
        let context = &context.trace_context;
        if context.trace_id.is_none() || context.span_id.is_none() {
            return None;
        }
        Some(Self {
            trace_id: u128::from(context.trace_id).to_be_bytes(),
            span_id: u64::from(context.span_id).to_be_bytes(),
        })
    }

    /// The trace's id, in 32 lowercase digits.
    #[must_use]
    pub fn trace_text(&self) -> String {
        format!("{:032x}", u128::from_be_bytes(self.trace_id))
    }

    /// The span's id, in 16 lowercase digits.
    #[must_use]
    pub fn span_text(&self) -> String {
        format!("{:016x}", u64::from_be_bytes(self.span_id))
    }
}

/// What a host sends.
#[derive(Debug, Serialize, Deserialize)]
pub enum HostFrame {
    /// The answer to a call.
    Answer {
        /// The call.
        id: u64,
        /// The answer.
        response: BrokerResponse,
    },
    /// The session ends after this frame, and why.
    Goodbye(Failure),
}

/// Why a frame could not be read or written.
#[derive(Debug, thiserror::Error)]
pub enum CodecError {
    /// The socket failed.
    #[error(transparent)]
    Io(#[from] io::Error),
    /// The frame is larger than agreed.
    #[error("a frame of {length} bytes exceeds the limit of {limit}")]
    TooLarge {
        /// Its length in bytes.
        length: usize,
        /// The limit in bytes.
        limit: usize,
    },
    /// The body is not a message.
    #[error("a frame of {0} bytes could not be decoded")]
    Malformed(usize),
    /// A message could not be written.
    #[error("a message could not be encoded")]
    Encode,
}

/// Turns frames of one direction into bytes and those of the other into messages.
#[derive(Debug)]
pub struct FrameCodec<In, Out> {
    limit: usize,
    direction: PhantomData<fn(Out) -> In>,
}

/// The host's end: reads what plugins send.
pub type HostCodec = FrameCodec<PluginFrame, HostFrame>;
/// The plugin's end: reads what a host sends.
pub type PluginCodec = FrameCodec<HostFrame, PluginFrame>;

impl<In, Out> FrameCodec<In, Out> {
    /// A codec that takes frames of up to `limit` bytes.
    #[must_use]
    pub fn new(limit: u32) -> Self {
        Self {
            limit: limit as usize,
            direction: PhantomData,
        }
    }
}

impl<In: DeserializeOwned, Out> Decoder for FrameCodec<In, Out> {
    type Item = In;
    type Error = CodecError;

    fn decode(&mut self, source: &mut BytesMut) -> Result<Option<In>, CodecError> {
        let Some(mut header) = source.get(..LENGTH_BYTES) else {
            return Ok(None);
        };
        let length = header.get_u32_le() as usize;
        if length > self.limit {
            return Err(CodecError::TooLarge {
                length,
                limit: self.limit,
            });
        }
        let Some(body) = source.get(LENGTH_BYTES..LENGTH_BYTES + length) else {
            source.reserve(LENGTH_BYTES + length - source.len());
            return Ok(None);
        };
        let message = postcard::from_bytes(body).map_err(|_| CodecError::Malformed(length))?;
        source.advance(LENGTH_BYTES + length);
        Ok(Some(message))
    }
}

impl<In, Out: Serialize> Encoder<Out> for FrameCodec<In, Out> {
    type Error = CodecError;

    fn encode(&mut self, message: Out, target: &mut BytesMut) -> Result<(), CodecError> {
        let start = target.len();
        target.put_u32_le(0);
        let written = postcard::serialize_with_flavor(&message, Append(target));
        let length = target.len() - start - LENGTH_BYTES;
        if written.is_err() || length > self.limit {
            target.truncate(start);
            return Err(match written {
                Err(_) => CodecError::Encode,
                Ok(()) => CodecError::TooLarge {
                    length,
                    limit: self.limit,
                },
            });
        }
        let word = u32::try_from(length).unwrap_or(u32::MAX).to_le_bytes();
        if let Some(header) = target.get_mut(start..start + LENGTH_BYTES) {
            header.copy_from_slice(&word);
        }
        Ok(())
    }
}

/// Lets postcard write straight into the socket's buffer.
struct Append<'a>(&'a mut BytesMut);

impl Flavor for Append<'_> {
    type Output = ();

    fn try_push(&mut self, byte: u8) -> postcard::Result<()> {
        self.0.put_u8(byte);
        Ok(())
    }

    fn try_extend(&mut self, bytes: &[u8]) -> postcard::Result<()> {
        self.0.extend_from_slice(bytes);
        Ok(())
    }

    fn finalize(self) -> postcard::Result<()> {
        Ok(())
    }
}

impl PluginFrame {
    /// The frame for a message of tarpc's client, or `None` for one that this protocol lacks.
    #[must_use]
    pub fn from_tarpc(message: ClientMessage<BrokerRequest>) -> Option<Self> {
        match message {
            ClientMessage::Request(Request {
                id,
                message,
                context,
            }) => Some(Self::Call {
                id,
                trace: Trace::of(&context),
                request: message,
            }),
            ClientMessage::Cancel { request_id, .. } => Some(Self::Cancel { id: request_id }),
            _ => None,
        }
    }

    /// The message for tarpc's server, arriving `now`.
    ///
    /// tarpc's own deadline is set far off: ours are in the messages and answer with a reason.
    #[must_use]
    pub fn into_tarpc(self, now: Instant) -> ClientMessage<BrokerRequest> {
        let mut context = tarpc::context::current();
        match self {
            Self::Call { id, trace, request } => {
                let trace = trace.unwrap_or_default();
                context.trace_context = tarpc::trace::Context {
                    trace_id: u128::from_be_bytes(trace.trace_id).into(),
                    span_id: u64::from_be_bytes(trace.span_id).into(),
                    ..Default::default()
                };
                context.deadline = now + Duration::from_millis(limits::DEADLINE_MS);
                ClientMessage::Request(Request {
                    context,
                    id,
                    message: request,
                })
            }
            Self::Cancel { id } => ClientMessage::Cancel {
                trace_context: context.trace_context,
                request_id: id,
            },
        }
    }
}

impl HostFrame {
    /// The frame for a response of tarpc's server.
    ///
    /// # Errors
    /// tarpc's own refusal, which has no place on the wire.
    pub fn from_tarpc(response: Response<BrokerResponse>) -> Result<Self, ServerError> {
        let Response {
            request_id,
            message,
        } = response;
        message.map(|response| Self::Answer {
            id: request_id,
            response,
        })
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::*;

    fn call(bytes: usize) -> PluginFrame {
        let payload = Bytes::from(vec![7; bytes]);
        PluginFrame::Call {
            id: 3,
            trace: None,
            request: BrokerRequest::Echo { payload },
        }
    }

    #[test]
    fn frames_arrive_whole_however_they_are_cut() {
        let mut wire = BytesMut::new();
        PluginCodec::new(1000).encode(call(200), &mut wire).unwrap();
        let mut source = BytesMut::new();
        let mut host = HostCodec::new(1000);
        let last = wire.len() - 1;
        for byte in &wire[..last] {
            source.put_u8(*byte);
            assert!(host.decode(&mut source).unwrap().is_none());
        }
        source.put_u8(wire[last]);
        let frame = host.decode(&mut source).unwrap().unwrap();
        assert!(matches!(frame, PluginFrame::Call { id: 3, .. }));
        assert!(source.is_empty());
    }

    #[test]
    fn a_frame_over_the_limit_is_refused_on_both_sides_and_leaves_nothing() {
        let mut wire = BytesMut::new();
        let error = PluginCodec::new(100)
            .encode(call(200), &mut wire)
            .unwrap_err();
        assert!(matches!(error, CodecError::TooLarge { limit: 100, .. }));
        assert!(wire.is_empty());
        PluginCodec::new(1000).encode(call(200), &mut wire).unwrap();
        let error = HostCodec::new(100).decode(&mut wire).unwrap_err();
        assert!(matches!(error, CodecError::TooLarge { limit: 100, .. }));
    }

    #[test]
    fn a_trace_is_carried_to_tarpc_and_back() {
        let trace = Trace {
            trace_id: [7; 16],
            span_id: [9; 8],
        };
        for trace in [Some(trace), None] {
            let PluginFrame::Call { id, request, .. } = call(1) else {
                unreachable!()
            };
            let message = PluginFrame::Call { id, trace, request }.into_tarpc(Instant::now());
            let Some(PluginFrame::Call { trace: carried, .. }) = PluginFrame::from_tarpc(message)
            else {
                unreachable!()
            };
            assert_eq!(carried, trace);
        }
    }

    #[test]
    fn garbage_in_a_frame_is_malformed() {
        let mut wire = BytesMut::from(&[3, 0, 0, 0, 0xff, 0xff, 0xff][..]);
        let error = HostCodec::new(100).decode(&mut wire).unwrap_err();
        assert!(matches!(error, CodecError::Malformed(3)));
    }
}
