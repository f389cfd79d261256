use super::*;

#[test]
fn backends_open_on_demand_up_to_the_cap() {
    let mut desk = Desk::new(2);
    let first = desk.ask("a");
    let [(lent, backend)] = desk.run()[..] else {
        panic!("one is lent")
    };
    assert_eq!(lent, first);
    assert_eq!(desk.scheduler.counts().total(), 1);
    let (second, _third) = (desk.ask("a"), desk.ask("a"));
    assert_eq!(desk.waiters(), [second]);
    assert_eq!(desk.scheduler.counts().total(), 2);
    desk.scheduler.free(backend, desk.now);
    assert_eq!(desk.run().len(), 1);
    assert_eq!(desk.scheduler.peak(), 2);
}

#[test]
fn one_writer_at_a_time_and_readers_pass() {
    let mut desk = Desk::new(4);
    let (first, second, reader) = (
        desk.ask_for("a", true),
        desk.ask_for("a", true),
        desk.ask("a"),
    );
    let lent = desk.run();
    assert_eq!(
        lent.iter().map(|(waiter, _)| *waiter).collect::<Vec<_>>(),
        [first, reader]
    );
    desk.scheduler.free(lent[0].1, desk.now);
    assert_eq!(desk.waiters(), [second]);
}

#[test]
fn the_writer_lane_is_kept_until_the_last_writer_is_clean() {
    let mut desk = Desk::new(2);
    let (_, second) = (desk.ask_for("a", true), desk.ask_for("a", true));
    let lent = desk.run();
    desk.scheduler.resetting(lent[0].1, desk.now);
    assert!(desk.run().is_empty(), "its transaction may still be open");
    desk.scheduler.free(lent[0].1, desk.now);
    assert_eq!(desk.waiters(), [second]);
}

#[test]
fn a_withdrawn_waiter_gets_nothing_and_holds_nobody_up() {
    let mut desk = Desk::new(1);
    let (first, second, third) = (desk.ask("a"), desk.ask("a"), desk.ask("a"));
    let lent = desk.run();
    assert_eq!(lent[0].0, first);
    desk.scheduler.withdraw("a", second);
    assert_eq!(desk.scheduler.waiting(), 1);
    desk.scheduler.free(lent[0].1, desk.now);
    assert_eq!(desk.waiters(), [third]);
}

#[test]
fn a_full_queue_says_so() {
    let mut desk = Desk::new(1);
    desk.share(
        "a",
        Share {
            queue_length: 1,
            ..Share::default()
        },
    );
    desk.ask("a");
    assert_eq!(desk.scheduler.ask(&ask_of("a"), desk.now), Answer::Full);
}

#[test]
fn the_most_recently_used_goes_first_unless_another_is_preferred() {
    let mut desk = Desk::new(2);
    desk.ask("a");
    desk.ask("a");
    let lent = desk.run();
    desk.scheduler.free(lent[0].1, desk.now);
    desk.scheduler.free(lent[1].1, desk.now);
    desk.ask("a");
    let again = desk.run();
    assert_eq!(again[0].1, lent[1].1);
    desk.scheduler.free(again[0].1, desk.now);
    desk.queue(&Ask {
        prefer: Some(lent[0].1),
        ..ask_of("a")
    });
    assert_eq!(desk.run()[0].1, lent[0].1);
}

#[test]
fn a_lost_backend_is_replaced_for_whoever_waits() {
    let mut desk = Desk::new(1);
    desk.ask("a");
    let second = desk.ask("a");
    let lent = desk.run();
    desk.scheduler.closing(lent[0].1, desk.now);
    assert!(
        desk.run().is_empty(),
        "its slot is taken until the database forgets it"
    );
    desk.scheduler.gone(lent[0].1, desk.now);
    assert_eq!(desk.waiters(), [second]);
}

#[test]
fn nobody_who_waits_is_passed_over() {
    let mut desk = Desk::new(2);
    assert_eq!(desk.at_once("a", false), None, "there is no backend yet");
    desk.ask("a");
    desk.ask("a");
    let lent = desk.run();
    let waiting = desk.ask("a");
    desk.scheduler.free(lent[0].1, desk.now);
    assert_eq!(desk.at_once("b", false), None, "somebody waits");
    assert_eq!(desk.waiters(), [waiting]);
    desk.scheduler.free(lent[0].1, desk.now);
    assert_eq!(desk.at_once("b", false), Some(lent[0].1));
    assert_eq!(desk.at_once("b", false), None, "none is free");
}

#[test]
fn what_is_lent_at_once_keeps_to_the_shares_and_the_lane() {
    let mut desk = Desk::new(3);
    let of = |max, min| Share {
        max,
        min,
        ..Share::default()
    };
    desk.share("capped", of(Some(1), 0));
    desk.share("vip", of(None, 1));
    for _ in 0..3 {
        desk.ask("vip");
    }
    for (_, backend) in desk.run() {
        desk.scheduler.free(backend, desk.now);
    }
    assert!(desk.at_once("capped", true).is_some());
    assert_eq!(desk.at_once("capped", false), None, "it is at its maximum");
    assert_eq!(desk.at_once("other", true), None, "the lane is taken");
    assert!(desk.at_once("other", false).is_some());
    assert_eq!(
        desk.at_once("other", false),
        None,
        "one is kept for the vip"
    );
    assert!(desk.at_once("vip", false).is_some());
}
