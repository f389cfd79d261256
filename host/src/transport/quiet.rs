//! A socket that is watched for what arrives.
//!
//! Watched for room as well, as is usual, it would wake this thread whenever the plugin has read
//! something: a turn for nothing after every answer.

use std::io::{self, ErrorKind, Write};
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use interprocess::local_socket::tokio::Stream;
use tokio::io::unix::AsyncFd;
use tokio::io::{AsyncRead, AsyncWrite, Interest, ReadBuf};

/// A socket that is watched for what arrives, and for room only while there is none.
#[derive(Debug)]
pub(crate) struct QuietSocket {
    arrivals: AsyncFd<UnixStream>,
    /// Watches for room to write, while there is none.
    room: Option<AsyncFd<UnixStream>>,
}

impl QuietSocket {
    /// The same socket, on the runtime that this runs on.
    pub(crate) fn new(socket: Stream) -> io::Result<Self> {
        // The only kind of local socket here.
        let Stream::UdSocket(socket) = socket;
        let socket = OwnedFd::try_from(socket).map_err(io::Error::other)?;
        Self::over(socket.into())
    }

    fn over(socket: UnixStream) -> io::Result<Self> {
        socket.set_nonblocking(true)?;
        Ok(Self {
            arrivals: watched_for(socket, Interest::READABLE)?,
            room: None,
        })
    }

    fn poll_room(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let room = match &mut self.room {
            Some(room) => room,
            none => {
                let socket = self.arrivals.get_ref().try_clone()?;
                none.insert(watched_for(socket, Interest::WRITABLE)?)
            }
        };
        let mut ready = ready!(room.poll_write_ready(cx))?;
        ready.clear_ready();
        Poll::Ready(Ok(()))
    }
}

#[expect(
    unsafe_code,
    reason = "tokio watches a socket for one thing only in this way"
)]
fn watched_for(socket: UnixStream, interest: Interest) -> io::Result<AsyncFd<UnixStream>> {
    // SAFETY: the descriptor is open and owned by the AsyncFd from here on; a UnixStream keeps its
    // descriptor for as long as it lives.
    Ok(unsafe { AsyncFd::register_with_interest(socket, interest) }?)
}

/// Reads once into what is left of `buffer`, which need not be written before.
#[expect(
    unsafe_code,
    reason = "zeroing what a read fills anyway costs as much as the read"
)]
fn fill(socket: &UnixStream, buffer: &mut ReadBuf<'_>) -> io::Result<usize> {
    // SAFETY: nothing is written there but by `read`, which takes no initialised byte back.
    let free = unsafe { buffer.unfilled_mut() };
    let (filled, _) = rustix::io::read(socket, free)?;
    let read = filled.len();
    // SAFETY: `read` has just returned these bytes as initialised.
    unsafe { buffer.assume_init(read) };
    buffer.advance(read);
    Ok(read)
}

impl AsyncRead for QuietSocket {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        loop {
            let mut arrived = ready!(self.arrivals.poll_read_ready(cx))?;
            let wanted = buffer.remaining();
            match fill(arrived.get_inner(), buffer) {
                Ok(read) => {
                    // A read that was not filled has emptied the socket. The end stays readable.
                    if 0 < read && read < wanted {
                        arrived.clear_ready();
                    }
                    return Poll::Ready(Ok(()));
                }
                Err(error) if error.kind() == ErrorKind::WouldBlock => arrived.clear_ready(),
                Err(error) if error.kind() == ErrorKind::Interrupted => (),
                Err(error) => return Poll::Ready(Err(error)),
            }
        }
    }
}

impl AsyncWrite for QuietSocket {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        loop {
            match self.arrivals.get_ref().write(bytes) {
                Ok(written) => {
                    self.room = None;
                    return Poll::Ready(Ok(written));
                }
                Err(error) if error.kind() == ErrorKind::WouldBlock => {
                    ready!(self.poll_room(cx))?;
                }
                Err(error) if error.kind() == ErrorKind::Interrupted => (),
                Err(error) => return Poll::Ready(Err(error)),
            }
        }
    }

    /// What is written is with the system already.
    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.arrivals.get_ref().shutdown(std::net::Shutdown::Write) {
            // The other end may have gone already.
            Err(error) if error.kind() == ErrorKind::NotConnected => Poll::Ready(Ok(())),
            shut => Poll::Ready(shut),
        }
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    use super::*;

    /// More than a socket holds.
    const MANY: usize = 4 * 1024 * 1024;

    fn pair() -> (QuietSocket, tokio::net::UnixStream) {
        let (near, far) = UnixStream::pair().unwrap();
        far.set_nonblocking(true).unwrap();
        let far = tokio::net::UnixStream::from_std(far).unwrap();
        (QuietSocket::over(near).unwrap(), far)
    }

    fn pattern(bytes: usize) -> Vec<u8> {
        (0..bytes).map(|index| (index % 251) as u8).collect()
    }

    #[tokio::test]
    async fn what_does_not_fit_is_written_when_there_is_room_again() {
        let (mut near, mut far) = pair();
        let sent = pattern(MANY);
        for _ in 0..2 {
            let writing = async {
                near.write_all(&sent).await.unwrap();
                assert!(
                    near.room.is_none(),
                    "it is watched for room no longer than needed"
                );
            };
            let mut received = vec![0; MANY];
            let (_, read) = tokio::join!(writing, far.read_exact(&mut received));
            read.unwrap();
            assert!(received == sent);
        }
    }

    #[tokio::test]
    async fn what_arrives_in_pieces_is_read_to_the_end() {
        let (mut near, mut far) = pair();
        let sent = pattern(MANY);
        let writing = async {
            for piece in sent.chunks(70_001) {
                far.write_all(piece).await.unwrap();
                tokio::task::yield_now().await;
            }
            drop(far);
        };
        let mut received = Vec::new();
        let ((), read) = tokio::join!(writing, near.read_to_end(&mut received));
        assert_eq!(read.unwrap(), MANY);
        assert!(received == sent);
        // The end stays the end.
        assert_eq!(near.read(&mut [0; 8]).await.unwrap(), 0);
    }

    #[tokio::test]
    async fn a_reader_that_has_gone_is_an_error() {
        let (mut near, far) = pair();
        drop(far);
        let written = near.write_all(&pattern(MANY)).await;
        assert_eq!(written.unwrap_err().kind(), ErrorKind::BrokenPipe);
    }

    #[tokio::test]
    async fn a_writer_that_waits_for_room_learns_that_nobody_reads() {
        let (mut near, far) = pair();
        let sent = pattern(MANY);
        let gone = async {
            tokio::task::yield_now().await;
            drop(far);
        };
        let (written, ()) = tokio::join!(near.write_all(&sent), gone);
        assert!(written.is_err());
    }
}
