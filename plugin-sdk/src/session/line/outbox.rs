//! Frames on their way out.

use std::io::{self, ErrorKind, Write};
use std::os::unix::net::UnixStream;

use bytes::{Buf, BytesMut};
use onepool_proto::codec::{CodecError, PluginCodec, PluginFrame};
use tokio_util::codec::Encoder;

/// Memory that an empty outbox keeps.
const KEPT_BYTES: usize = 64 * 1024;

/// Frames that have not been written yet.
#[derive(Debug)]
pub(super) struct Outbox {
    codec: PluginCodec,
    frames: BytesMut,
    /// The socket took no more; it says when it does.
    stuck: bool,
}

/// What is left in the outbox after a write.
#[derive(Debug)]
pub(super) enum Unsent {
    Nothing,
    /// As much as the socket did not take.
    Something,
    /// It does not matter: the socket is broken.
    Broken(io::Error),
}

impl Outbox {
    pub(super) fn new(frame_bytes: u32) -> Self {
        Self {
            codec: PluginCodec::new(frame_bytes),
            frames: BytesMut::new(),
            stuck: false,
        }
    }

    pub(super) fn put(&mut self, frame: PluginFrame) -> Result<(), CodecError> {
        self.codec.encode(frame, &mut self.frames)
    }

    /// The socket may take more.
    pub(super) fn unstick(&mut self) {
        self.stuck = false;
    }

    /// Writes as much as the socket takes.
    pub(super) fn write(&mut self, mut socket: &UnixStream) -> Unsent {
        while !self.stuck && !self.frames.is_empty() {
            match socket.write(&self.frames) {
                Ok(written) => self.frames.advance(written),
                Err(error) if error.kind() == ErrorKind::WouldBlock => self.stuck = true,
                Err(error) if error.kind() == ErrorKind::Interrupted => (),
                Err(error) => return Unsent::Broken(error),
            }
        }
        if self.stuck {
            return Unsent::Something;
        }
        if self.frames.capacity() > KEPT_BYTES {
            self.frames = BytesMut::new();
        }
        Unsent::Nothing
    }
}
