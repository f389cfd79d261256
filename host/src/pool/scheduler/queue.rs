//! Those of one plugin that wait.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::ask::{Ask, Holder, Share, WaiterId};
use crate::pool::ledger::{BackendId, LoginId, Purpose};
use crate::telemetry::PluginTally;

/// What a loan costs its plugin at least, in nanoseconds: loans too short to be measured count.
const LEAST_CHARGE: u64 = 1_000;

/// One that waits.
#[derive(Debug)]
pub(super) struct Waiter {
    pub(super) id: WaiterId,
    pub(super) holder: Holder,
    pub(super) since: Instant,
    pub(super) purpose: Purpose,
    pub(super) writer: bool,
    pub(super) prefer: Option<BackendId>,
}

impl Waiter {
    pub(super) fn new(id: WaiterId, ask: &Ask, since: Instant) -> Self {
        Self {
            id,
            holder: ask.holder,
            since,
            purpose: ask.purpose,
            writer: ask.writer,
            prefer: ask.prefer,
        }
    }
}

/// Those of one plugin that wait, and what it has.
#[derive(Debug, Default)]
pub(super) struct Queue {
    pub(super) share: Share,
    /// Whose backends it is lent.
    pub(super) login: LoginId,
    // Invariant: in the order of their ids.
    pub(super) waiters: VecDeque<Waiter>,
    pub(super) leased: u32,
    /// The time for which it has had backends, divided by its weight. It never falls far behind
    /// that of others: time not used is not saved up.
    pub(super) used: u64,
    /// The same of SQLite's writer lane.
    pub(super) wrote: u64,
    /// What it does, for whoever looks.
    pub(super) tally: Arc<PluginTally>,
}

impl Queue {
    pub(super) fn is_full(&self) -> bool {
        self.waiters.len() >= self.share.queue_length as usize
    }

    /// Whether it neither has a backend nor waits for one.
    pub(super) fn is_idle(&self) -> bool {
        self.leased == 0 && self.waiters.is_empty()
    }

    /// Backends that are kept for it and that it does not have.
    pub(super) fn owed(&self) -> u32 {
        self.share.min.saturating_sub(self.leased)
    }

    /// Whether it has as many backends as it may.
    pub(super) fn is_at_max(&self) -> bool {
        self.share.max.is_some_and(|max| self.leased >= max)
    }

    pub(super) fn position(&self, waiter: WaiterId) -> Option<usize> {
        let place = self.waiters.binary_search_by_key(&waiter, |other| other.id);
        place.ok()
    }

    pub(super) fn remove(&mut self, waiter: WaiterId) -> Option<Waiter> {
        let place = self.position(waiter)?;
        self.waiters.remove(place)
    }

    /// Whether one of its waiters waits for SQLite's writer lane.
    pub(super) fn wants_to_write(&self) -> bool {
        self.waiters.iter().any(|waiter| waiter.writer)
    }

    /// The first that may have a backend now, while SQLite's writer lane is free or not.
    pub(super) fn eligible(&self, lane_is_free: bool) -> Option<usize> {
        if self.is_at_max() {
            return None;
        }
        let may = |waiter: &Waiter| !waiter.writer || lane_is_free;
        self.waiters.iter().position(may)
    }

    /// How many of its waiters more backends would help, counting no further than `enough`.
    pub(super) fn could_use(&self, lane_is_free: bool, enough: u32) -> u32 {
        let max = self.share.max.unwrap_or(u32::MAX);
        let allowed = max.saturating_sub(self.leased).min(enough);
        let mut writers = u32::from(lane_is_free);
        let mut able = 0;
        for waiter in &self.waiters {
            if able == allowed {
                break;
            }
            if !waiter.writer {
                able += 1;
            } else if writers > 0 {
                writers -= 1;
                able += 1;
            }
        }
        able
    }

    /// Who goes first: whoever has least for its weight, and of those with as much, whoever had
    /// least so far. What is kept for a plugin it has at once.
    pub(super) fn standing(&self) -> (u64, u64) {
        if self.owed() > 0 {
            return (0, self.used);
        }
        // Fixed point, so that equal shares compare equal.
        let load = (u64::from(self.leased) << 16) / self.weight();
        (load + 1, self.used)
    }

    /// Notes that it has had a backend for this long.
    pub(super) fn charge(&mut self, had: Duration) {
        self.used = self.used.saturating_add(self.price(had));
    }

    /// Notes that it has had the writer lane for this long.
    pub(super) fn charge_writing(&mut self, had: Duration) {
        self.wrote = self.wrote.saturating_add(self.price(had));
    }

    fn price(&self, had: Duration) -> u64 {
        let nanos = u64::try_from(had.as_nanos()).unwrap_or(u64::MAX);
        nanos.max(LEAST_CHARGE) / self.weight()
    }

    fn weight(&self) -> u64 {
        u64::from(self.share.weight.max(1))
    }
}
