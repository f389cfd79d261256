//! Why backends are closed.

use std::array;

use crate::telemetry::Counter;

/// Why a backend was closed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum CloseReason {
    /// It was as old as a backend may get.
    Age,
    /// Nobody used it for long.
    Idle,
    /// The cap was lowered.
    Cap,
    /// The database went down.
    Outage,
    /// Its link broke, or the database ended it.
    Broken,
    /// What was left behind on it cannot be taken back.
    Unclean,
    /// The database takes no writes any more, as after a failover.
    Failover,
    /// All were opened anew: another one went wrong in a way that is likely to concern all, or an
    /// operator wanted it.
    Replaced,
    /// An operator emptied the pool.
    Emptied,
    /// It gave way to one of another login.
    Login,
    /// A panic of the host, which stayed within it.
    Panic,
}

impl CloseReason {
    /// Each of them, in order.
    pub const ALL: [Self; 11] = [
        Self::Age,
        Self::Idle,
        Self::Cap,
        Self::Outage,
        Self::Broken,
        Self::Unclean,
        Self::Failover,
        Self::Replaced,
        Self::Emptied,
        Self::Login,
        Self::Panic,
    ];

    /// Its name.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Age => "age",
            Self::Idle => "idle",
            Self::Cap => "cap",
            Self::Outage => "outage",
            Self::Broken => "broken",
            Self::Unclean => "unclean",
            Self::Failover => "failover",
            Self::Replaced => "replaced",
            Self::Emptied => "emptied",
            Self::Login => "login",
            Self::Panic => "panic",
        }
    }
}

/// Counts closes.
#[derive(Debug)]
pub(super) struct CloseCounts([Counter; CloseReason::ALL.len()]);

impl Default for CloseCounts {
    fn default() -> Self {
        Self(array::from_fn(|_| Counter::default()))
    }
}

impl CloseCounts {
    pub(super) fn add(&self, reason: CloseReason) {
        if let Some(count) = self.0.get(reason as usize) {
            count.add_one();
        }
    }

    pub(super) fn read(&self) -> impl Iterator<Item = (CloseReason, u64)> {
        let counts = self.0.iter().map(Counter::get);
        CloseReason::ALL.into_iter().zip(counts)
    }
}
