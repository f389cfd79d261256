use super::*;

#[test]
fn a_plugin_that_has_less_goes_first() {
    let mut desk = Desk::new(2);
    let flood: Vec<_> = (0..4).map(|_| desk.ask("flood")).collect();
    let lent = desk.run();
    let quiet = desk.ask("quiet");
    desk.scheduler.free(lent[0].1, desk.now);
    assert_eq!(desk.waiters(), [quiet]);
    desk.scheduler.free(lent[1].1, desk.now);
    assert_eq!(desk.waiters(), [flood[2]]);
}

#[test]
fn weights_share_the_cap() {
    let mut desk = Desk::new(3);
    desk.share(
        "heavy",
        Share {
            weight: 2,
            ..Share::default()
        },
    );
    for _ in 0..6 {
        desk.ask("heavy");
        desk.ask("light");
    }
    desk.run();
    let of = |plugin: &str| {
        desk.scheduler
            .loans()
            .filter(|(_, loan)| *loan.plugin == *plugin)
            .count()
    };
    assert_eq!((of("heavy"), of("light")), (2, 1));
}

#[test]
fn a_minimum_is_kept_free_and_a_maximum_never_passed() {
    let mut desk = Desk::new(3);
    desk.share(
        "vip",
        Share {
            min: 1,
            ..Share::default()
        },
    );
    desk.share(
        "capped",
        Share {
            max: Some(1),
            ..Share::default()
        },
    );
    for _ in 0..5 {
        desk.ask("other");
        desk.ask("capped");
    }
    assert_eq!(desk.run().len(), 2, "one backend is kept for the vip");
    let vip = desk.ask("vip");
    assert_eq!(desk.waiters(), [vip]);
    let capped = desk
        .scheduler
        .loans()
        .filter(|(_, loan)| &*loan.plugin == "capped")
        .count();
    assert_eq!(capped, 1);
}

/// A flooder with hundreds of waiters held a neighbour's one call up until all of its own that
/// were older had been served: where there is one backend, nobody has any when it comes free.
#[test]
fn a_flooder_and_a_neighbour_take_turns_on_one_backend() {
    let mut desk = Desk::new(1);
    for _ in 0..500 {
        desk.ask("flood");
    }
    let mut backend = desk.run()[0].1;
    for _ in 0..20 {
        let neighbour = desk.ask("neighbour");
        desk.pass(10);
        desk.scheduler.free(backend, desk.now);
        let lent = desk.run();
        assert_eq!(lent[0].0, neighbour);
        backend = lent[0].1;
        desk.pass(10);
        desk.scheduler.free(backend, desk.now);
        backend = desk.run()[0].1;
    }
}

#[test]
fn time_is_shared_by_weight() {
    let mut desk = Desk::new(1);
    let heavy = Share {
        weight: 3,
        ..Share::default()
    };
    desk.share("heavy", heavy);
    for _ in 0..400 {
        desk.ask("heavy");
        desk.ask("light");
    }
    let mut served = BTreeMap::<_, u32>::new();
    let mut backend = desk.run()[0].1;
    for _ in 0..200 {
        let loan = desk.scheduler.loans().next().unwrap();
        *served.entry(Arc::clone(&loan.1.plugin)).or_default() += 1;
        desk.pass(10);
        desk.scheduler.free(backend, desk.now);
        backend = desk.run()[0].1;
    }
    assert!((145..=155).contains(&served["heavy"]), "{served:?}");
}

/// Whoever paused has not saved up time with which to keep others out.
#[test]
fn time_not_used_is_not_saved_up() {
    let mut desk = Desk::new(1);
    for _ in 0..100 {
        desk.ask("busy");
    }
    let mut backend = desk.run()[0].1;
    for _ in 0..50 {
        desk.pass(10);
        desk.scheduler.free(backend, desk.now);
        backend = desk.run()[0].1;
    }
    for _ in 0..20 {
        desk.ask("late");
    }
    let mut late = 0;
    for _ in 0..10 {
        desk.pass(10);
        desk.scheduler.free(backend, desk.now);
        backend = desk.run()[0].1;
        let loan = desk.scheduler.loans().next().unwrap();
        late += u32::from(&*loan.1.plugin == "late");
    }
    assert!((4..=6).contains(&late), "{late} of 10");
}
