use super::*;

#[test]
fn four_in_a_ring_are_a_deadlock_and_the_youngest_loses() {
    let mut desk = Desk::new(4);
    for holder in 0..4 {
        desk.ask_as(&format!("plugin-{holder}"), holder);
    }
    let lent = desk.run();
    assert_eq!(lent.len(), 4);
    let waits: Vec<_> = (0..4)
        .map(|holder| desk.ask_as(&format!("plugin-{holder}"), holder))
        .collect();
    assert!(desk.run().is_empty());
    assert_eq!(
        desk.deadlocked(&[]),
        None,
        "they have only just begun to wait"
    );
    desk.pass(1_000);
    assert_eq!(desk.deadlocked(&[lent[2].1]), None, "one is working");
    assert_eq!(desk.deadlocked(&[]), Some(waits[3]));
    // Somebody who waits and has nothing is not to blame.
    desk.ask_as("patient", 9);
    desk.pass(1_000);
    assert_eq!(desk.deadlocked(&[]), Some(waits[3]));
    desk.scheduler.dismiss(waits[3]);
    assert_eq!(desk.deadlocked(&[]), None, "it may give back what it has");
}

#[test]
fn queueing_behind_somebody_who_does_not_wait_is_no_deadlock() {
    let mut desk = Desk::new(2);
    desk.ask_as("a", 1);
    desk.ask_as("thinks", 2);
    desk.run();
    desk.ask_as("a", 1);
    desk.pass(60_000);
    assert_eq!(desk.deadlocked(&[]), None);
    assert_eq!(desk.scheduler.holding_and_waiting()["a"], 1);
    assert_eq!(desk.scheduler.held_by(Holder(1)), 1);
}

/// A plugin that may have one backend and asks for a second one within a transaction waits for
/// itself, however many others are free.
#[test]
fn a_plugin_at_its_maximum_can_wait_for_itself() {
    let mut desk = Desk::new(4);
    let single = Share {
        max: Some(1),
        ..Share::default()
    };
    desk.share("a", single);
    desk.ask_as("a", 1);
    desk.run();
    let second = desk.ask_as("a", 1);
    assert!(desk.run().is_empty());
    desk.pass(1_000);
    assert_eq!(desk.deadlocked(&[]), Some(second));
}

#[test]
fn a_writer_can_wait_for_the_lane_that_it_has_itself() {
    let mut desk = Desk::new(4);
    desk.ask_for("a", true);
    let lent = desk.run();
    let second = desk.ask_for("a", true);
    desk.pass(1_000);
    assert_eq!(desk.deadlocked(&[]), Some(second));
    assert_eq!(desk.deadlocked(&[lent[0].1]), None);
}

/// What an operator holds back goes on when it is let go: nobody is failed for it.
#[test]
fn a_pause_is_no_deadlock() {
    let mut desk = Desk::new(1);
    desk.ask_as("a", 1);
    desk.run();
    let second = desk.ask_as("a", 1);
    desk.pass(1_000);
    desk.scheduler.pause(Some(&Arc::from("a")));
    assert_eq!(desk.deadlocked(&[]), None);
    desk.scheduler.lift(Some("a"));
    assert_eq!(desk.deadlocked(&[]), Some(second));
}
