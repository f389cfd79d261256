//! What a Connection's own statements have left to be read on the backend that it goes on with.
//!
//! The id that was inserted last, the number of rows found, a sequence's current value: a backend
//! tells whoever asks, and has them from whoever used it last. So they are asked for only where a
//! statement of this Connection has come before, with nobody in between.

use crate::pool::{Text, Turn};

/// The loans of a Connection that followed each other on one backend, up to the last.
#[derive(Debug, Default)]
pub(super) struct Trail {
    last: Option<Turn>,
    /// A statement has run in them.
    ran: bool,
    /// One that may have written has.
    wrote: bool,
}

impl Trail {
    /// The last loan.
    pub(super) fn last(&self) -> Option<Turn> {
        self.last
    }

    /// The Connection goes on with this loan.
    pub(super) fn goes_on(&mut self, turn: Turn) {
        let unbroken = self
            .last
            .is_some_and(|last| turn == last || turn.follows(last));
        if !unbroken {
            *self = Self::default();
        }
        self.last = Some(turn);
    }

    /// A statement is about to run in the last loan.
    pub(super) fn runs(&mut self, text: &Text) {
        self.ran = true;
        self.wrote |= !text.verdict.reads_only();
    }

    /// Whether what this function tells can be of this Connection's own statements.
    pub(super) fn tells(&self, function: &str) -> bool {
        // Every statement leaves these anew, the others only one that writes.
        const OF_EVERY: [&str; 5] = [
            "FOUND_ROWS()",
            "ROW_COUNT()",
            "SHOW WARNINGS",
            "@@warning_count",
            "@@error_count",
        ];
        self.wrote || self.ran && OF_EVERY.contains(&function)
    }
}
