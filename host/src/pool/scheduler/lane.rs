//! SQLite's writer lane: one writer at a time.

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::queue::Queue;
use crate::pool::ledger::BackendId;

/// Who has the writer lane.
#[derive(Debug, Default)]
pub(super) struct Lane {
    writing: Option<Writing>,
    /// What those who had the lane last had had of it by then: whoever comes anew begins there.
    pace: u64,
}

#[derive(Debug)]
struct Writing {
    backend: BackendId,
    plugin: Arc<str>,
    since: Instant,
}

impl Lane {
    pub(super) fn is_free(&self) -> bool {
        self.writing.is_none()
    }

    /// The backend that has it.
    pub(super) fn backend(&self) -> Option<BackendId> {
        self.writing.as_ref().map(|writing| writing.backend)
    }

    /// Lets a plugin that is about to ask for the lane begin where those are who had it last: it
    /// has saved up no turns while others wrote.
    pub(super) fn awaken(&self, plugin: &str, queue: &mut Queue) {
        let writes = |writing: &Writing| *writing.plugin == *plugin;
        if !queue.wants_to_write() && !self.writing.as_ref().is_some_and(writes) {
            queue.wrote = queue.wrote.max(self.pace);
        }
    }

    /// Gives it to a backend of this plugin.
    pub(super) fn take(
        &mut self,
        backend: BackendId,
        plugin: &Arc<str>,
        queue: &Queue,
        since: Instant,
    ) {
        self.pace = self.pace.max(queue.wrote);
        self.writing = Some(Writing {
            backend,
            plugin: Arc::clone(plugin),
            since,
        });
    }

    /// Takes it from this backend, if it has it. Who had it, and for how long.
    pub(super) fn leave(
        &mut self,
        backend: BackendId,
        now: Instant,
    ) -> Option<(Arc<str>, Duration)> {
        let writing = self.writing.take_if(|writing| writing.backend == backend)?;
        let had = now.saturating_duration_since(writing.since);
        Some((writing.plugin, had))
    }
}
