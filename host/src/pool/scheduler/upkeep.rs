//! How many backends there are: opening them on demand, and closing those that are too many, too
//! old, or not used.

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::Scheduler;
use super::ask::{Action, WaiterId};
use super::queue::Queue;
use crate::pool::closing::CloseReason;
use crate::pool::ledger::{BackendId, Grant, LoginId, Place};

/// How long a backend that others of its login wait for is lent to these before it gives way to one
/// of another login: each change costs the time that it takes to close and to connect.
pub(super) const LEAST_STAY: Duration = Duration::from_millis(100);

/// How many backends are kept, and for how long.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Upkeep {
    /// Backends for work that are kept open even when nobody uses them.
    pub(crate) min_connections: u32,
    /// Backends that may be on their way to the database at once.
    pub(crate) connecting_at_once: u32,
    /// How long a backend that nobody uses is kept beyond the minimum.
    pub(crate) idle_timeout: Option<Duration>,
}

impl Default for Upkeep {
    fn default() -> Self {
        Self {
            min_connections: 0,
            connecting_at_once: 4,
            idle_timeout: Some(Duration::from_secs(600)),
        }
    }
}

impl Scheduler {
    pub(crate) fn with_upkeep(mut self, upkeep: Upkeep) -> Self {
        self.upkeep = upkeep;
        self
    }

    /// Changes the cap. Of backends that are too many now, the idle ones are closed at once and
    /// the others as they come free; until then none is opened.
    pub(crate) fn set_cap(&mut self, cap: u32) {
        self.ledger.set_cap(cap);
        while self.excess() > 0 && self.close_least_used(CloseReason::Cap) {}
    }

    /// Says when a backend has lived long enough.
    pub(crate) fn set_expiry(&mut self, id: BackendId, expires: Option<Instant>) {
        self.lives.entry(id).or_default().expires = expires;
    }

    /// Every backend that there is has lived long enough: after a failover, say.
    pub(crate) fn expire_all(&mut self, now: Instant) {
        for life in self.lives.values_mut() {
            life.expires = Some(now);
            life.replaced = true;
        }
        self.tidy(now);
    }

    /// Closes what has lived long enough or was not used for long.
    pub(crate) fn tidy(&mut self, now: Instant) {
        let old: Vec<_> = self
            .free
            .iter()
            .map(|idle| idle.id)
            .filter(|id| self.has_expired(*id, now))
            .collect();
        for id in old {
            let why = self.why_expired(id);
            self.close(id, now, why);
        }
        let Some(timeout) = self.upkeep.idle_timeout else {
            return;
        };
        // The least recently used come first, and with them the longest idle.
        while self.working() > self.upkeep.min_connections
            && let Some(idle) = self.free.first()
            && now.saturating_duration_since(idle.since) >= timeout
        {
            self.close(idle.id, now, CloseReason::Idle);
        }
    }

    /// The database is down: opens nothing more, closes what is idle, and forgets who waits.
    pub(crate) fn suspend(&mut self) {
        self.suspended = true;
        while self.close_least_used(CloseReason::Outage) {}
        for queue in self.queues.values_mut() {
            queue.waiters.clear();
        }
        self.waiting = 0;
    }

    /// The database has no room for more backends: opens none for now.
    pub(crate) fn hold_off(&mut self) {
        self.suspended = true;
    }

    /// The database is up again, or may have room again.
    pub(crate) fn resume(&mut self) {
        self.suspended = false;
    }

    /// The database refuses a login: opens no backend of it for now, and says who waits for one.
    pub(crate) fn hold_off_login(&mut self, login: LoginId) -> Vec<WaiterId> {
        self.held.insert(login);
        let queues = self.queues.values();
        let own = queues.filter(|queue| queue.login == login);
        own.flat_map(|queue| queue.waiters.iter().map(|waiter| waiter.id))
            .collect()
    }

    /// The database may take the login again.
    pub(crate) fn resume_login(&mut self, login: LoginId) {
        self.held.remove(&login);
    }

    /// A slot for a backend that nobody has asked for yet.
    pub(crate) fn open_work(&mut self, login: LoginId) -> Option<Grant> {
        self.ledger.grant(login)
    }

    /// Opens a backend if somebody could use it and the cap allows it.
    pub(super) fn open(&mut self) -> Option<Action> {
        if !self.may_open() || self.ledger.room() == 0 {
            return None;
        }
        let too_few = || (self.working() < self.upkeep.min_connections).then_some(LoginId::HOST);
        let login = self.first_in_want().or_else(too_few)?;
        self.ledger.grant(login).map(Action::Open)
    }

    /// Whether the database is up, somebody may be lent something, and few enough backends are on
    /// their way.
    pub(super) fn may_open(&self) -> bool {
        let counts = self.ledger.counts();
        let shut = self.suspended || self.pauses.all();
        !shut && counts.connecting < self.upkeep.connecting_at_once.max(1)
    }

    /// Whether somebody waits for a backend of this login for whom none is free and none on its way.
    pub(super) fn is_in_want(&self, login: LoginId) -> bool {
        if self.suspended || self.held.contains(&login) {
            return false;
        }
        let counts = self.ledger.counts_of(login);
        let under_way = counts.connecting + counts.resetting;
        let coming = under_way + counts.free;
        let mut wanted = 0;
        let own = |(plugin, queue): &(&Arc<str>, &Queue)| {
            queue.login == login && !self.pauses.holds_back(plugin)
        };
        for (_, queue) in self.queues.iter().filter(own) {
            // What is kept for others does not help this one, open or not.
            let enough = (coming + 1).min(self.available_to(queue) + under_way);
            wanted += queue.could_use(self.lane.is_free(), enough);
            if wanted > coming {
                return true;
            }
        }
        false
    }

    /// Slots of the cap that will come free by themselves.
    pub(super) fn vacating(&self) -> u32 {
        let counts = self.ledger.counts();
        let stay = counts.total() - counts.closing;
        self.ledger.cap().saturating_sub(stay) - self.ledger.room()
    }

    /// Whether a backend has been open for long enough to give way to one of another login.
    pub(super) fn has_had_its_time(&self, id: BackendId, now: Instant) -> bool {
        let opened = self.lives.get(&id).and_then(|life| life.opened);
        opened.is_none_or(|opened| now.saturating_duration_since(opened) >= LEAST_STAY)
    }

    pub(super) fn has_expired(&self, id: BackendId, now: Instant) -> bool {
        let life = self.lives.get(&id);
        let expires = life.and_then(|life| life.expires);
        expires.is_some_and(|expires| expires <= now)
    }

    pub(super) fn why_expired(&self, id: BackendId) -> CloseReason {
        match self.lives.get(&id) {
            Some(life) if life.replaced => CloseReason::Replaced,
            _ => CloseReason::Age,
        }
    }

    /// Backends beyond the cap that are not on their way out yet.
    pub(super) fn excess(&self) -> u32 {
        let counts = self.ledger.counts();
        (counts.total() - counts.closing).saturating_sub(self.ledger.cap())
    }

    /// Backends for work that are not on their way out.
    fn working(&self) -> u32 {
        let counts = self.ledger.counts();
        counts.total() - counts.closing - counts.control
    }

    pub(super) fn close_least_used(&mut self, why: CloseReason) -> bool {
        let Some(idle) = self.free.first() else {
            return false;
        };
        self.close(idle.id, idle.since, why);
        true
    }

    /// Puts a free backend on its way out; [`next`](Self::next) says so.
    fn close(&mut self, id: BackendId, now: Instant, why: CloseReason) {
        self.closes.add(why);
        self.closing(id, now);
        self.to_close.push(id);
    }

    /// A backend was given back that must not be lent again.
    pub(super) fn retire(&mut self, id: BackendId, why: CloseReason) {
        self.closes.add(why);
        self.ledger.set(id, Place::Closing);
        self.to_close.push(id);
    }
}
