//! The one place that counts backends against the cap.

use std::collections::HashMap;
use std::fmt;
use std::time::Instant;

/// Names a backend for the life of the host; never used twice.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct BackendId(u64);

impl fmt::Debug for BackendId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "backend {}", self.0)
    }
}

impl fmt::Display for BackendId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// Where a backend is. It is in exactly one of these places.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    /// On its way to the database. Ends in `Free`, or is gone.
    Connecting,
    /// Clean and idle. Ends in `Leased` or `Closing`.
    Free,
    /// On loan. Ends in `Free`, `Resetting` or `Closing`.
    Leased(Loan),
    /// Being cleaned. Ends in `Free` or `Closing`.
    Resetting,
    /// On its way out; counted until the database no longer lists it. Then it is gone.
    Closing,
    /// The backend that cancels and watches. Ends in `Closing`.
    Control,
}

/// Who has a backend, since when.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Loan {
    pub(crate) plugin: std::sync::Arc<str>,
    pub(crate) since: Instant,
    pub(crate) purpose: Purpose,
    /// Whether it also has SQLite's writer lane.
    pub(crate) writer: bool,
}

/// What a backend is on loan for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// One statement outside a transaction.
    Statement,
    /// A transaction.
    Transaction,
    /// Session state that cannot follow the Connection.
    Pinned,
}

impl fmt::Display for Purpose {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Statement => "statement",
            Self::Transaction => "transaction",
            Self::Pinned => "pinned",
        })
    }
}

/// How many backends are in each place.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// On their way to the database.
    pub connecting: u32,
    /// Clean and idle.
    pub free: u32,
    /// On loan.
    pub leased: u32,
    /// Being cleaned.
    pub resetting: u32,
    /// On their way out.
    pub closing: u32,
    /// For cancels and watching closes.
    pub control: u32,
}

impl Counts {
    /// All of them; never more than the cap.
    #[must_use]
    pub fn total(&self) -> u32 {
        self.connecting + self.free + self.leased + self.resetting + self.closing + self.control
    }

    fn of(&mut self, place: &Place) -> &mut u32 {
        match place {
            Place::Connecting => &mut self.connecting,
            Place::Free => &mut self.free,
            Place::Leased(_) => &mut self.leased,
            Place::Resetting => &mut self.resetting,
            Place::Closing => &mut self.closing,
            Place::Control => &mut self.control,
        }
    }
}

/// Permission to open the backend of this id. Only the ledger gives it.
#[must_use = "an unused grant occupies a slot of the cap"]
#[derive(Debug)]
pub(crate) struct Grant(BackendId);

impl Grant {
    pub(crate) fn id(&self) -> BackendId {
        self.0
    }
}

/// Counts every backend against the cap.
#[derive(Debug)]
pub(crate) struct Ledger {
    cap: u32,
    next: u64,
    // Invariant: `counts` is the tally of `places`; both change in `enter` and `leave` alone.
    places: HashMap<BackendId, Place>,
    counts: Counts,
    peak: u32,
}

impl Ledger {
    pub(crate) fn new(cap: u32) -> Self {
        let (places, counts) = (HashMap::new(), Counts::default());
        Self {
            cap,
            next: 1,
            places,
            counts,
            peak: 0,
        }
    }

    /// A slot for a new backend, or `None` if the cap is reached.
    pub(crate) fn grant(&mut self) -> Option<Grant> {
        if self.counts.total() >= self.cap {
            return None;
        }
        let id = BackendId(self.next);
        self.next += 1;
        self.enter(id, Place::Connecting);
        self.peak = self.peak.max(self.counts.total());
        Some(Grant(id))
    }

    /// Moves a backend to another place. A backend that is gone stays gone.
    pub(crate) fn set(&mut self, id: BackendId, place: Place) {
        if self.leave(id).is_some() {
            self.enter(id, place);
        }
    }

    /// Frees the slot of a backend that the database no longer knows.
    pub(crate) fn gone(&mut self, id: BackendId) -> Option<Place> {
        self.leave(id)
    }

    pub(crate) fn place(&self, id: BackendId) -> Option<&Place> {
        self.places.get(&id)
    }

    pub(crate) fn loans(&self) -> impl Iterator<Item = (BackendId, &Loan)> {
        self.places.iter().filter_map(|(id, place)| match place {
            Place::Leased(loan) => Some((*id, loan)),
            _ => None,
        })
    }

    pub(crate) fn loan_mut(&mut self, id: BackendId) -> Option<&mut Loan> {
        match self.places.get_mut(&id) {
            Some(Place::Leased(loan)) => Some(loan),
            _ => None,
        }
    }

    pub(crate) fn counts(&self) -> Counts {
        self.counts
    }

    /// How many more backends the cap allows.
    pub(crate) fn room(&self) -> u32 {
        self.cap.saturating_sub(self.counts.total())
    }

    /// The most backends there ever were at once.
    pub(crate) fn peak(&self) -> u32 {
        self.peak
    }

    pub(crate) fn cap(&self) -> u32 {
        self.cap
    }

    fn enter(&mut self, id: BackendId, place: Place) {
        *self.counts.of(&place) += 1;
        self.places.insert(id, place);
    }

    fn leave(&mut self, id: BackendId) -> Option<Place> {
        let place = self.places.remove(&id)?;
        *self.counts.of(&place) -= 1;
        Some(place)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_grant_beyond_the_cap_until_one_is_gone() {
        let mut ledger = Ledger::new(2);
        let first = ledger.grant().unwrap().id();
        let second = ledger.grant().unwrap().id();
        assert!(ledger.grant().is_none());
        ledger.set(first, Place::Closing);
        assert!(ledger.grant().is_none(), "a closing backend still counts");
        assert_eq!(ledger.gone(first), Some(Place::Closing));
        let third = ledger.grant().unwrap().id();
        assert!(third != first && third != second);
        assert_eq!(ledger.peak(), 2);
    }

    #[test]
    fn what_is_gone_stays_gone() {
        let mut ledger = Ledger::new(1);
        let id = ledger.grant().unwrap().id();
        ledger.gone(id);
        ledger.set(id, Place::Free);
        assert_eq!(ledger.counts(), Counts::default());
        assert_eq!(ledger.gone(id), None);
    }
}
