//! What the front of the host counts.

use super::Counter;

/// The counts of one host.
#[derive(Debug, Default)]
pub(crate) struct Counters {
    pub(crate) sessions_opened: Counter,
    pub(crate) sessions_panicked: Counter,
    pub(crate) handshakes_refused: Counter,
    pub(crate) handshakes_broken: Counter,
}

/// What a host has counted since it started.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct HostStats {
    /// Sessions that are open now.
    pub sessions: u64,
    /// Sessions opened so far.
    pub sessions_opened: u64,
    /// Sessions that ended in a panic of the host, which stayed within the session.
    pub sessions_panicked: u64,
    /// Peers that were refused, with a reason.
    pub handshakes_refused: u64,
    /// Peers that went away during the handshake.
    pub handshakes_broken: u64,
}

impl Counters {
    /// The counts as they are now.
    pub(crate) fn read(&self, sessions: usize) -> HostStats {
        HostStats {
            sessions: sessions as u64,
            sessions_opened: self.sessions_opened.get(),
            sessions_panicked: self.sessions_panicked.get(),
            handshakes_refused: self.handshakes_refused.get(),
            handshakes_broken: self.handshakes_broken.get(),
        }
    }
}
