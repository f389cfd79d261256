//! One seed's run.

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::super::{Answer, Ask, Holder, Scheduler, Share, Upkeep};
use super::draw::Draw;
use super::model::{Model, Place, Waiter};
use crate::pool::ledger::{BackendId, Loan, LoginId, Purpose};

const PLUGINS: [&str; 3] = ["a", "b", "c"];

pub(super) struct Run {
    pub(super) draw: Draw,
    pub(super) scheduler: Scheduler,
    pub(super) model: Model,
    pub(super) now: Instant,
    story: Vec<String>,
}

impl Run {
    pub(super) fn new(seed: u64) -> Self {
        let mut draw = Draw::new(seed);
        let cap = 1 + draw.small(6);
        let upkeep = Upkeep {
            min_connections: draw.small(cap + 1).min(2),
            connecting_at_once: 1 + draw.small(3),
            idle_timeout: draw.once_in(2).then_some(Duration::from_secs(5)),
        };
        let model = Model {
            cap,
            upkeep,
            backends: Vec::new(),
            expiries: Vec::new(),
            logins: Vec::new(),
            opened: Vec::new(),
            held: Vec::new(),
            waiters: Vec::new(),
            plugins: std::collections::BTreeMap::new(),
            lane: None,
            to_close: Vec::new(),
            pace: 0,
            lane_pace: 0,
            suspended: false,
            paused: false,
            empties: false,
            paused_plugins: std::collections::BTreeSet::new(),
        };
        let mut run = Self {
            draw,
            scheduler: Scheduler::new(cap).with_upkeep(upkeep),
            model,
            now: Instant::now(),
            story: vec![format!("cap {cap}, {upkeep:?}")],
        };
        run.give_logins();
        run
    }

    /// In half of the runs all plugins have the host's login.
    fn give_logins(&mut self) {
        if self.draw.once_in(2) {
            return;
        }
        for plugin in PLUGINS {
            let login = self.login();
            self.tell(format!("{plugin} is {login:?}"));
            self.scheduler.set_login(&Arc::from(plugin), login);
            let known = self.model.plugins.entry(Arc::from(plugin));
            known.or_default().login = login;
        }
    }

    fn login(&mut self) -> LoginId {
        LoginId::nth(usize::try_from(self.draw.below(3)).expect("few")).expect("few")
    }

    pub(super) fn story(&self) -> String {
        self.story.join("\n")
    }

    /// Something happens, and then whatever is to be done.
    pub(super) fn step(&mut self) {
        for _ in 0..=self.draw.below(3) {
            self.now += Duration::from_micros(self.draw.below(3000));
            self.happen();
            self.agree();
        }
        while self.act() {
            self.agree();
        }
        self.at_rest();
    }

    pub(super) fn tell(&mut self, what: String) {
        self.story.push(what);
    }

    fn happen(&mut self) {
        match self.draw.below(28) {
            0..7 => self.ask(),
            24..26 => self.ask_at_once(),
            7..10 => self.arrive(),
            10..15 => self.end(),
            15 => self.leave(),
            16 => self.take(),
            17 => self.pin(),
            18 => self.share(),
            19 => self.age(),
            20 => self.cap(),
            21 => self.database(),
            26 => self.hold_back(),
            27 => self.lift(),
            _ => self.depart(),
        }
    }

    fn plugin(&mut self) -> Arc<str> {
        Arc::from(self.draw.one_of(&PLUGINS).expect("some"))
    }

    /// A backend in such a place.
    fn backend(&mut self, is: impl Fn(&Place) -> bool) -> Option<BackendId> {
        let there = self.model.backends.iter().filter(|(_, place)| is(place));
        let there: Vec<_> = there.map(|(id, _)| *id).collect();
        self.draw.one_of(&there)
    }

    fn an_ask(&mut self) -> Ask {
        Ask {
            plugin: self.plugin(),
            holder: Holder(self.draw.below(4)),
            purpose: Purpose::Statement,
            writer: self.draw.once_in(3),
            prefer: self.backend(|_| true).filter(|_| self.draw.once_in(2)),
        }
    }

    /// Somebody would rather not wait.
    fn ask_at_once(&mut self) {
        let ask = self.an_ask();
        self.tell(format!("at once: {ask:?}"));
        let free = self.model.free();
        let held_up = ask.writer && self.model.lane.is_some();
        let held_up = held_up || self.model.holds_back(&ask.plugin);
        let mut may = self.model.waiters.is_empty() && !free.is_empty() && !held_up;
        if may {
            self.model.wake(&ask.plugin);
            may = self.model.may_have(&ask.plugin);
        }
        let own = self.model.free_for(self.model.login_of(&ask.plugin));
        let preferred = ask.prefer.filter(|prefer| own.contains(prefer));
        let due = preferred.or(own.last().copied()).filter(|_| may);
        assert_eq!(self.scheduler.lend_at_once(&ask, self.now), due, "at once");
        if let Some(id) = due {
            if ask.writer {
                self.model.wake_to_write(&ask.plugin);
            }
            self.model.lend(id, &ask.plugin, ask.writer, self.now);
        }
    }

    fn ask(&mut self) {
        let ask = self.an_ask();
        self.tell(format!("{ask:?}"));
        let share = self.model.plugins.get(&ask.plugin).map(|known| known.share);
        let waiting = self.model.waiters.iter().filter(|w| w.plugin == ask.plugin);
        let full = waiting.count() >= share.unwrap_or_default().queue_length as usize;
        match self.scheduler.ask(&ask, self.now) {
            Answer::Full => assert!(full, "there was room in the queue"),
            Answer::Wait(id) => {
                assert!(!full, "the queue was full");
                let older = self.model.waiters.iter().all(|waiter| waiter.id < id);
                assert!(older, "{id:?} is not new");
                self.model.wake(&ask.plugin);
                if ask.writer {
                    self.model.wake_to_write(&ask.plugin);
                }
                self.model.waiters.push(Waiter {
                    id,
                    plugin: ask.plugin,
                    writer: ask.writer,
                    prefer: ask.prefer,
                });
            }
        }
    }

    /// A backend is open, or could not be opened.
    fn arrive(&mut self) {
        let Some(id) = self.backend(|place| *place == Place::Connecting) else {
            return;
        };
        if self.draw.once_in(6) {
            self.tell(format!("{id} cannot be opened"));
            self.scheduler.gone(id, self.now);
            return self.model.forget(id, self.now);
        }
        if self.draw.once_in(4) {
            let expires = self.now + Duration::from_micros(self.draw.below(50_000));
            self.scheduler.set_expiry(id, Some(expires));
            self.model.expiries.push((id, expires));
        }
        self.tell(format!("{id} is open"));
        self.give_back(id);
    }

    fn give_back(&mut self, id: BackendId) {
        self.scheduler.free(id, self.now);
        self.model.give_back(id, self.now);
    }

    /// A loan ends, or a reset.
    fn end(&mut self) {
        let lent = |place: &Place| matches!(place, Place::Leased(_) | Place::Resetting);
        let Some(id) = self.backend(lent) else {
            return;
        };
        match self.draw.below(8) {
            0 => {
                self.tell(format!("{id} is closed"));
                self.scheduler.closing(id, self.now);
                self.model.end_loan(id, self.now);
                self.model.put(id, Place::Closing);
            }
            1 => {
                self.tell(format!("{id} is lost"));
                self.scheduler.gone(id, self.now);
                self.model.forget(id, self.now);
            }
            2 | 3 if self.model.place(id) != Some(&Place::Resetting) => {
                self.tell(format!("{id} is reset"));
                self.scheduler.resetting(id, self.now);
                self.model.end_loan(id, self.now);
                self.model.put(id, Place::Resetting);
            }
            _ => {
                self.tell(format!("{id} is given back"));
                self.give_back(id);
            }
        }
    }

    /// A waiter gives up.
    fn leave(&mut self) {
        let waiters: Vec<_> = (0..self.model.waiters.len()).collect();
        let Some(at) = self.draw.one_of(&waiters) else {
            return;
        };
        let Waiter { id, plugin, .. } = self.model.waiters.remove(at);
        self.tell(format!("{id:?} leaves"));
        if self.draw.once_in(2) {
            self.scheduler.withdraw(&plugin, id);
        } else {
            self.scheduler.dismiss(id);
        }
        // Once more does nothing.
        self.scheduler.withdraw(&plugin, id);
    }

    /// One certain backend is asked for, past the queue.
    fn take(&mut self) {
        let Some(id) = self.backend(|_| true) else {
            return;
        };
        let plugin = self.plugin();
        let loan = Loan {
            plugin: Arc::clone(&plugin),
            holder: Holder(0),
            since: self.now,
            purpose: Purpose::Statement,
            writer: false,
        };
        self.tell(format!("{plugin} takes {id}"));
        self.model.wake(&plugin);
        let own = self.model.free_for(self.model.login_of(&plugin));
        let may = own.contains(&id) && self.model.may_have(&plugin);
        assert_eq!(self.scheduler.take(id, loan), may, "taking {id}");
        if may {
            self.model.lend(id, &plugin, false, self.now);
        }
    }

    /// State stays with a loan, which gives up the lane.
    fn pin(&mut self) {
        if let Some(id) = self.backend(|place| matches!(place, Place::Leased(_))) {
            self.tell(format!("{id} is pinned"));
            self.scheduler.set_purpose(id, Purpose::Pinned, self.now);
            self.model.leave_lane(id, self.now);
        }
    }

    fn share(&mut self) {
        let plugin = self.plugin();
        let min = self.draw.small(3);
        let share = Share {
            max: self
                .draw
                .once_in(2)
                .then(|| min.max(1) + self.draw.small(3)),
            min,
            weight: 1 + self.draw.small(4),
            queue_length: 1 + self.draw.small(8),
        };
        self.tell(format!("{plugin}: {share:?}"));
        self.scheduler.set_share(&plugin, share);
        self.model.plugins.entry(plugin).or_default().share = share;
    }

    /// Time passes, and what is old or not used is closed.
    fn age(&mut self) {
        self.now += Duration::from_millis(self.draw.below(8000));
        self.tell("time passes".to_owned());
        self.scheduler.tidy(self.now);
        self.model.tidy(self.now);
    }

    fn cap(&mut self) {
        let cap = 1 + self.draw.small(6);
        self.tell(format!("a cap of {cap}"));
        self.scheduler.set_cap(cap);
        self.model.set_cap(cap);
    }

    /// The database goes down or has no room, and comes back.
    fn database(&mut self) {
        match self.draw.below(9) {
            6 => {
                let login = self.login();
                self.tell(format!("{login:?} is refused"));
                let waiting = self.scheduler.hold_off_login(login).len();
                let own = |waiter: &&Waiter| self.model.login_of(&waiter.plugin) == login;
                assert_eq!(waiting, self.model.waiters.iter().filter(own).count());
                self.model.held.push(login);
            }
            7 | 8 => {
                let login = self.login();
                self.tell(format!("{login:?} is taken again"));
                self.scheduler.resume_login(login);
                self.model.held.retain(|other| *other != login);
            }
            0 => {
                self.tell("the database is down".to_owned());
                self.scheduler.suspend();
                self.model.suspend();
            }
            1 => {
                self.tell("the database is full".to_owned());
                self.scheduler.hold_off();
                self.model.suspended = true;
            }
            _ => {
                self.tell("the database is up".to_owned());
                self.scheduler.resume();
                self.model.suspended = false;
            }
        }
    }

    /// An operator holds somebody back, or everybody, or has everything closed.
    fn hold_back(&mut self) {
        let plugin = self.plugin();
        match self.draw.below(4) {
            0 => {
                self.tell("everybody is paused".to_owned());
                self.scheduler.pause(None);
                self.model.paused = true;
            }
            1 => {
                self.tell("everything is closed".to_owned());
                self.scheduler.empty();
                self.model.empty();
            }
            _ => {
                self.tell(format!("{plugin} is paused"));
                self.scheduler.pause(Some(&plugin));
                self.model.paused_plugins.insert(plugin);
            }
        }
    }

    /// And lets go.
    fn lift(&mut self) {
        if self.draw.once_in(2) {
            self.tell("everybody may go on".to_owned());
            assert_eq!(self.scheduler.lift(None), self.model.paused, "lifting");
            (self.model.paused, self.model.empties) = (false, false);
            return;
        }
        let plugins: Vec<_> = self.model.paused_plugins.iter().cloned().collect();
        let at: Vec<_> = (0..plugins.len()).collect();
        if let Some(plugin) = self.draw.one_of(&at).and_then(|at| plugins.get(at)) {
            self.tell(format!("{plugin} may go on"));
            assert!(self.scheduler.lift(Some(plugin)), "it was paused");
            self.model.paused_plugins.remove(plugin);
        }
    }

    /// The database lists one no more that was told to go.
    fn depart(&mut self) {
        if let Some(id) = self.backend(|place| *place == Place::Closing) {
            self.tell(format!("{id} is gone"));
            self.scheduler.gone(id, self.now);
            self.model.forget(id, self.now);
        }
    }

    /// Nobody asks any more, and whatever is under way comes about: everybody is served.
    pub(super) fn drain(&mut self) {
        self.tell("nobody asks any more".to_owned());
        self.scheduler.resume();
        self.model.suspended = false;
        for login in std::mem::take(&mut self.model.held) {
            self.scheduler.resume_login(login);
        }
        self.scheduler.lift(None);
        for plugin in PLUGINS {
            self.scheduler.lift(Some(plugin));
        }
        (self.model.paused, self.model.empties) = (false, false);
        self.model.paused_plugins.clear();
        for plugin in PLUGINS.map(Arc::<str>::from) {
            self.scheduler.set_share(&plugin, Share::default());
            self.model.plugins.entry(plugin).or_default().share = Share::default();
        }
        // Each round serves somebody, or brings a backend on its way one place further.
        for _ in 0..100 {
            while self.act() {
                self.agree();
            }
            if self.model.waiters.is_empty() {
                return;
            }
            self.now += Duration::from_millis(10);
            for (id, place) in self.model.backends.clone() {
                match place {
                    Place::Closing => {
                        self.scheduler.gone(id, self.now);
                        self.model.forget(id, self.now);
                    }
                    Place::Free(_) => {}
                    _ => self.give_back(id),
                }
            }
        }
        panic!("{:?} starve", self.model.waiters);
    }
}
