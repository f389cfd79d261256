//! Holding callers back: what is lent may be used to its end, and nothing new is lent.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::Scheduler;
use crate::pool::closing::CloseReason;

/// Whom nothing new is lent to.
#[derive(Debug, Default)]
pub(super) struct Pauses {
    /// Nobody is lent anything, and nothing is opened.
    all: bool,
    /// Backends are closed as they come free. Only while nobody is lent anything.
    closes: bool,
    plugins: BTreeSet<Arc<str>>,
}

impl Pauses {
    pub(super) fn all(&self) -> bool {
        self.all
    }

    pub(super) fn closes(&self) -> bool {
        self.closes
    }

    pub(super) fn holds_back(&self, plugin: &str) -> bool {
        self.all || (!self.plugins.is_empty() && self.plugins.contains(plugin))
    }
}

impl Scheduler {
    /// Lends nothing new to a plugin, or to nobody and opens nothing, until
    /// [`lift`](Self::lift). Reading what a statement has just left on its backend is no new loan.
    pub(crate) fn pause(&mut self, plugin: Option<&Arc<str>>) {
        match plugin {
            Some(plugin) => drop(self.pauses.plugins.insert(Arc::clone(plugin))),
            None => self.pauses.all = true,
        }
    }

    /// As [`pause`](Self::pause) for everybody, and closes what is idle or comes free.
    pub(crate) fn empty(&mut self) {
        self.pauses.all = true;
        self.pauses.closes = true;
        while self.close_least_used(CloseReason::Emptied) {}
    }

    /// Ends a pause. That of one plugin outlives that of all, and the other way round. Whether there
    /// was one.
    pub(crate) fn lift(&mut self, plugin: Option<&str>) -> bool {
        match plugin {
            Some(plugin) => self.pauses.plugins.remove(plugin),
            None => {
                self.pauses.closes = false;
                std::mem::take(&mut self.pauses.all)
            }
        }
    }

    /// Whether nobody is lent anything.
    pub(crate) fn is_paused(&self) -> bool {
        self.pauses.all
    }

    /// The plugins that are held back by themselves.
    pub(crate) fn paused_plugins(&self) -> impl Iterator<Item = &Arc<str>> {
        self.pauses.plugins.iter()
    }

    /// Whether a plugin is held back, by itself or with all.
    pub(crate) fn holds_back(&self, plugin: &str) -> bool {
        self.pauses.holds_back(plugin)
    }

    /// Backends that a plugin has on loan.
    pub(crate) fn leased_to(&self, plugin: &str) -> u32 {
        self.queues.get(plugin).map_or(0, |queue| queue.leased)
    }

    /// Whether this plugin has ever been heard of.
    pub(crate) fn knows(&self, plugin: &str) -> bool {
        self.queues.contains_key(plugin)
    }
}
