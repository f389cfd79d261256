//! A session's socket, written by whoever calls and read where the caller waits.
//!
//! A call that is alone writes its own frame, and a [pump](pump) on the caller's runtime reads the
//! answer: no other thread has to wake up between the two. When calls are many they leave the
//! writing to the pump as well, which then sends all their frames at once.
//!
//! No runtime is needed for long: each that calls has a pump of its own, and while none has, the
//! [thread](super::thread) of all sessions has one.

mod call;
mod inbox;
mod outbox;
mod pump;
mod watch;

use std::io;
use std::net::Shutdown;
use std::os::unix::net::UnixStream;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use onepool_proto::codec::{CodecError, HostFrame, PluginFrame};
use onepool_proto::limits;
use onepool_proto::memory::Goodbye;
use onepool_proto::service::{BrokerRequest, BrokerResponse};
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;

use crate::deadline::Deadline;
use crate::trace;
use call::{CallTable, UnderWay};
use inbox::{Inbox, Received};
use outbox::{Outbox, Unsent};
use pump::Pumps;

/// Why a call was not answered.
#[derive(Debug, thiserror::Error)]
pub(super) enum LineError {
    /// The call cannot be sent; the session goes on.
    #[error(transparent)]
    Unsendable(CodecError),
    /// The host did not answer in time.
    #[error("the deadline passed")]
    Late,
    /// The session has ended.
    #[error("the session has ended")]
    Lost,
}

/// A session's socket, and the calls under way on it.
#[derive(Debug)]
pub(super) struct Line {
    socket: UnixStream,
    calls: Mutex<CallTable>,
    /// Calls that may still be made while others are under way.
    places: Semaphore,
    next_call: AtomicU64,
    outbox: Mutex<Outbox>,
    inbox: Mutex<Inbox>,
    pumps: Pumps,
    goodbye: Goodbye,
    /// Cancelled when the session has ended.
    over: CancellationToken,
}

impl Line {
    /// The line over `socket`, after the handshake. Must run on the thread of all sessions.
    pub(super) fn open(
        socket: UnixStream,
        frame_bytes: u32,
        goodbye: Goodbye,
    ) -> io::Result<Arc<Self>> {
        socket.set_nonblocking(true)?;
        let line = Arc::new(Self {
            socket,
            calls: Mutex::default(),
            places: Semaphore::new(limits::CALLS as usize),
            next_call: AtomicU64::new(1),
            outbox: Mutex::new(Outbox::new(frame_bytes)),
            inbox: Mutex::new(Inbox::new(frame_bytes)),
            pumps: Pumps::default(),
            goodbye,
            over: CancellationToken::new(),
        });
        line.pump_somewhere();
        line.watch();
        Ok(line)
    }

    /// Makes a call and waits for its answer.
    ///
    /// # Cancel safety
    /// Dropping the future tells the host that nobody waits any more.
    pub(super) async fn call(
        self: &Arc<Self>,
        deadline: Deadline,
        request: BrokerRequest,
    ) -> Result<BrokerResponse, LineError> {
        // A caller beyond what the host takes waits here.
        let _place = self.places.acquire().await;
        let id = self.next_call.fetch_add(1, Ordering::Relaxed);
        let (call, alone) = UnderWay::begin(self, id)?;
        let _expiry = deadline.for_host().map(|at| call.expire(at));
        // Who asks for a page ahead goes on with the rows at hand. A pump that was woken from there
        // would wait for that, and with it everybody's answers.
        let is_ahead = matches!(request, BrokerRequest::Fetch { .. });
        let frame = PluginFrame::Call {
            id,
            trace: trace::current(),
            request,
        };
        let pump = self.pump_here();
        self.put(frame).map_err(LineError::Unsendable)?;
        match pump {
            Some(pump) if !alone && !is_ahead => pump.wake(),
            _ => self.write(),
        }
        call.answered().await
    }

    /// Puts a frame into the outbox.
    fn put(&self, frame: PluginFrame) -> Result<(), CodecError> {
        lock(&self.outbox).put(frame)
    }

    /// Writes what the outbox holds, as far as the socket takes it; the rest is the pumps' affair.
    fn write(&self) {
        if self.flush() {
            return;
        }
        self.pumps.wake_all();
    }

    /// Writes what the outbox holds. Whether it is empty now, or will never be.
    fn flush(&self) -> bool {
        let unsent = lock(&self.outbox).write(&self.socket);
        match unsent {
            Unsent::Nothing => true,
            Unsent::Something => false,
            Unsent::Broken(error) => {
                self.end(Some(&error));
                true
            }
        }
    }

    /// Reads what has arrived and hands it out. Whether there may be more at once.
    fn read(&self) -> bool {
        // Handed out under the lock: another pump must not overtake this one.
        let mut inbox = lock(&self.inbox);
        match inbox.read(&self.socket) {
            Ok(Received::Nothing) => return false,
            Ok(Received::Something { more }) => {
                while let Some(frame) = inbox.next() {
                    match frame {
                        Ok(HostFrame::Answer { id, response }) => {
                            lock(&self.calls).answer(id, response);
                        }
                        Ok(HostFrame::Goodbye(failure)) => {
                            // Of several the first is the reason.
                            let _ = self.goodbye.set(failure);
                            self.end(None);
                            return false;
                        }
                        Err(error) => {
                            self.end(Some(&error));
                            return false;
                        }
                    }
                }
                return more;
            }
            Ok(Received::End) => self.end(None),
            Err(error) => self.end(Some(&error)),
        }
        false
    }

    /// Tells the host that nobody waits for this call any more.
    fn cancel(&self, id: u64) {
        // It is a few bytes, which always fit a frame.
        if self.put(PluginFrame::Cancel { id }).is_ok() {
            self.write();
        }
    }

    /// Ends the session: whoever waits is told by `Lost`.
    fn end(&self, error: Option<&dyn std::fmt::Display>) {
        if self.over.is_cancelled() {
            return;
        }
        match error {
            Some(error) => tracing::warn!(%error, "the session with the onepool host broke"),
            None => tracing::debug!("the session with the onepool host has ended"),
        }
        self.over.cancel();
        lock(&self.calls).close();
        self.pumps.wake_all();
        // The host notices at once, rather than when the last pump has let go of the socket.
        let _ = self.socket.shutdown(Shutdown::Both);
    }

    /// Ends the session when nobody uses it any more.
    pub(super) fn hang_up(&self) {
        self.end(None);
    }

    /// Cancelled when the session has ended.
    pub(super) fn over(&self) -> &CancellationToken {
        &self.over
    }

    /// Whether the session has ended.
    fn is_over(&self) -> bool {
        self.over.is_cancelled()
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
