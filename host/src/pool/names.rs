//! The numbers in the names of what a host's pools have. Whichever pool gives one, it is never given
//! again, so a name that an operator reads in a list means one thing in the whole host.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use super::scheduler::Holder;

/// Where the pools of a host get these numbers. Clones go on with the same series.
#[derive(Clone, Debug, Default)]
pub(crate) struct Names(Arc<Series>);

#[derive(Debug, Default)]
struct Series {
    backends: AtomicU64,
    waiters: AtomicU64,
    holders: AtomicU64,
}

impl Names {
    pub(super) fn next_backend(&self) -> u64 {
        self.0.backends.fetch_add(1, Ordering::Relaxed) + 1
    }

    pub(super) fn next_waiter(&self) -> u64 {
        self.0.waiters.fetch_add(1, Ordering::Relaxed) + 1
    }

    pub(super) fn next_holder(&self) -> Holder {
        Holder(self.0.holders.fetch_add(1, Ordering::Relaxed))
    }
}
