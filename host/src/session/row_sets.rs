//! The rows of a Connection's statements, while they are being read.

use std::collections::VecDeque;

use onepool_proto::id::RowSetId;
use onepool_proto::{Code, Failure};

use crate::db::Pages;

/// Row sets that a Connection remembers, to tell ended ones from those that never were.
const REMEMBERED: usize = 16;

/// The rows of a statement while they are being read.
#[derive(Debug)]
pub(super) struct RowSet {
    pub(super) pages: Pages,
    /// The page that comes next.
    pub(super) next: u32,
}

/// The row set of a Connection's latest statement, and the ids of those before it.
#[derive(Debug, Default)]
pub(super) struct RowSets {
    open: Option<(RowSetId, RowSet)>,
    latest: VecDeque<RowSetId>,
}

impl RowSets {
    /// Opens a row set. Whichever was open ends, as on any connection.
    pub(super) fn insert(&mut self, id: RowSetId, rows: RowSet) {
        if self.latest.len() == REMEMBERED {
            self.latest.pop_front();
        }
        self.latest.push_back(id);
        self.open = Some((id, rows));
    }

    /// The open row set of this id.
    pub(super) fn get_mut(&mut self, id: RowSetId) -> Result<&mut RowSet, Failure> {
        match &mut self.open {
            Some((open, rows)) if *open == id => Ok(rows),
            _ if self.latest.contains(&id) => Err(Failure::new(
                Code::STALE_ID,
                "this row set has ended: it was read, closed, or another statement was run",
            )),
            _ => Err(Failure::new(
                Code::UNKNOWN_ID,
                "no row set of this connection has this id",
            )),
        }
    }

    /// Ends the row set of this id, if it is open.
    pub(super) fn remove(&mut self, id: &RowSetId) {
        self.open.take_if(|(open, _)| open == id);
    }

    /// Ends whichever is open.
    pub(super) fn clear(&mut self) {
        self.open = None;
    }
}
