//! How a running statement is told from the next one, and stopped.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// Who a backend is to its database, for a cancel that comes from another backend.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) struct Identity {
    /// `pg_backend_pid()` or `CONNECTION_ID()`; zero on SQLite.
    pub(crate) process: u64,
    /// When the database says that it started, so that a number used again is not mistaken.
    /// Empty where numbers are not used again.
    pub(crate) started: Arc<str>,
}

/// Numbers a backend's statements, and stops the one that it is told to.
///
/// Every statement of a backend has its own number, so a stop that comes late names a statement
/// that has ended and hits nothing.
#[derive(Clone, Debug)]
pub(crate) struct Interrupter {
    signal: Arc<Signal>,
    victim: Identity,
}

impl Interrupter {
    pub(super) fn new(signal: Arc<Signal>, victim: Identity) -> Self {
        Self { signal, victim }
    }

    /// The statement that is running now.
    pub(crate) fn running(&self) -> Option<u64> {
        let number = self.signal.running.load(Ordering::Acquire);
        (number != IDLE).then_some(number)
    }

    /// Stops statement `number` if it is still running. SQLite obeys within microseconds; on a
    /// server this does nothing, and [`victim`](Self::victim) must be cancelled from another
    /// backend.
    pub(crate) fn interrupt(&self, number: u64) {
        self.signal.stop.store(number, Ordering::Release);
    }

    /// Whom to cancel, on a server.
    pub(crate) fn victim(&self) -> &Identity {
        &self.victim
    }
}

/// No statement has this number.
const IDLE: u64 = 0;

/// Which statement is running, and which one is to stop.
#[derive(Debug, Default)]
pub(super) struct Signal {
    running: AtomicU64,
    stop: AtomicU64,
    /// The number that was given last. Only the driver's owner changes it.
    last: AtomicU64,
}

impl Signal {
    /// Marks the next statement as running until the guard is dropped.
    pub(super) fn begin(self: &Arc<Self>) -> Running {
        let number = self.last.fetch_add(1, Ordering::Relaxed) + 1;
        self.running.store(number, Ordering::Release);
        Running {
            signal: Arc::clone(self),
        }
    }

    /// Whether the running statement may go on.
    pub(super) fn may_go_on(&self) -> bool {
        let running = self.running.load(Ordering::Acquire);
        running == IDLE || running != self.stop.load(Ordering::Acquire)
    }
}

/// A statement that is running.
#[derive(Debug)]
pub(super) struct Running {
    signal: Arc<Signal>,
}

impl Drop for Running {
    fn drop(&mut self) {
        self.signal.running.store(IDLE, Ordering::Release);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_late_stop_hits_nothing() {
        let signal = Arc::new(Signal::default());
        let interrupter = Interrupter::new(Arc::clone(&signal), Identity::default());
        let first = signal.begin();
        let number = interrupter.running().unwrap();
        drop(first);
        interrupter.interrupt(number);
        assert!(signal.may_go_on());
        let _second = signal.begin();
        assert!(signal.may_go_on());
        interrupter.interrupt(interrupter.running().unwrap());
        assert!(!signal.may_go_on());
    }
}
