//! Plugins of different logins.

use super::super::upkeep::LEAST_STAY;
use super::*;

/// Two logins at a full cap: one whose plugins always ask, and one that asks once.
struct Rivals {
    desk: Desk,
    lent: Vec<(WaiterId, BackendId)>,
}

impl Rivals {
    /// As many backends as the cap allows are with the busy one, and it waits for more.
    fn new(cap: u32) -> Self {
        let mut desk = Desk::new(cap);
        desk.scheduler
            .set_login(&Arc::from("busy"), LoginId::nth(1).unwrap());
        for _ in 0..cap + 3 {
            desk.ask("busy");
        }
        let lent = desk.run();
        assert_eq!(lent.len(), cap as usize);
        Self { desk, lent }
    }

    /// The busy one gives a backend back, and asks again.
    fn go_on(&mut self) -> Vec<Action> {
        self.desk.now += Duration::from_millis(1);
        let (_, id) = self.lent.remove(0);
        self.desk.scheduler.free(id, self.desk.now);
        self.desk.ask("busy");
        let mut actions = Vec::new();
        while let Some(action) = self.desk.scheduler.next(self.desk.now) {
            if let Action::Lend(waiter, id) = action {
                self.lent.push((waiter, id));
            }
            actions.push(action);
        }
        actions
    }
}

/// A plugin could wait for ever while those of another login handed the backends to each other:
/// there is never an idle one that could give way.
#[test]
fn a_login_is_not_starved_by_one_that_always_asks() {
    let mut rivals = Rivals::new(2);
    let quiet = rivals.desk.ask("quiet");
    let began = rivals.desk.now;
    let closing = loop {
        assert!(rivals.desk.now - began <= LEAST_STAY, "it starves");
        match rivals.go_on()[..] {
            [Action::Close(id)] => break id,
            [Action::Lend(..)] => (),
            ref other => panic!("{other:?}"),
        }
    };
    let waited = rivals.desk.now - began;
    assert_eq!(waited, LEAST_STAY, "it goes when it has had its time");
    assert_eq!(rivals.desk.scheduler.counts().total(), 2, "it still counts");
    // What comes back meanwhile is not closed for the same waiter.
    assert!(matches!(rivals.go_on()[..], [Action::Lend(..)]));
    rivals.desk.scheduler.gone(closing, rivals.desk.now);
    let Some(Action::Open(grant)) = rivals.desk.scheduler.next(rivals.desk.now) else {
        panic!("one is opened in its place")
    };
    assert_eq!(grant.login(), LoginId::HOST);
    rivals.desk.scheduler.free(grant.id(), rivals.desk.now);
    assert_eq!(rivals.desk.waiters(), [quiet]);
    assert_eq!(rivals.desk.scheduler.peak(), 2);
}

#[test]
fn an_idle_backend_that_nobody_waits_for_gives_way_at_once() {
    let mut desk = Desk::new(1);
    let (first, other) = (LoginId::nth(1).unwrap(), LoginId::nth(2).unwrap());
    desk.scheduler.set_login(&Arc::from("a"), first);
    desk.scheduler.set_login(&Arc::from("b"), other);
    desk.ask("a");
    let [(_, id)] = desk.run()[..] else { panic!() };
    desk.scheduler.free(id, desk.now);
    assert!(desk.scheduler.has_idle_for("a") && !desk.scheduler.has_idle_for("b"));
    let waits = desk.ask("b");
    let closed = desk.scheduler.next(desk.now);
    assert!(matches!(closed, Some(Action::Close(closed)) if closed == id));
    assert!(
        desk.scheduler.next(desk.now).is_none(),
        "it is not gone yet"
    );
    desk.scheduler.gone(id, desk.now);
    assert_eq!(desk.waiters(), [waits]);
}

#[test]
fn what_is_kept_for_a_plugin_does_not_give_way() {
    let mut desk = Desk::new(2);
    let (first, other) = (LoginId::nth(1).unwrap(), LoginId::nth(2).unwrap());
    desk.scheduler.set_login(&Arc::from("vip"), first);
    desk.scheduler.set_login(&Arc::from("b"), other);
    let min = Share {
        min: 1,
        ..Share::default()
    };
    desk.share("vip", min);
    desk.ask("vip");
    let [(_, id)] = desk.run()[..] else { panic!() };
    desk.scheduler.free(id, desk.now);
    let waits = desk.ask("b");
    assert_eq!(desk.waiters(), [waits]);
    desk.ask("b");
    assert_eq!(desk.waiters(), [], "the other is kept");
    assert!(desk.scheduler.has_idle_for("vip"));
}

#[test]
fn a_login_that_is_refused_holds_nobody_else_up() {
    let mut desk = Desk::new(1);
    let refused = LoginId::nth(1).unwrap();
    desk.scheduler.set_login(&Arc::from("a"), refused);
    let waits = desk.ask("a");
    assert_eq!(desk.scheduler.hold_off_login(refused), [waits]);
    let other = desk.ask("b");
    assert_eq!(
        desk.waiters(),
        [other],
        "whoever goes first cannot be served"
    );
    desk.scheduler.resume_login(refused);
    let [(_, id)] = desk
        .scheduler
        .loans()
        .map(|(id, _)| (0, id))
        .collect::<Vec<_>>()[..]
    else {
        panic!("one is on loan")
    };
    desk.scheduler.free(id, desk.now);
    assert_eq!(desk.waiters(), [waits]);
}
