//! The rules of the scheduler, said as plainly as can be and with no thought of speed: all is kept in
//! lists, and whatever can be counted is counted anew each time.

use std::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::super::upkeep::LEAST_STAY;
use super::super::{Share, Upkeep, WaiterId};
use crate::pool::ledger::{BackendId, LoginId};

#[derive(Clone, Debug, PartialEq)]
pub(super) enum Place {
    Connecting,
    /// Since when.
    Free(Instant),
    Leased(Loan),
    Resetting,
    Closing,
}

#[derive(Clone, Debug, PartialEq)]
pub(super) struct Loan {
    pub(super) plugin: Arc<str>,
    pub(super) since: Instant,
}

#[derive(Clone, Debug)]
pub(super) struct Waiter {
    pub(super) id: WaiterId,
    pub(super) plugin: Arc<str>,
    pub(super) writer: bool,
    pub(super) prefer: Option<BackendId>,
}

#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Plugin {
    pub(super) share: Share,
    pub(super) login: LoginId,
    /// Nanoseconds of backends that it has had, by its weight.
    used: u64,
    /// The same of the writer lane.
    wrote: u64,
}

pub(super) struct Model {
    pub(super) cap: u32,
    pub(super) upkeep: Upkeep,
    /// In the order in which they came to their places: a change of place goes to the end.
    pub(super) backends: Vec<(BackendId, Place)>,
    pub(super) expiries: Vec<(BackendId, Instant)>,
    /// As whom each backend is opened.
    pub(super) logins: Vec<(BackendId, LoginId)>,
    /// Since when each backend has been open.
    pub(super) opened: Vec<(BackendId, Instant)>,
    /// Logins that the database refuses.
    pub(super) held: Vec<LoginId>,
    /// In the order in which they came.
    pub(super) waiters: Vec<Waiter>,
    pub(super) plugins: BTreeMap<Arc<str>, Plugin>,
    /// The backend that writes, for whom, and since when.
    pub(super) lane: Option<(BackendId, Arc<str>, Instant)>,
    /// On their way out, and nobody was told.
    pub(super) to_close: Vec<BackendId>,
    pub(super) pace: u64,
    pub(super) lane_pace: u64,
    pub(super) suspended: bool,
    /// Nobody is lent anything new.
    pub(super) paused: bool,
    /// And what comes free is closed.
    pub(super) empties: bool,
    pub(super) paused_plugins: BTreeSet<Arc<str>>,
}

impl Plugin {
    fn price(&self, had: Duration) -> u64 {
        let nanos = u64::try_from(had.as_nanos().max(1000)).expect("short");
        nanos / u64::from(self.share.weight)
    }
}

impl Model {
    pub(super) fn place(&self, id: BackendId) -> Option<&Place> {
        let mut backends = self.backends.iter();
        backends
            .find(|(other, _)| *other == id)
            .map(|(_, place)| place)
    }

    pub(super) fn put(&mut self, id: BackendId, place: Place) {
        self.backends.retain(|(other, _)| *other != id);
        self.backends.push((id, place));
    }

    pub(super) fn count(&self, is: impl Fn(&Place) -> bool) -> u32 {
        let count = self.backends.iter().filter(|(_, place)| is(place)).count();
        u32::try_from(count).expect("few")
    }

    pub(super) fn free(&self) -> Vec<BackendId> {
        let free = |(_, place): &&(BackendId, Place)| matches!(place, Place::Free(_));
        self.backends
            .iter()
            .filter(free)
            .map(|(id, _)| *id)
            .collect()
    }

    pub(super) fn leased(&self, plugin: &str) -> u32 {
        self.count(|place| matches!(place, Place::Leased(loan) if *loan.plugin == *plugin))
    }

    /// Slots of the cap that nothing has.
    pub(super) fn room(&self) -> u32 {
        self.cap.saturating_sub(self.count(|_| true))
    }

    /// Backends that are kept for a plugin and that it does not have.
    pub(super) fn owed(&self, plugin: &str) -> u32 {
        let min = self.plugins.get(plugin).map_or(0, |known| known.share.min);
        min.saturating_sub(self.leased(plugin))
    }

    /// Whether a plugin may have one more: it has less than its maximum, and with all that are free
    /// or can be opened there is one that is not kept for somebody else.
    pub(super) fn may_have(&self, plugin: &str) -> bool {
        let max = self.plugins.get(plugin).and_then(|known| known.share.max);
        let others = self.plugins.keys().filter(|other| ***other != *plugin);
        let kept: u32 = others.map(|other| self.owed(other)).sum();
        let there = u32::try_from(self.free().len()).expect("few") + self.room();
        max.is_none_or(|max| self.leased(plugin) < max) && there > kept
    }

    /// Whether an operator holds a plugin back.
    pub(super) fn holds_back(&self, plugin: &str) -> bool {
        self.paused || self.paused_plugins.contains(plugin)
    }

    /// The first of a plugin's waiters that may run now.
    fn first(&self, plugin: &str) -> Option<&Waiter> {
        let mut own = self
            .waiters
            .iter()
            .filter(|waiter| *waiter.plugin == *plugin);
        own.find(|waiter| !waiter.writer || self.lane.is_none())
    }

    /// The first waiters of all plugins that may have one more, in the order of their turns: where
    /// it is a writer's turn, it is that of the writer who has had least of the lane and has had no
    /// turn.
    pub(super) fn in_turn(&self) -> Vec<&Waiter> {
        let mut waiters: Vec<_> = self.could_run().collect();
        waiters.sort_by(|a, b| self.order(a, b));
        let mut writers: Vec<_> = waiters.iter().copied().filter(|w| w.writer).collect();
        writers.sort_by_key(|w| (self.plugins[&w.plugin].wrote, w.id));
        let mut writers = writers.into_iter();
        let turn = |w: &Waiter| w.writer.then(|| writers.next().expect("as many"));
        let turns: Vec<_> = waiters.iter().copied().map(turn).collect();
        let turns = turns.into_iter().zip(waiters);
        turns
            .map(|(writer, other)| writer.unwrap_or(other))
            .collect()
    }

    pub(super) fn login(&self, id: BackendId) -> LoginId {
        let mut logins = self.logins.iter();
        let known = logins.find(|(other, _)| *other == id);
        known.expect("every backend has a login").1
    }

    pub(super) fn login_of(&self, plugin: &str) -> LoginId {
        let known = self.plugins.get(plugin);
        known.map_or(LoginId::HOST, |known| known.login)
    }

    /// The free backends of a login, the last of which was used last.
    pub(super) fn free_for(&self, login: LoginId) -> Vec<BackendId> {
        let mut free = self.free();
        free.retain(|id| self.login(*id) == login);
        free
    }

    /// Backends of a login that are on their way to be free.
    pub(super) fn coming(&self, login: LoginId) -> usize {
        let coming = |place: &Place| matches!(place, Place::Connecting | Place::Resetting);
        let backends = self.backends.iter().filter(|(_, place)| coming(place));
        backends.filter(|(id, _)| self.login(*id) == login).count()
    }

    /// Whether none of a login may be opened at all.
    pub(super) fn is_shut(&self, login: LoginId) -> bool {
        self.suspended || self.held.contains(&login)
    }

    /// Backends on their way out whose slots are not beyond the cap.
    pub(super) fn vacating(&self) -> u32 {
        self.cap.saturating_sub(self.staying()) - self.room()
    }

    /// The idle backend that may be closed for one of another login: the least recently used of
    /// those that are not kept, and that have been open for a while or that nobody waits for.
    pub(super) fn spare(&self, now: Instant) -> Option<BackendId> {
        let mut free = self.free().into_iter();
        free.find(|id| {
            let login = self.login(*id);
            let own = self
                .plugins
                .iter()
                .filter(|(_, known)| known.login == login);
            let kept: u32 = own.map(|(plugin, _)| self.owed(plugin)).sum();
            let others = self.free_for(login).len();
            let opened = self.opened.iter().find(|(other, _)| other == id);
            let long = opened.is_none_or(|(_, at)| now.duration_since(*at) >= LEAST_STAY);
            let wanted = self.could_run().any(|w| self.login_of(&w.plugin) == login);
            others > kept as usize && (long || !wanted)
        })
    }

    /// The first waiters of all plugins that may have one more.
    pub(super) fn could_run(&self) -> impl Iterator<Item = &Waiter> {
        let may = |plugin: &&Arc<str>| self.may_have(plugin) && !self.holds_back(plugin);
        let may = self.plugins.keys().filter(may);
        may.filter_map(|plugin| self.first(plugin))
    }

    /// Whoever is owed a backend comes first; then whoever has least for its weight; then whoever had
    /// least so far; then whoever came first.
    fn order(&self, a: &Waiter, b: &Waiter) -> Ordering {
        let (one, other) = (self.plugins[&a.plugin], self.plugins[&b.plugin]);
        let owed = |waiter: &Waiter| self.owed(&waiter.plugin) > 0;
        let load = match (owed(a), owed(b)) {
            (true, true) => Ordering::Equal,
            (true, false) => Ordering::Less,
            (false, true) => Ordering::Greater,
            (false, false) => {
                let (has, had) = (self.leased(&a.plugin), self.leased(&b.plugin));
                (has * other.share.weight).cmp(&(had * one.share.weight))
            }
        };
        load.then(one.used.cmp(&other.used)).then(a.id.cmp(&b.id))
    }

    /// A plugin that did nothing begins where those who were served last are.
    pub(super) fn wake(&mut self, plugin: &Arc<str>) {
        let idle = self.leased(plugin) == 0 && !self.waiters.iter().any(|w| w.plugin == *plugin);
        let pace = self.pace;
        let known = self.plugins.entry(Arc::clone(plugin)).or_default();
        if idle {
            known.used = known.used.max(pace);
        }
    }

    /// And so does one that did not write, among writers.
    pub(super) fn wake_to_write(&mut self, plugin: &Arc<str>) {
        let waits = |w: &Waiter| w.writer && w.plugin == *plugin;
        let writes = self.lane.as_ref().is_some_and(|lane| lane.1 == *plugin);
        if !writes && !self.waiters.iter().any(waits) {
            let pace = self.lane_pace;
            let known = self.plugins.entry(Arc::clone(plugin)).or_default();
            known.wrote = known.wrote.max(pace);
        }
    }

    pub(super) fn lend(&mut self, id: BackendId, plugin: &Arc<str>, writer: bool, now: Instant) {
        if writer {
            assert_eq!(self.lane, None, "two writers");
            self.lane = Some((id, Arc::clone(plugin), now));
            self.lane_pace = self.lane_pace.max(self.plugins[plugin].wrote);
        }
        self.pace = self.pace.max(self.plugins[plugin].used);
        let plugin = Arc::clone(plugin);
        self.put(id, Place::Leased(Loan { plugin, since: now }));
    }

    pub(super) fn serve(&mut self, waiter: &Waiter) {
        self.waiters.retain(|other| other.id != waiter.id);
    }

    /// The loan of a backend ends, if it is in one.
    pub(super) fn end_loan(&mut self, id: BackendId, now: Instant) {
        let Some(Place::Leased(loan)) = self.place(id).cloned() else {
            return;
        };
        let known = self.plugins.get_mut(&loan.plugin).expect("it has a loan");
        known.used += known.price(now.duration_since(loan.since));
    }

    pub(super) fn leave_lane(&mut self, id: BackendId, now: Instant) {
        if let Some((_, plugin, since)) = self.lane.take_if(|lane| lane.0 == id) {
            let known = self.plugins.get_mut(&plugin).expect("it has the lane");
            known.wrote += known.price(now.duration_since(since));
        }
    }

    pub(super) fn give_back(&mut self, id: BackendId, now: Instant) {
        if self.place(id) == Some(&Place::Connecting) {
            self.opened.push((id, now));
        }
        self.end_loan(id, now);
        self.leave_lane(id, now);
        if self.excess() > 0 || self.is_old(id, now) || self.empties {
            self.retire(id);
        } else {
            self.put(id, Place::Free(now));
        }
    }

    pub(super) fn retire(&mut self, id: BackendId) {
        self.put(id, Place::Closing);
        self.to_close.push(id);
    }

    pub(super) fn forget(&mut self, id: BackendId, now: Instant) {
        self.end_loan(id, now);
        self.leave_lane(id, now);
        self.backends.retain(|(other, _)| *other != id);
        self.expiries.retain(|(other, _)| *other != id);
        self.opened.retain(|(other, _)| *other != id);
        self.to_close.retain(|other| *other != id);
    }

    fn is_old(&self, id: BackendId, now: Instant) -> bool {
        let mut expiries = self.expiries.iter();
        expiries.any(|(other, expires)| *other == id && *expires <= now)
    }

    /// Backends beyond the cap that stay.
    fn excess(&self) -> u32 {
        self.staying().saturating_sub(self.cap)
    }

    pub(super) fn staying(&self) -> u32 {
        self.count(|place| *place != Place::Closing)
    }

    pub(super) fn set_cap(&mut self, cap: u32) {
        self.cap = cap;
        while self.excess() > 0
            && let Some(id) = self.free().first().copied()
        {
            self.retire(id);
        }
    }

    pub(super) fn suspend(&mut self) {
        self.suspended = true;
        for id in self.free() {
            self.retire(id);
        }
        self.waiters.clear();
    }

    /// Nobody is lent anything, and nothing stays open.
    pub(super) fn empty(&mut self) {
        (self.paused, self.empties) = (true, true);
        for id in self.free() {
            self.retire(id);
        }
    }

    pub(super) fn tidy(&mut self, now: Instant) {
        for id in self.free() {
            if self.is_old(id, now) {
                self.retire(id);
            }
        }
        let timeout = self.upkeep.idle_timeout.unwrap_or(Duration::MAX);
        for id in self.free() {
            let rests = matches!(self.place(id), Some(Place::Free(since))
                if now.duration_since(*since) >= timeout);
            if rests && self.staying() > self.upkeep.min_connections {
                self.retire(id);
            }
        }
    }
}
