use super::*;

#[test]
fn no_more_are_opened_at_once_than_the_gate_lets_through() {
    let upkeep = Upkeep {
        connecting_at_once: 2,
        ..Upkeep::default()
    };
    let mut desk = Desk::new(10);
    desk.scheduler = Scheduler::new(10).with_upkeep(upkeep);
    for _ in 0..50 {
        desk.ask("a");
    }
    let mut opening = Vec::new();
    while let Some(action) = desk.scheduler.next(desk.now) {
        match action {
            Action::Open(grant) => opening.push(grant.id()),
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(opening.len(), 2);
    desk.scheduler.free(opening[0], desk.now);
    assert_eq!(
        desk.run().len(),
        9,
        "one after the other the others are opened"
    );
    desk.scheduler.free(opening[1], desk.now);
    assert_eq!(desk.run().len(), 1);
}

#[test]
fn a_lower_cap_closes_what_is_idle_now_and_the_rest_as_it_comes_free() {
    let mut desk = Desk::new(4);
    for _ in 0..4 {
        desk.ask("a");
    }
    let lent = desk.run();
    desk.scheduler.free(lent[0].1, desk.now);
    desk.scheduler.set_cap(2);
    assert_eq!(desk.closed(), [lent[0].1]);
    let waiter = desk.ask("a");
    assert!(desk.run().is_empty(), "three are two too many");
    desk.scheduler.free(lent[1].1, desk.now);
    assert_eq!(desk.closed(), [lent[1].1]);
    assert_eq!(desk.scheduler.counts().total(), 2);
    desk.scheduler.free(lent[2].1, desk.now);
    assert_eq!(desk.waiters(), [waiter]);
    desk.scheduler.set_cap(3);
    let another = desk.ask("a");
    assert_eq!(
        desk.waiters(),
        [another],
        "a higher cap is in force at once"
    );
}

#[test]
fn idle_and_old_backends_are_closed_down_to_the_minimum() {
    let upkeep = Upkeep {
        min_connections: 1,
        idle_timeout: Some(Duration::from_millis(100)),
        ..Upkeep::default()
    };
    let mut desk = Desk::new(3);
    desk.scheduler = Scheduler::new(3).with_upkeep(upkeep);
    for _ in 0..3 {
        desk.ask("a");
    }
    let lent = desk.run();
    for (_, id) in &lent {
        desk.scheduler.free(*id, desk.now);
    }
    desk.scheduler.tidy(desk.now);
    assert!(desk.closed().is_empty());
    desk.pass(100);
    desk.scheduler.tidy(desk.now);
    assert_eq!(desk.closed().len(), 2, "one is kept");
    let left = desk.scheduler.idle().next().unwrap();
    desk.scheduler.set_expiry(left, Some(desk.now));
    desk.scheduler.tidy(desk.now);
    let next = desk.scheduler.next(desk.now);
    assert!(matches!(next, Some(Action::Close(id)) if id == left));
    desk.scheduler.gone(left, desk.now);
    let next = desk.scheduler.next(desk.now);
    assert!(
        matches!(next, Some(Action::Open(_))),
        "the minimum is kept open: {next:?}"
    );
}

#[test]
fn an_old_backend_is_closed_when_it_comes_free() {
    let mut desk = Desk::new(1);
    desk.ask("a");
    let lent = desk.run();
    desk.scheduler.set_expiry(lent[0].1, Some(desk.now));
    desk.scheduler.tidy(desk.now);
    assert!(desk.closed().is_empty(), "it is in use");
    desk.scheduler.free(lent[0].1, desk.now);
    assert_eq!(desk.closed(), [lent[0].1]);
}

#[test]
fn nothing_is_opened_while_the_database_is_down() {
    let mut desk = Desk::new(2);
    desk.ask("a");
    let lent = desk.run();
    desk.scheduler.free(lent[0].1, desk.now);
    desk.ask("a");
    desk.scheduler.suspend();
    assert_eq!(desk.scheduler.waiting(), 0, "all have been told");
    assert_eq!(desk.closed(), [lent[0].1]);
    let late = desk.ask("a");
    assert!(desk.run().is_empty());
    desk.scheduler.resume();
    assert_eq!(desk.waiters(), [late]);
}
