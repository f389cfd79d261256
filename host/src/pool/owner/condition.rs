//! What an owner knows of its backend.

use std::collections::HashMap;
use std::sync::Arc;

use crate::pool::Settings;

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
    /// The settings that the session has, beside its defaults.
    pub(super) settings: Arc<Settings>,
    /// The settings when the transaction began: PostgreSQL rolls them back with it.
    pub(super) settings_at_begin: Option<Arc<Settings>>,
    /// The statements that give settings their defaults again, where the database has none.
    pub(super) defaults: HashMap<String, String>,
    /// Something may have been left behind.
    pub(super) needs_reset: bool,
    /// Something was left behind on purpose, for the Connection that has the lease.
    pub(super) pinned: bool,
    /// The backend cannot be used any more.
    pub(super) must_close: bool,
}

impl Condition {
    /// Whether the backend may be lent to somebody else as it is. Settings do not count: the next
    /// user's are put in their place.
    pub(super) fn is_clean(&self) -> bool {
        self.transaction == Transaction::None && !self.needs_reset && !self.must_close
    }

    /// A transaction has begun.
    pub(super) fn begun(&mut self) {
        if self.transaction == Transaction::None {
            self.settings_at_begin = Some(Arc::clone(&self.settings));
        }
        self.transaction = Transaction::Open;
    }

    /// The transaction has ended, and what it did remains.
    pub(super) fn committed(&mut self) {
        self.transaction = Transaction::None;
        self.settings_at_begin = None;
    }

    /// The transaction has ended, and what it did is undone.
    pub(super) fn rolled_back(&mut self, settings_too: bool) {
        self.transaction = Transaction::None;
        if let Some(settings) = self.settings_at_begin.take()
            && settings_too
        {
            self.settings = settings;
        }
    }
}
