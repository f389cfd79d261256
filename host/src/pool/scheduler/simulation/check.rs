//! What the scheduler says is held against what the model's rules say.

use super::super::{Action, WaiterId};
use super::model::{Place, Waiter};
use super::run::Run;
use crate::pool::ledger::{BackendId, LoginId};

impl Run {
    /// Does one thing that the scheduler says is to be done; whether there was one.
    pub(super) fn act(&mut self) -> bool {
        let action = self.scheduler.next(self.now);
        self.tell(format!("  {action:?}"));
        match action {
            Some(Action::Close(id)) => {
                let known = self.model.to_close.iter().position(|other| *other == id);
                match known {
                    Some(known) => drop(self.model.to_close.remove(known)),
                    None => self.gives_way(id),
                }
            }
            _ if !self.model.to_close.is_empty() => panic!("something is to be closed first"),
            Some(Action::Lend(waiter, id)) => self.is_lent(waiter, id),
            Some(Action::Open(grant)) => {
                self.may_open(grant.login());
                self.model.logins.push((grant.id(), grant.login()));
                self.model.put(grant.id(), Place::Connecting);
            }
            None => {
                let turn = self.turn();
                assert!(turn.is_none(), "{turn:?} waits beside a free backend");
                return false;
            }
        }
        true
    }

    /// The waiter whose turn it is to have one of the free backends: the first that can use one,
    /// if nothing can be done now for those before it.
    fn turn(&self) -> Option<Waiter> {
        let model = &self.model;
        let mut logins_before = Vec::new();
        for waiter in model.in_turn() {
            let login = model.login_of(&waiter.plugin);
            if !model.free_for(login).is_empty() {
                return Some(waiter.clone());
            }
            let under_way = model.coming(login) > 0;
            if model.free().is_empty() || model.is_shut(login) || under_way {
                continue;
            }
            if !logins_before.contains(&login) {
                logins_before.push(login);
            }
            let claimed = u32::try_from(logins_before.len()).expect("few");
            let gate = model.count(|place| *place == Place::Connecting);
            if model.room() > 0 {
                let shut = gate >= model.upkeep.connecting_at_once;
                assert!(shut, "one is to be opened for {waiter:?} first");
            } else {
                let makes_room = model.vacating() < claimed && model.spare(self.now).is_some();
                assert!(!makes_room, "one is to be closed for {waiter:?} first");
            }
        }
        None
    }

    fn is_lent(&mut self, waiter: WaiterId, id: BackendId) {
        let turn = self.turn().expect("it is nobody's turn");
        assert_eq!(waiter, turn.id, "it is somebody else's turn");
        let own = self.model.free_for(self.model.login_of(&turn.plugin));
        let preferred = turn.prefer.filter(|prefer| own.contains(prefer));
        assert_eq!(Some(id), preferred.or(own.last().copied()));
        self.model.serve(&turn);
        let Waiter { plugin, writer, .. } = turn;
        self.model.lend(id, &plugin, writer, self.now);
    }

    fn may_open(&self, login: LoginId) {
        let model = &self.model;
        let connecting = model.count(|place| *place == Place::Connecting);
        assert!(model.room() > 0, "the cap is full");
        let gate = model.upkeep.connecting_at_once;
        assert!(connecting < gate, "the gate is shut");
        assert!(!model.suspended, "the database is down");
        assert!(!model.paused, "nobody may have it");
        let wants = |waiter: &Waiter| {
            model.login_of(&waiter.plugin) == login && !model.holds_back(&waiter.plugin)
        };
        let wanted = model.waiters.iter().any(wants);
        if !wanted {
            let short = model.staying() < model.upkeep.min_connections;
            assert!(short && login == LoginId::HOST, "nobody wants it");
            return;
        }
        // Whoever goes first, and has nothing on its way, is not passed over.
        for waiter in model.in_turn() {
            let other = model.login_of(&waiter.plugin);
            let has = !model.free_for(other).is_empty() || model.coming(other) > 0;
            if other == login {
                break;
            }
            assert!(has || model.is_shut(other), "{waiter:?} is passed over");
        }
    }

    /// A backend is closed for one of another login.
    fn gives_way(&mut self, id: BackendId) {
        let model = &self.model;
        assert_eq!(Some(id), model.spare(self.now), "another is to give way");
        assert_eq!(model.room(), 0, "there is room");
        let mut in_want: Vec<_> = model
            .in_turn()
            .into_iter()
            .map(|waiter| model.login_of(&waiter.plugin))
            .take_while(|login| model.free_for(*login).is_empty())
            .filter(|login| !model.is_shut(*login))
            .collect();
        in_want.sort();
        in_want.dedup();
        let claims = u32::try_from(in_want.len()).expect("few");
        assert!(model.vacating() < claims, "nobody wants its place");
        self.model.put(id, Place::Closing);
    }

    /// With nothing more to be done, nobody waits for what could be had.
    pub(super) fn at_rest(&self) {
        let model = &self.model;
        let under_way =
            |place: &Place| matches!(place, Place::Connecting | Place::Resetting | Place::Closing);
        if model.count(under_way) > 0 {
            return;
        }
        let could = |waiter: &&Waiter| {
            let login = model.login_of(&waiter.plugin);
            !model.is_shut(login) || !model.free_for(login).is_empty()
        };
        let stranded = model.could_run().find(could);
        assert!(stranded.is_none(), "nothing is done for {stranded:?}");
    }

    /// Whatever both know is the same.
    pub(super) fn agree(&self) {
        let (counts, model) = (self.scheduler.counts(), &self.model);
        assert_eq!(
            counts.connecting,
            model.count(|place| *place == Place::Connecting)
        );
        assert_eq!(
            counts.free,
            model.count(|place| matches!(place, Place::Free(_)))
        );
        assert_eq!(
            counts.leased,
            model.count(|place| matches!(place, Place::Leased(_)))
        );
        assert_eq!(
            counts.resetting,
            model.count(|place| *place == Place::Resetting)
        );
        assert_eq!(
            counts.closing,
            model.count(|place| *place == Place::Closing)
        );
        assert!(
            self.scheduler.idle().eq(model.free()),
            "the free ones differ"
        );
        assert_eq!(self.scheduler.waiting(), model.waiters.len());
        for plugin in model.plugins.keys() {
            let own = model
                .waiters
                .iter()
                .filter(|waiter| waiter.plugin == *plugin);
            for (at, waiter) in own.enumerate() {
                assert_eq!(self.scheduler.position(plugin, waiter.id), Some(at));
            }
        }
        for (id, loan) in self.scheduler.loans() {
            let login = model.login_of(&loan.plugin);
            assert_eq!(model.login(id), login, "{id} is of another login");
            let Some(Place::Leased(known)) = model.place(id) else {
                panic!("{id} is on loan to {}", loan.plugin);
            };
            assert_eq!((&known.plugin, known.since), (&loan.plugin, loan.since));
        }
    }
}
