//! The one place that counts backends against the cap.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Instant;

use serde::{Deserialize, Serialize};

use super::names::Names;
use super::scheduler::Holder;

/// Names a backend for the life of the host; never used twice.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct BackendId(u64);

impl BackendId {
    pub(crate) fn number(self) -> u64 {
        self.0
    }

    /// The backend of this number, if there is one.
    pub(crate) fn of(number: u64) -> Self {
        Self(number)
    }
}

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

/// As whom a backend is open: with whose credentials, in which schema, on SQLite whether to read
/// alone. A backend has the same login for life, and is lent to plugins of that login alone.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct LoginId(u16);

impl LoginId {
    /// The host's own, and that of every plugin that has none.
    pub(crate) const HOST: Self = Self(0);

    /// The login that comes after so many others.
    pub(crate) fn nth(others: usize) -> Option<Self> {
        u16::try_from(others).ok().map(Self)
    }

    /// How many come before it.
    pub(crate) fn index(self) -> usize {
        usize::from(self.0)
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
    pub(crate) holder: Holder,
    pub(crate) since: Instant,
    pub(crate) purpose: Purpose,
    /// Whether it also has SQLite's writer lane.
    pub(crate) writer: bool,
}

/// A loan that has ended.
#[derive(Clone, Debug)]
pub(crate) struct EndedLoan {
    pub(crate) backend: BackendId,
    /// Which of the backend's loans it was.
    pub(crate) turn: u64,
    pub(crate) loan: Loan,
    pub(crate) until: Instant,
}

/// What a backend is on loan for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Purpose {
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

/// Permission to open the backend of this id, with this login. Only the ledger gives it.
#[must_use = "an unused grant occupies a slot of the cap"]
#[derive(Debug)]
pub(crate) struct Grant {
    id: BackendId,
    login: LoginId,
}

impl Grant {
    pub(crate) fn id(&self) -> BackendId {
        self.id
    }

    pub(crate) fn login(&self) -> LoginId {
        self.login
    }
}

/// Counts every backend against the cap.
#[derive(Debug)]
pub(crate) struct Ledger {
    cap: u32,
    names: Names,
    // Invariant: `counts` is the tally of `backends`, and `by_login` that of each login's; all three
    // change in `enter` and `leave` alone.
    backends: BTreeMap<BackendId, (LoginId, Place)>,
    counts: Counts,
    by_login: Vec<Counts>,
    peak: u32,
}

impl Ledger {
    pub(crate) fn new(cap: u32) -> Self {
        Self {
            cap,
            names: Names::default(),
            backends: BTreeMap::new(),
            counts: Counts::default(),
            by_login: Vec::new(),
            peak: 0,
        }
    }

    /// The same with numbers from this series, before there is any backend.
    pub(crate) fn set_names(&mut self, names: Names) {
        self.names = names;
    }

    /// A slot for a new backend of this login, or `None` if the cap is reached.
    pub(crate) fn grant(&mut self, login: LoginId) -> Option<Grant> {
        if self.counts.total() >= self.cap {
            return None;
        }
        let id = BackendId(self.names.next_backend());
        self.enter(id, login, Place::Connecting);
        self.peak = self.peak.max(self.counts.total());
        Some(Grant { id, login })
    }

    /// Moves a backend to another place. A backend that is gone stays gone.
    pub(crate) fn set(&mut self, id: BackendId, place: Place) {
        if let Some((login, _)) = self.leave(id) {
            self.enter(id, login, place);
        }
    }

    /// Frees the slot of a backend that the database no longer knows.
    pub(crate) fn gone(&mut self, id: BackendId) -> Option<Place> {
        self.leave(id).map(|(_, place)| place)
    }

    pub(crate) fn place(&self, id: BackendId) -> Option<&Place> {
        self.backends.get(&id).map(|(_, place)| place)
    }

    pub(crate) fn login(&self, id: BackendId) -> Option<LoginId> {
        self.backends.get(&id).map(|(login, _)| *login)
    }

    /// Whether a backend is free for whoever has this login.
    pub(crate) fn is_free_for(&self, id: BackendId, login: LoginId) -> bool {
        self.backends.get(&id) == Some(&(login, Place::Free))
    }

    pub(crate) fn loans(&self) -> impl Iterator<Item = (BackendId, &Loan)> {
        self.backends
            .iter()
            .filter_map(|(id, (_, place))| match place {
                Place::Leased(loan) => Some((*id, loan)),
                _ => None,
            })
    }

    pub(crate) fn loan_mut(&mut self, id: BackendId) -> Option<&mut Loan> {
        match self.backends.get_mut(&id) {
            Some((_, Place::Leased(loan))) => Some(loan),
            _ => None,
        }
    }

    pub(crate) fn counts(&self) -> Counts {
        self.counts
    }

    /// Those of one login.
    pub(crate) fn counts_of(&self, login: LoginId) -> Counts {
        let known = self.by_login.get(login.index());
        known.copied().unwrap_or_default()
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

    /// Changes the cap. What is beyond a lower one is counted until it is gone.
    pub(crate) fn set_cap(&mut self, cap: u32) {
        self.cap = cap;
    }

    fn enter(&mut self, id: BackendId, login: LoginId, place: Place) {
        *self.counts.of(&place) += 1;
        *self.counts_of_mut(login).of(&place) += 1;
        self.backends.insert(id, (login, place));
    }

    fn leave(&mut self, id: BackendId) -> Option<(LoginId, Place)> {
        let (login, place) = self.backends.remove(&id)?;
        *self.counts.of(&place) -= 1;
        *self.counts_of_mut(login).of(&place) -= 1;
        Some((login, place))
    }

    fn counts_of_mut(&mut self, login: LoginId) -> &mut Counts {
        let at = login.index();
        if self.by_login.len() <= at {
            self.by_login.resize(at + 1, Counts::default());
        }
        #[expect(clippy::indexing_slicing, reason = "made long enough above")]
        &mut self.by_login[at]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_grant_beyond_the_cap_until_one_is_gone() {
        let mut ledger = Ledger::new(2);
        let other = LoginId::nth(1).unwrap();
        let first = ledger.grant(LoginId::HOST).unwrap().id();
        let second = ledger.grant(other).unwrap().id();
        assert_eq!(ledger.counts_of(other).connecting, 1);
        assert!(ledger.grant(LoginId::HOST).is_none());
        ledger.set(first, Place::Closing);
        assert!(
            ledger.grant(LoginId::HOST).is_none(),
            "a closing backend still counts"
        );
        assert_eq!(ledger.gone(first), Some(Place::Closing));
        let third = ledger.grant(LoginId::HOST).unwrap().id();
        assert!(third != first && third != second);
        assert_eq!(ledger.peak(), 2);
    }

    #[test]
    fn what_is_gone_stays_gone() {
        let mut ledger = Ledger::new(1);
        let id = ledger.grant(LoginId::HOST).unwrap().id();
        ledger.gone(id);
        ledger.set(id, Place::Free);
        assert_eq!(ledger.counts(), Counts::default());
        assert_eq!(ledger.gone(id), None);
    }
}
