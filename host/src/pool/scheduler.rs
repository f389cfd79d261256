//! Who gets the next free backend.
//!
//! First come first served within a plugin; between plugins, whoever has least for its weight
//! goes first (weighted max-min). A plugin's guaranteed minimum is kept for it; its maximum is
//! never passed. SQLite has one writer lane besides.
//!
//! This is a plain state machine: it does no I/O, knows no clock, and is driven by the pool and
//! by the simulation alike.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::sync::Arc;
use std::time::Instant;

use super::ledger::{BackendId, Counts, Grant, Ledger, Loan, Place, Purpose};

/// Names a waiter for the life of the host. Later waiters have greater ids.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct WaiterId(u64);

/// One of the loans of a backend, which tells whether anybody has used it since.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Turn {
    pub(crate) backend: BackendId,
    number: u64,
}

/// What a plugin may have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Share {
    /// Backends it may have at once; none means as many as the cap.
    pub max: Option<u32>,
    /// Backends that are kept for it.
    pub min: u32,
    /// How much it gets beside others; one by default.
    pub weight: u32,
    /// How many of its calls may wait at once.
    pub queue_length: u32,
}

impl Default for Share {
    fn default() -> Self {
        Self {
            max: None,
            min: 0,
            weight: 1,
            queue_length: 10_000,
        }
    }
}

/// What is asked for.
#[derive(Clone, Debug)]
pub(crate) struct Ask {
    pub(crate) plugin: Arc<str>,
    pub(crate) purpose: Purpose,
    /// Needs SQLite's writer lane.
    pub(crate) writer: bool,
    /// Taken if it is free.
    pub(crate) prefer: Option<BackendId>,
}

/// The answer to an [`Ask`].
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Answer {
    /// Wait; [`Scheduler::next`] will say when.
    Wait(WaiterId),
    /// The plugin's queue is full.
    Full,
}

/// What is to be done next.
#[derive(Debug)]
pub(crate) enum Action {
    /// This waiter has this backend now.
    Lend(WaiterId, BackendId),
    /// Open a backend.
    Open(Grant),
}

#[derive(Debug)]
struct Waiter {
    id: WaiterId,
    purpose: Purpose,
    writer: bool,
    prefer: Option<BackendId>,
}

#[derive(Debug, Default)]
struct Queue {
    share: Share,
    waiters: VecDeque<Waiter>,
    leased: u32,
}

/// Decides who gets the next free backend.
#[derive(Debug)]
pub(crate) struct Scheduler {
    ledger: Ledger,
    // Invariant: exactly the backends whose place is `Free`, least recently used first.
    free: Vec<BackendId>,
    queues: BTreeMap<Arc<str>, Queue>,
    /// The backend that has the writer lane. Only SQLite asks for it.
    lane: Option<BackendId>,
    next_waiter: u64,
    waiting: usize,
    /// How many loans each backend has had.
    turns: HashMap<BackendId, u64>,
}

impl Scheduler {
    pub(crate) fn new(cap: u32) -> Self {
        Self {
            ledger: Ledger::new(cap),
            free: Vec::new(),
            queues: BTreeMap::new(),
            lane: None,
            next_waiter: 1,
            waiting: 0,
            turns: HashMap::new(),
        }
    }

    /// Sets what a plugin may have.
    pub(crate) fn set_share(&mut self, plugin: &Arc<str>, share: Share) {
        self.queues.entry(Arc::clone(plugin)).or_default().share = share;
    }

    /// A slot for the control backend.
    pub(crate) fn open_control(&mut self) -> Option<Grant> {
        let grant = self.ledger.grant()?;
        self.ledger.set(grant.id(), Place::Control);
        Some(grant)
    }

    /// A slot for a backend that nobody has asked for yet.
    pub(crate) fn open_work(&mut self) -> Option<Grant> {
        self.ledger.grant()
    }

    /// Joins the queue of a plugin.
    pub(crate) fn ask(&mut self, ask: &Ask) -> Answer {
        let queue = self.queues.entry(Arc::clone(&ask.plugin)).or_default();
        if queue.waiters.len() >= queue.share.queue_length as usize {
            return Answer::Full;
        }
        let id = WaiterId(self.next_waiter);
        self.next_waiter += 1;
        self.waiting += 1;
        let Ask {
            purpose,
            writer,
            prefer,
            ..
        } = *ask;
        queue.waiters.push_back(Waiter {
            id,
            purpose,
            writer,
            prefer,
        });
        Answer::Wait(id)
    }

    /// Leaves the queue. Nothing happens if the waiter is not in it any more.
    pub(crate) fn withdraw(&mut self, plugin: &str, waiter: WaiterId) {
        if let Some(queue) = self.queues.get_mut(plugin) {
            let before = queue.waiters.len();
            queue.waiters.retain(|other| other.id != waiter);
            self.waiting -= before - queue.waiters.len();
        }
    }

    /// How many of the plugin's waiters are before this one.
    pub(crate) fn position(&self, plugin: &str, waiter: WaiterId) -> Option<usize> {
        self.queues
            .get(plugin)?
            .waiters
            .iter()
            .position(|other| other.id == waiter)
    }

    /// The one waiter that has waited longest, to be told that no backend could be opened.
    pub(crate) fn oldest(&self) -> Option<WaiterId> {
        self.queues
            .values()
            .filter_map(|queue| queue.waiters.front())
            .map(|first| first.id)
            .min()
    }

    /// Removes a waiter, whoever's it is.
    pub(crate) fn dismiss(&mut self, waiter: WaiterId) {
        let plugins: Vec<_> = self.queues.keys().cloned().collect();
        for plugin in plugins {
            self.withdraw(&plugin, waiter);
        }
    }

    /// Lends one certain backend if it is free, past the queue: for reading what this Connection
    /// left on it a moment ago.
    pub(crate) fn take(&mut self, id: BackendId, loan: Loan) -> bool {
        let held_back = self.free_for(&loan.plugin) == 0;
        if held_back || !self.free.contains(&id) {
            return false;
        }
        self.lend(id, loan);
        true
    }

    /// A backend is clean and nobody's: after it was opened, given back or reset.
    pub(crate) fn free(&mut self, id: BackendId) {
        self.end_loan(id);
        self.leave_lane(id);
        if self.ledger.place(id).is_some() {
            self.ledger.set(id, Place::Free);
            self.free.push(id);
        }
    }

    /// A backend that was given back is being cleaned. It keeps the writer lane, since its
    /// transaction may still be open.
    pub(crate) fn resetting(&mut self, id: BackendId) {
        self.end_loan(id);
        self.ledger.set(id, Place::Resetting);
    }

    /// A backend is on its way out.
    pub(crate) fn closing(&mut self, id: BackendId) {
        self.end_loan(id);
        self.free.retain(|other| *other != id);
        self.ledger.set(id, Place::Closing);
    }

    /// The database no longer knows this backend, or never did.
    pub(crate) fn gone(&mut self, id: BackendId) {
        self.end_loan(id);
        self.leave_lane(id);
        self.free.retain(|other| *other != id);
        self.ledger.gone(id);
        self.turns.remove(&id);
    }

    /// The loan that a backend is in, or was in last.
    pub(crate) fn turn(&self, backend: BackendId) -> Turn {
        Turn {
            backend,
            number: self.turns.get(&backend).copied().unwrap_or(0),
        }
    }

    /// What a loan is for has changed. State that is merely pinned leaves the writer lane to
    /// others: its writes then wait for SQLite's own lock.
    pub(crate) fn set_purpose(&mut self, id: BackendId, purpose: Purpose) {
        if purpose == Purpose::Pinned {
            self.leave_lane(id);
        }
        if let Some(loan) = self.ledger.loan_mut(id) {
            loan.purpose = purpose;
        }
    }

    /// What is to be done next, if anything. Call it until it says nothing.
    pub(crate) fn next(&mut self, now: Instant) -> Option<Action> {
        if self.waiting == 0 {
            return None;
        }
        if let Some((plugin, at)) = self.choose() {
            let queue = self.queues.get_mut(&plugin)?;
            let waiter = queue.waiters.remove(at)?;
            self.waiting -= 1;
            let preferred = waiter.prefer.filter(|id| self.free.contains(id));
            let id = preferred.or_else(|| self.free.last().copied())?;
            let Waiter {
                purpose, writer, ..
            } = waiter;
            self.lend(
                id,
                Loan {
                    plugin,
                    since: now,
                    purpose,
                    writer,
                },
            );
            return Some(Action::Lend(waiter.id, id));
        }
        self.open()
    }

    /// The backends that are clean and idle, least recently used first.
    pub(crate) fn idle(&self) -> &[BackendId] {
        &self.free
    }

    pub(crate) fn waiting(&self) -> usize {
        self.waiting
    }

    pub(crate) fn counts(&self) -> Counts {
        self.ledger.counts()
    }

    pub(crate) fn peak(&self) -> u32 {
        self.ledger.peak()
    }

    pub(crate) fn cap(&self) -> u32 {
        self.ledger.cap()
    }

    pub(crate) fn loans(&self) -> impl Iterator<Item = (BackendId, &Loan)> {
        self.ledger.loans()
    }

    /// Opens a backend if somebody could use it and the cap allows it.
    fn open(&mut self) -> Option<Action> {
        let counts = self.ledger.counts();
        let coming = counts.connecting + counts.resetting;
        let wanted = self
            .queues
            .values()
            .map(|queue| self.could_use(queue))
            .sum::<u32>();
        if wanted <= coming + counts.free {
            return None;
        }
        self.ledger.grant().map(Action::Open)
    }

    /// How many of a queue's waiters more backends would help.
    fn could_use(&self, queue: &Queue) -> u32 {
        let max = queue.share.max.unwrap_or(u32::MAX);
        let allowed = max.saturating_sub(queue.leased);
        let mut writers = u32::from(self.lane.is_none());
        let mut able = 0;
        for waiter in &queue.waiters {
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

    /// The waiter that goes next onto a free backend: the plugin and its place in the queue.
    fn choose(&self) -> Option<(Arc<str>, usize)> {
        if self.free.is_empty() {
            return None;
        }
        let mut best: Option<(u64, WaiterId, &Arc<str>, usize)> = None;
        for (plugin, queue) in &self.queues {
            let Some(at) = self.eligible(queue) else {
                continue;
            };
            if self.free_for(plugin) == 0 {
                continue;
            }
            // Fixed point, so that equal shares compare equal.
            let load = (u64::from(queue.leased) << 16) / u64::from(queue.share.weight.max(1));
            let owed = queue.leased < queue.share.min;
            let load = if owed { 0 } else { load + 1 };
            let Some(waiter) = queue.waiters.get(at) else {
                continue;
            };
            if best.is_none_or(|(least, oldest, ..)| (load, waiter.id) < (least, oldest)) {
                best = Some((load, waiter.id, plugin, at));
            }
        }
        best.map(|(_, _, plugin, at)| (Arc::clone(plugin), at))
    }

    /// The first of a plugin's waiters that may have a backend now.
    fn eligible(&self, queue: &Queue) -> Option<usize> {
        if queue.share.max.is_some_and(|max| queue.leased >= max) {
            return None;
        }
        queue
            .waiters
            .iter()
            .position(|waiter| !waiter.writer || self.lane.is_none())
    }

    /// How many of the free backends a plugin may take: those kept for others are not for it.
    fn free_for(&self, plugin: &str) -> u32 {
        let owed: u32 = self
            .queues
            .iter()
            .filter(|(other, _)| ***other != *plugin)
            .map(|(_, queue)| queue.share.min.saturating_sub(queue.leased))
            .sum();
        let available = self.ledger.counts().free + self.ledger.room();
        available
            .saturating_sub(owed)
            .min(self.ledger.counts().free)
    }

    fn lend(&mut self, id: BackendId, loan: Loan) {
        self.free.retain(|other| *other != id);
        if loan.writer {
            self.lane = Some(id);
        }
        *self.turns.entry(id).or_default() += 1;
        self.queues
            .entry(Arc::clone(&loan.plugin))
            .or_default()
            .leased += 1;
        self.ledger.set(id, Place::Leased(loan));
    }

    fn end_loan(&mut self, id: BackendId) {
        if let Some(Place::Leased(loan)) = self.ledger.place(id)
            && let Some(queue) = self.queues.get_mut(&loan.plugin)
        {
            queue.leased -= 1;
        }
    }

    fn leave_lane(&mut self, id: BackendId) {
        if self.lane == Some(id) {
            self.lane = None;
        }
    }
}

#[cfg(test)]
mod tests;
