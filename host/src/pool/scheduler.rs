//! Who gets the next free backend.
//!
//! First come first served within a plugin; between plugins, whoever has least for its weight
//! goes first (weighted max-min), and of those with as much, whoever had least so far. A plugin's
//! guaranteed minimum is kept for it; its maximum is never passed.
//!
//! SQLite has one writer lane besides, which is shared by an account of its own: whoever reads much
//! on backends that nobody else wants does not wait for it the longer. Where it is a writer's turn,
//! the writer goes whose plugin has had least of the lane.
//!
//! A plugin is lent backends of its own login alone. Where the cap is full and only others' are
//! idle, one of those gives way to one that whoever goes first can use: it is closed, and when it
//! is gone the other is opened.
//!
//! This is a plain state machine: it does no I/O, knows no clock, and is driven by the pool and
//! by the simulation alike. Whoever drives it tells what happened ([`ask`](Scheduler::ask),
//! [`free`](Scheduler::free), [`gone`](Scheduler::gone), ...) and then does what
//! [`next`](Scheduler::next) says until it says nothing.

mod ask;
mod choice;
mod deadlock;
mod lane;
mod pause;
mod queue;
#[cfg(test)]
mod simulation;
#[cfg(test)]
mod tests;
mod upkeep;

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;
use std::time::{Duration, Instant};

pub(crate) use ask::{Action, Answer, Ask, Holder, Share, Turn, WaiterId, Waiting};
use choice::Move;
use lane::Lane;
use pause::Pauses;
use queue::{Queue, Waiter};
pub(crate) use upkeep::Upkeep;

use super::closing::{CloseCounts, CloseReason};
use super::ledger::{BackendId, Counts, EndedLoan, Grant, Ledger, Loan, LoginId, Place, Purpose};
use super::names::Names;
use crate::telemetry::PluginTally;

/// Loans that have ended and are remembered, for whoever looks.
const REMEMBERED_LOANS: usize = 256;
/// How long a loan must have lasted to be remembered.
const LEAST_REMEMBERED: Duration = Duration::from_millis(5);

/// Decides who gets the next free backend.
#[derive(Debug)]
pub(crate) struct Scheduler {
    ledger: Ledger,
    upkeep: Upkeep,
    // Invariant: exactly the backends whose place is `Free`, least recently used first.
    free: Vec<Idle>,
    queues: BTreeMap<Arc<str>, Queue>,
    /// Only SQLite asks for it.
    lane: Lane,
    names: Names,
    // Invariant: the waiters of all queues together.
    waiting: usize,
    lives: BTreeMap<BackendId, Life>,
    /// Backends that are on their way out, of which nobody has been told.
    to_close: Vec<BackendId>,
    /// What those who were served last had used by then: whoever comes anew begins there.
    pace: u64,
    /// Whether no backend may be opened, because the database is down.
    suspended: bool,
    pauses: Pauses,
    /// The logins of which none may be opened, because the database refuses them.
    held: BTreeSet<LoginId>,
    closes: CloseCounts,
    /// Loans that have ended, in the order in which they did.
    ended: VecDeque<EndedLoan>,
}

#[derive(Clone, Copy, Debug)]
struct Idle {
    id: BackendId,
    login: LoginId,
    since: Instant,
}

#[derive(Debug, Default)]
struct Life {
    /// How many loans it has had.
    turns: u64,
    /// When it was open.
    opened: Option<Instant>,
    /// When it has lived long enough.
    expires: Option<Instant>,
    /// Whether that is because all are to be opened anew.
    replaced: bool,
}

impl Scheduler {
    pub(crate) fn new(cap: u32) -> Self {
        Self {
            ledger: Ledger::new(cap),
            upkeep: Upkeep::default(),
            free: Vec::new(),
            queues: BTreeMap::new(),
            lane: Lane::default(),
            names: Names::default(),
            waiting: 0,
            lives: BTreeMap::new(),
            to_close: Vec::new(),
            pace: 0,
            suspended: false,
            pauses: Pauses::default(),
            held: BTreeSet::new(),
            closes: CloseCounts::default(),
            ended: VecDeque::new(),
        }
    }

    /// The same, which numbers its backends and waiters from this series.
    pub(crate) fn with_names(mut self, names: Names) -> Self {
        self.ledger.set_names(names.clone());
        self.names = names;
        self
    }

    /// What a plugin does and did.
    pub(crate) fn tally(&mut self, plugin: &Arc<str>) -> Arc<PluginTally> {
        let queue = self.queues.entry(Arc::clone(plugin)).or_default();
        Arc::clone(&queue.tally)
    }

    /// A plugin was given no backend, after it had waited for this long.
    pub(crate) fn refused(&mut self, plugin: &Arc<str>, waited: Duration) {
        self.tally(plugin).waited(waited, false);
    }

    /// What every plugin that has asked for a backend does and did, by name, with how many wait
    /// for one and how many have one.
    pub(crate) fn tallies(
        &self,
    ) -> impl Iterator<Item = (&Arc<str>, &Arc<PluginTally>, usize, u32)> {
        let queues = self.queues.iter();
        queues.map(|(plugin, queue)| (plugin, &queue.tally, queue.waiters.len(), queue.leased))
    }

    /// The latest loans that have ended and were not too short, in the order in which they did.
    pub(crate) fn ended(&self) -> impl Iterator<Item = &EndedLoan> {
        self.ended.iter()
    }

    /// How many backends the scheduler itself has closed, and why.
    pub(crate) fn closes(&self) -> impl Iterator<Item = (CloseReason, u64)> {
        self.closes.read()
    }

    /// Sets what a plugin may have.
    pub(crate) fn set_share(&mut self, plugin: &Arc<str>, share: Share) {
        self.queues.entry(Arc::clone(plugin)).or_default().share = share;
    }

    /// Sets whose backends a plugin is lent. Others' are not touched by it.
    pub(crate) fn set_login(&mut self, plugin: &Arc<str>, login: LoginId) {
        self.queues.entry(Arc::clone(plugin)).or_default().login = login;
    }

    /// The backends that are kept for each plugin.
    pub(crate) fn minimums(&self) -> impl Iterator<Item = (&Arc<str>, u32)> {
        let minimum = |(plugin, queue): (_, &Queue)| (plugin, queue.share.min);
        self.queues.iter().map(minimum)
    }

    /// A slot for the control backend.
    pub(crate) fn open_control(&mut self) -> Option<Grant> {
        let grant = self.ledger.grant(LoginId::HOST)?;
        self.ledger.set(grant.id(), Place::Control);
        Some(grant)
    }

    /// Joins the queue of a plugin.
    pub(crate) fn ask(&mut self, ask: &Ask, now: Instant) -> Answer {
        let queue = awaken(&mut self.queues, &ask.plugin, self.pace);
        if queue.is_full() {
            return Answer::Full;
        }
        if ask.writer {
            self.lane.awaken(&ask.plugin, queue);
        }
        let id = WaiterId(self.names.next_waiter());
        self.waiting += 1;
        queue.waiters.push_back(Waiter::new(id, ask, now));
        Answer::Wait(id)
    }

    /// Leaves the queue. Nothing happens if the waiter is not in it any more.
    pub(crate) fn withdraw(&mut self, plugin: &str, waiter: WaiterId) {
        let queue = self.queues.get_mut(plugin);
        if queue.and_then(|queue| queue.remove(waiter)).is_some() {
            self.waiting -= 1;
        }
    }

    /// How many of the plugin's waiters are before this one.
    pub(crate) fn position(&self, plugin: &str, waiter: WaiterId) -> Option<usize> {
        self.queues.get(plugin)?.position(waiter)
    }

    /// Removes a waiter, whoever's it is.
    pub(crate) fn dismiss(&mut self, waiter: WaiterId) {
        let mut queues = self.queues.values_mut();
        if queues.any(|queue| queue.remove(waiter).is_some()) {
            self.waiting -= 1;
        }
    }

    /// A backend is clean and nobody's: after it was opened, given back or reset.
    pub(crate) fn free(&mut self, id: BackendId, now: Instant) {
        self.end_loan(id, now);
        self.leave_lane(id, now);
        let Some(login) = self.ledger.login(id) else {
            return;
        };
        match self.ledger.place(id) {
            Some(Place::Free) => return,
            Some(Place::Connecting) => self.lives.entry(id).or_default().opened = Some(now),
            _ => (),
        }
        if self.excess() > 0 {
            return self.retire(id, CloseReason::Cap);
        }
        if self.has_expired(id, now) {
            return self.retire(id, self.why_expired(id));
        }
        if self.pauses.closes() {
            return self.retire(id, CloseReason::Emptied);
        }
        self.ledger.set(id, Place::Free);
        let since = now;
        self.free.push(Idle { id, login, since });
    }

    /// A backend that was given back is being cleaned. It keeps the writer lane, since its
    /// transaction may still be open.
    pub(crate) fn resetting(&mut self, id: BackendId, now: Instant) {
        self.end_loan(id, now);
        self.ledger.set(id, Place::Resetting);
    }

    /// A backend is on its way out.
    pub(crate) fn closing(&mut self, id: BackendId, now: Instant) {
        self.end_loan(id, now);
        self.free.retain(|idle| idle.id != id);
        self.ledger.set(id, Place::Closing);
    }

    /// The database no longer knows this backend, or never did.
    pub(crate) fn gone(&mut self, id: BackendId, now: Instant) {
        self.end_loan(id, now);
        self.leave_lane(id, now);
        self.free.retain(|idle| idle.id != id);
        self.ledger.gone(id);
        self.lives.remove(&id);
        self.to_close.retain(|other| *other != id);
    }

    /// The loan that a backend is in, or was in last.
    pub(crate) fn turn(&self, backend: BackendId) -> Turn {
        let number = self.lives.get(&backend).map_or(0, |life| life.turns);
        Turn { backend, number }
    }

    /// What a loan is for has changed. State that is merely pinned leaves the writer lane to
    /// others: its writes then wait for SQLite's own lock.
    pub(crate) fn set_purpose(&mut self, id: BackendId, purpose: Purpose, now: Instant) {
        if purpose == Purpose::Pinned {
            self.leave_lane(id, now);
        }
        if let Some(loan) = self.ledger.loan_mut(id) {
            loan.purpose = purpose;
        }
    }

    /// What is to be done next, if anything. Call it until it says nothing.
    pub(crate) fn next(&mut self, now: Instant) -> Option<Action> {
        if let Some(id) = self.to_close.pop() {
            return Some(Action::Close(id));
        }
        match self.choose(now) {
            Some(Move::Lend(plugin, at)) => self.serve(&plugin, at, now),
            Some(Move::Open(login)) => self.ledger.grant(login).map(Action::Open),
            Some(Move::Close(id)) => {
                self.closes.add(CloseReason::Login);
                self.closing(id, now);
                Some(Action::Close(id))
            }
            None => self.open(),
        }
    }

    pub(crate) fn is_closing(&self, id: BackendId) -> bool {
        self.ledger.place(id) == Some(&Place::Closing)
    }

    /// The backends that are clean and idle, least recently used first.
    pub(crate) fn idle(&self) -> impl Iterator<Item = BackendId> {
        self.free.iter().map(|idle| idle.id)
    }

    /// Everybody who waits.
    pub(crate) fn waiters(&self) -> impl Iterator<Item = Waiting<'_>> {
        self.queues.iter().flat_map(|(plugin, queue)| {
            queue.waiters.iter().map(move |waiter| Waiting {
                id: waiter.id,
                plugin,
                holder: waiter.holder,
                since: waiter.since,
            })
        })
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

    /// Whose backends a plugin is lent.
    pub(crate) fn login_of(&self, plugin: &str) -> LoginId {
        let queue = self.queues.get(plugin);
        queue.map_or(LoginId::HOST, |queue| queue.login)
    }

    /// Whether a backend is idle that this plugin could be lent.
    pub(crate) fn has_idle_for(&self, plugin: &str) -> bool {
        self.ledger.counts_of(self.login_of(plugin)).free > 0
    }

    /// Whether there is a backend of this login that is, or will be, of use.
    pub(crate) fn has_any_of(&self, login: LoginId) -> bool {
        let counts = self.ledger.counts_of(login);
        counts.free + counts.leased + counts.resetting > 0
    }

    fn serve(&mut self, plugin: &Arc<str>, at: usize, now: Instant) -> Option<Action> {
        let queue = self.queues.get_mut(plugin)?;
        let (login, waiter) = (queue.login, queue.waiters.remove(at)?);
        let waited = now.saturating_duration_since(waiter.since);
        queue.tally.waited(waited, true);
        self.waiting -= 1;
        let id = self.pick(login, waiter.prefer)?;
        let loan = Loan {
            plugin: Arc::clone(plugin),
            holder: waiter.holder,
            since: now,
            purpose: waiter.purpose,
            writer: waiter.writer,
        };
        self.lend(id, loan);
        Some(Action::Lend(waiter.id, id))
    }

    fn lend(&mut self, id: BackendId, loan: Loan) {
        self.free.retain(|idle| idle.id != id);
        self.lives.entry(id).or_default().turns += 1;
        if let Some(queue) = self.queues.get_mut(&loan.plugin) {
            queue.leased += 1;
            self.pace = self.pace.max(queue.used);
            if loan.writer {
                self.lane.take(id, &loan.plugin, queue, loan.since);
            }
        }
        self.ledger.set(id, Place::Leased(loan));
    }

    fn end_loan(&mut self, id: BackendId, now: Instant) {
        if let Some(Place::Leased(loan)) = self.ledger.place(id)
            && let Some(queue) = self.queues.get_mut(&loan.plugin)
        {
            let had = now.saturating_duration_since(loan.since);
            queue.tally.holds.record(had);
            queue.charge(had);
            queue.leased -= 1;
            if had >= LEAST_REMEMBERED {
                if self.ended.len() == REMEMBERED_LOANS {
                    self.ended.pop_front();
                }
                let turn = self.lives.get(&id).map_or(0, |life| life.turns);
                self.ended.push_back(EndedLoan {
                    backend: id,
                    turn,
                    loan: loan.clone(),
                    until: now,
                });
            }
        }
    }

    fn leave_lane(&mut self, id: BackendId, now: Instant) {
        if let Some((plugin, had)) = self.lane.leave(id, now)
            && let Some(queue) = self.queues.get_mut(&plugin)
        {
            queue.charge_writing(had);
        }
    }
}

/// The queue of a plugin that is about to ask for a backend. It has saved up no time while others
/// went on.
fn awaken<'a>(
    queues: &'a mut BTreeMap<Arc<str>, Queue>,
    plugin: &Arc<str>,
    pace: u64,
) -> &'a mut Queue {
    let queue = queues.entry(Arc::clone(plugin)).or_default();
    if queue.is_idle() {
        queue.used = queue.used.max(pace);
    }
    queue
}
