//! Frames on their way in.

use std::io::{self, ErrorKind, Read};
use std::os::unix::net::UnixStream;

use bytes::BytesMut;
use onepool_proto::codec::{CodecError, HostFrame, PluginCodec};
use tokio_util::codec::Decoder;

/// What one read takes from the socket: a page and what is around it.
const CHUNK_BYTES: usize = 72 * 1024;

/// Bytes that have arrived and are not a whole frame yet.
#[derive(Debug)]
pub(super) struct Inbox {
    codec: PluginCodec,
    frames: BytesMut,
    chunk: Box<[u8]>,
}

/// What a read found.
#[derive(Debug)]
pub(super) enum Received {
    Nothing,
    /// Something, and perhaps more behind it.
    Something {
        more: bool,
    },
    /// The host has closed its end.
    End,
}

impl Inbox {
    pub(super) fn new(frame_bytes: u32) -> Self {
        Self {
            codec: PluginCodec::new(frame_bytes),
            frames: BytesMut::new(),
            chunk: vec![0; CHUNK_BYTES].into_boxed_slice(),
        }
    }

    /// Reads once from the socket.
    pub(super) fn read(&mut self, mut socket: &UnixStream) -> io::Result<Received> {
        loop {
            return match socket.read(&mut self.chunk) {
                Ok(0) => Ok(Received::End),
                Ok(read) => {
                    let arrived = self.chunk.get(..read).unwrap_or_default();
                    self.frames.extend_from_slice(arrived);
                    // A read that was not filled has emptied the socket.
                    let more = read == self.chunk.len();
                    Ok(Received::Something { more })
                }
                Err(error) if error.kind() == ErrorKind::WouldBlock => Ok(Received::Nothing),
                Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                Err(error) => Err(error),
            };
        }
    }

    /// The next whole frame.
    pub(super) fn next(&mut self) -> Option<Result<HostFrame, CodecError>> {
        self.codec.decode(&mut self.frames).transpose()
    }
}
