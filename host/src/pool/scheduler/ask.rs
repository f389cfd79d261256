//! What is asked of the scheduler, and what it answers.

use std::sync::Arc;
use std::time::Instant;

use crate::pool::ledger::{BackendId, Grant, Loan, Purpose};

/// Names a waiter for the life of the host. Later waiters have greater ids.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct WaiterId(pub(in crate::pool) u64);

/// Whoever waits and holds as one: a session. What it waits for cannot come from what it holds
/// itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct Holder(pub(crate) u64);

/// One of the loans of a backend, which tells whether anybody has used it since.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Turn {
    pub(crate) backend: BackendId,
    pub(super) number: u64,
}

impl Turn {
    /// Which of the backend's loans it is.
    pub(crate) fn number(self) -> u64 {
        self.number
    }

    /// Whether nobody had the backend between that loan and this.
    pub(crate) fn follows(self, earlier: Self) -> bool {
        self.backend == earlier.backend && self.number == earlier.number + 1
    }
}

/// What a plugin may have: the part of its quota that the scheduler deals with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Share {
    /// Backends it may have at once; none means as many as the cap.
    pub(crate) max: Option<u32>,
    /// Backends that are kept for it.
    pub(crate) min: u32,
    /// How much it gets beside others; one by default.
    pub(crate) weight: u32,
    /// How many of its calls may wait at once.
    pub(crate) queue_length: u32,
}

impl Default for Share {
    fn default() -> Self {
        crate::pool::Quota::default().share()
    }
}

/// What is asked for.
#[derive(Clone, Debug)]
pub(crate) struct Ask {
    pub(crate) plugin: Arc<str>,
    pub(crate) holder: Holder,
    pub(crate) purpose: Purpose,
    /// Needs SQLite's writer lane.
    pub(crate) writer: bool,
    /// Taken if it is free.
    pub(crate) prefer: Option<BackendId>,
}

impl Ask {
    /// The loan that it asks for, beginning now.
    pub(crate) fn loan(&self, now: Instant) -> Loan {
        Loan {
            plugin: Arc::clone(&self.plugin),
            holder: self.holder,
            since: now,
            purpose: self.purpose,
            writer: self.writer,
        }
    }
}

/// One that waits, for whoever looks.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Waiting<'a> {
    pub(crate) id: WaiterId,
    pub(crate) plugin: &'a Arc<str>,
    pub(crate) holder: Holder,
    pub(crate) since: Instant,
}

/// The answer to an [`Ask`].
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Answer {
    /// Wait; [`Scheduler::next`](super::Scheduler::next) will say when.
    Wait(WaiterId),
    /// The plugin's queue is full.
    Full,
}

/// What is to be done next.
#[derive(Debug)]
pub(crate) enum Action {
    /// This waiter has this backend now.
    Lend(WaiterId, BackendId),
    /// Open a backend.
    Open(Grant),
    /// Close this backend, which nobody has any more.
    Close(BackendId),
}
