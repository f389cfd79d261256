//! What an owner knows of its backend.

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::defaults::Defaults;
use crate::pool::{CloseReason, Settings};

/// Savepoints of one transaction that are remembered.
const MARKS: usize = 1024;

/// Whether a transaction is open in the database.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Transaction {
    /// None. Exit: `Open`.
    #[default]
    None,
    /// One. Exits: `None` when it ends, `Failed` after an error that dooms it (PostgreSQL),
    /// `Lost` when the database ended it by itself.
    Open,
    /// One that the database will only roll back. Exits: `None`, or `Open` after a rollback to a
    /// savepoint.
    Failed,
    /// None any more, though its user has not been told. Exit: `None`.
    Lost,
}

/// What an owner knows of its backend.
#[derive(Debug, Default)]
pub(super) struct Condition {
    pub(super) transaction: Transaction,
    /// When the transaction began.
    pub(super) begun_at: Option<Instant>,
    /// How long the transaction took that ended last, until that is counted.
    pub(super) took: Option<Duration>,
    /// A write was refused because the transaction, the Connection or the database takes none.
    pub(super) write_refused: bool,
    /// The settings that the session has, beside its defaults.
    pub(super) settings: Arc<Settings>,
    /// The settings when the transaction began and at each of its savepoints, by name: PostgreSQL
    /// rolls them back with it.
    marks: Vec<(String, Arc<Settings>)>,
    /// The session has the settings of the Connection that it is on loan to; they are its own doing
    /// from here on.
    pub(super) settled: bool,
    pub(super) defaults: Defaults,
    /// MySQL opens a transaction with every statement outside of one.
    pub(super) autocommit_off: bool,
    /// Something may have been left behind.
    pub(super) needs_reset: bool,
    /// Something was left behind on purpose, for the Connection that has the lease.
    pub(super) pinned: bool,
    /// The next transaction has modes of its own (MySQL), for the Connection that has the lease.
    pub(super) next_transaction: bool,
    /// Why the backend cannot be used any more, if it cannot.
    pub(super) must_close: Option<CloseReason>,
}

impl Condition {
    /// Whether the backend may be lent to somebody else as it is. Settings do not count: the next
    /// user's are put in their place.
    pub(super) fn is_clean(&self) -> bool {
        self.transaction == Transaction::None
            && !self.needs_reset
            && !self.next_transaction
            && self.must_close.is_none()
    }

    /// Whether the Connection that has the lease will want this very backend again.
    pub(super) fn is_pinned(&self) -> bool {
        self.pinned || self.next_transaction
    }

    /// The session is as new.
    pub(super) fn forget(&mut self) {
        *self = Self {
            took: self.took,
            ..Self::default()
        };
    }

    /// A transaction has begun.
    pub(super) fn begun(&mut self) {
        if self.transaction == Transaction::None {
            self.marks = vec![(String::new(), Arc::clone(&self.settings))];
            self.begun_at = Some(Instant::now());
        }
        self.transaction = Transaction::Open;
    }

    /// A savepoint was set.
    pub(super) fn marked(&mut self, savepoint: &str) {
        if self.transaction == Transaction::None {
            return;
        }
        if self.marks.len() < MARKS {
            let mark = (savepoint.to_owned(), Arc::clone(&self.settings));
            self.marks.push(mark);
        } else {
            // What a rollback to it undoes will not be known.
            self.needs_reset = true;
        }
    }

    /// A savepoint was given up, and what was done since remains.
    pub(super) fn released(&mut self, savepoint: &str) {
        if let Some(at) = self.mark(savepoint) {
            self.marks.truncate(at);
        }
    }

    /// What was done since a savepoint is undone.
    pub(super) fn rolled_back_to(&mut self, savepoint: &str, settings_too: bool) {
        if self.transaction == Transaction::Failed {
            self.transaction = Transaction::Open;
        }
        if let Some(at) = self.mark(savepoint) {
            self.marks.truncate(at + 1);
            if let Some((_, settings)) = self.marks.last().filter(|_| settings_too) {
                self.settings = Arc::clone(settings);
            }
        }
    }

    fn mark(&self, savepoint: &str) -> Option<usize> {
        let mut marks = self.marks.iter();
        marks.rposition(|(name, _)| name == savepoint)
    }

    /// The transaction has ended, and what it did remains.
    pub(super) fn committed(&mut self) {
        self.ended();
        self.marks.clear();
    }

    /// The transaction has ended, and what it did is undone.
    pub(super) fn rolled_back(&mut self, settings_too: bool) {
        self.ended();
        if let Some((_, settings)) = self.marks.drain(..).next()
            && settings_too
        {
            self.settings = settings;
        }
    }

    fn ended(&mut self) {
        // One that was lost may not have been the transaction that the modes were for.
        if self.transaction == Transaction::Open {
            self.next_transaction = false;
        }
        self.transaction = Transaction::None;
        self.took = self
            .begun_at
            .take()
            .map(|begun| begun.elapsed())
            .or(self.took);
    }
}
