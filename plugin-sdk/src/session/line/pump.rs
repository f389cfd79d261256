//! What reads a line, and writes what its callers left in the outbox.

use std::io;
use std::os::unix::net::UnixStream;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};

use futures_util::task::AtomicWaker;
use tokio::io::Interest;
use tokio::io::unix::AsyncFd;
use tokio::runtime::{Handle, Id};

use super::{Line, lock};
use crate::session::thread;

/// The pumps of a line, one for each runtime that has called.
#[derive(Debug, Default)]
pub(super) struct Pumps(Mutex<Vec<(Place, Arc<Bell>)>>);

/// Where a pump runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    Runtime(Id),
    /// The thread of all sessions, while no runtime has a pump.
    Thread,
}

/// Wakes a pump.
#[derive(Debug, Default)]
pub(super) struct Bell {
    /// Another pump has taken over.
    retired: AtomicBool,
    waker: AtomicWaker,
}

impl Bell {
    /// Has the pump write what is in the outbox.
    pub(super) fn wake(&self) {
        self.waker.wake();
    }

    fn retire(&self) {
        self.retired.store(true, Ordering::Release);
        self.wake();
    }
}

impl Pumps {
    pub(super) fn wake_all(&self) {
        for (_, bell) in lock(&self.0).iter() {
            bell.wake();
        }
    }
}

impl Line {
    /// The pump on the runtime that this runs on; none outside of runtimes, and on the thread.
    pub(super) fn pump_here(self: &Arc<Self>) -> Option<Arc<Bell>> {
        let handle = Handle::try_current().ok()?;
        if thread::is_this() {
            return None;
        }
        let place = Place::Runtime(handle.id());
        let mut pumps = lock(&self.pumps.0);
        if let Some((_, bell)) = pumps.iter().find(|(other, _)| *other == place) {
            return Some(Arc::clone(bell));
        }
        let pump = self.pump().ok()?;
        let bell = Arc::clone(&pump.bell);
        // That of the thread is not needed any more, and two would wake up for each answer.
        pumps.retain(|(other, bell)| {
            let stays = *other != Place::Thread;
            if !stays {
                bell.retire();
            }
            stays
        });
        pumps.push((place, Arc::clone(&bell)));
        drop(pumps);
        handle.spawn(pump);
        Some(bell)
    }

    /// Sees to it that there is a pump at all.
    pub(super) fn pump_somewhere(self: &Arc<Self>) {
        let line = Arc::clone(self);
        // Without a thread there is no session.
        let _ = thread::spawn(async move {
            let mut pumps = lock(&line.pumps.0);
            if !pumps.is_empty() || line.is_over() {
                return;
            }
            match line.pump() {
                Ok(pump) => {
                    pumps.push((Place::Thread, Arc::clone(&pump.bell)));
                    drop(pumps);
                    tokio::spawn(pump);
                }
                Err(error) => {
                    drop(pumps);
                    line.end(Some(&error));
                }
            }
        });
    }

    /// A pump for the runtime that this runs on.
    fn pump(self: &Arc<Self>) -> io::Result<Pump> {
        Ok(Pump {
            arrivals: self.watched_for(Interest::READABLE)?,
            line: Arc::clone(self),
            room: None,
            bell: Arc::default(),
        })
    }

    /// A second handle to the socket, which the runtime that this runs on watches for one thing.
    #[expect(
        unsafe_code,
        reason = "tokio watches a socket for one thing only in this way"
    )]
    pub(super) fn watched_for(&self, interest: Interest) -> io::Result<AsyncFd<UnixStream>> {
        let socket = self.socket.try_clone()?;
        // SAFETY: the handle is new, open, and owned by the AsyncFd from here on; a UnixStream
        // keeps its descriptor for as long as it lives.
        Ok(unsafe { AsyncFd::register_with_interest(socket, interest) }?)
    }
}

/// Reads a line for as long as its runtime lives.
#[derive(Debug)]
struct Pump {
    line: Arc<Line>,
    arrivals: AsyncFd<UnixStream>,
    /// Watches for room to write, while there is none: watched all the time, the socket would
    /// wake this runtime whenever the host has read something.
    room: Option<AsyncFd<UnixStream>>,
    bell: Arc<Bell>,
}

impl Pump {
    /// Writes what the outbox holds, now or when the socket has room.
    fn poll_flush(&mut self, cx: &mut Context<'_>) -> io::Result<()> {
        while !self.line.flush() {
            let room = match &mut self.room {
                Some(room) => room,
                none => none.insert(self.line.watched_for(Interest::WRITABLE)?),
            };
            let Poll::Ready(room) = room.poll_write_ready(cx) else {
                return Ok(());
            };
            let mut room = room?;
            lock(&self.line.outbox).unstick();
            if !self.line.flush() {
                room.clear_ready();
            }
        }
        self.room = None;
        Ok(())
    }

    fn poll_read(&mut self, cx: &mut Context<'_>) -> io::Result<()> {
        while let Poll::Ready(arrived) = self.arrivals.poll_read_ready(cx) {
            let mut arrived = arrived?;
            if !self.line.read() {
                arrived.clear_ready();
            }
            if self.line.is_over() {
                break;
            }
        }
        Ok(())
    }
}

impl Future for Pump {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        self.bell.waker.register(cx.waker());
        let over = |pump: &Self| pump.bell.retired.load(Ordering::Acquire) || pump.line.is_over();
        if over(&self) {
            return Poll::Ready(());
        }
        let polled = self.poll_flush(cx).and_then(|()| self.poll_read(cx));
        // The runtime is shutting down: another one's pump takes over.
        if polled.is_err() || over(&self) {
            return Poll::Ready(());
        }
        Poll::Pending
    }
}

impl Drop for Pump {
    /// The runtime ends, or the session does, or another pump has taken over.
    fn drop(&mut self) {
        let mut pumps = lock(&self.line.pumps.0);
        pumps.retain(|(_, bell)| !Arc::ptr_eq(bell, &self.bell));
        let last = pumps.is_empty();
        drop(pumps);
        if last && !self.line.is_over() {
            self.line.pump_somewhere();
        }
        // Others may have counted on this one to write.
        self.line.pumps.wake_all();
    }
}
