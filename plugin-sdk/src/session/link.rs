//! What a session is made of once the host has let us in.

use std::io;

use interprocess::local_socket::tokio::Stream;
use onepool_proto::memory::Goodbye;

use super::channel::Channel;

/// A channel over a socket on which the handshake is done.
#[cfg(unix)]
pub(super) fn over(socket: Stream, frame_bytes: u32, goodbye: Goodbye) -> io::Result<Channel> {
    use std::os::fd::OwnedFd;

    // The only kind of local socket here.
    let Stream::UdSocket(socket) = socket;
    let socket = OwnedFd::try_from(socket).map_err(io::Error::other)?;
    let line = super::line::Line::open(socket.into(), frame_bytes, goodbye)?;
    Ok(Channel::Line(super::channel::OwnLine(line)))
}

/// A channel over a pipe on which the handshake is done.
#[cfg(not(unix))]
pub(super) fn over(pipe: Stream, frame_bytes: u32, goodbye: Goodbye) -> io::Result<Channel> {
    Ok(Channel::dispatched(super::pipe::Pipe::new(
        pipe,
        frame_bytes,
        goodbye,
    )))
}
