use super::*;

struct Desk {
    scheduler: Scheduler,
    now: Instant,
}

impl Desk {
    fn new(cap: u32) -> Self {
        Self {
            scheduler: Scheduler::new(cap),
            now: Instant::now(),
        }
    }

    fn share(&mut self, plugin: &str, share: Share) {
        self.scheduler.set_share(&Arc::from(plugin), share);
    }

    fn ask(&mut self, plugin: &str) -> WaiterId {
        self.ask_for(plugin, false)
    }

    fn ask_for(&mut self, plugin: &str, writer: bool) -> WaiterId {
        let plugin = Arc::from(plugin);
        let ask = Ask {
            plugin,
            purpose: Purpose::Statement,
            writer,
            prefer: None,
        };
        match self.scheduler.ask(&ask) {
            Answer::Wait(id) => id,
            Answer::Full => panic!("the queue is full"),
        }
    }

    /// Does all there is to do, opening backends at once, and says who got one.
    fn run(&mut self) -> Vec<(WaiterId, BackendId)> {
        let mut lent = Vec::new();
        while let Some(action) = self.scheduler.next(self.now) {
            match action {
                Action::Lend(waiter, id) => lent.push((waiter, id)),
                Action::Open(grant) => self.scheduler.free(grant.id()),
            }
        }
        lent
    }

    fn waiters(&mut self) -> Vec<WaiterId> {
        self.run().into_iter().map(|(waiter, _)| waiter).collect()
    }
}

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
    desk.scheduler.free(backend);
    assert_eq!(desk.run().len(), 1);
    assert_eq!(desk.scheduler.peak(), 2);
}

#[test]
fn a_plugin_that_has_less_goes_first() {
    let mut desk = Desk::new(2);
    let flood: Vec<_> = (0..4).map(|_| desk.ask("flood")).collect();
    let lent = desk.run();
    let quiet = desk.ask("quiet");
    desk.scheduler.free(lent[0].1);
    assert_eq!(desk.waiters(), [quiet]);
    desk.scheduler.free(lent[1].1);
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
    desk.scheduler.free(lent[0].1);
    assert_eq!(desk.waiters(), [second]);
}

#[test]
fn the_writer_lane_is_kept_until_the_last_writer_is_clean() {
    let mut desk = Desk::new(2);
    let (_, second) = (desk.ask_for("a", true), desk.ask_for("a", true));
    let lent = desk.run();
    desk.scheduler.resetting(lent[0].1);
    assert!(desk.run().is_empty(), "its transaction may still be open");
    desk.scheduler.free(lent[0].1);
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
    desk.scheduler.free(lent[0].1);
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
    let ask = Ask {
        plugin: "a".into(),
        purpose: Purpose::Statement,
        writer: false,
        prefer: None,
    };
    assert_eq!(desk.scheduler.ask(&ask), Answer::Full);
}

#[test]
fn the_most_recently_used_goes_first_unless_another_is_preferred() {
    let mut desk = Desk::new(2);
    desk.ask("a");
    desk.ask("a");
    let lent = desk.run();
    desk.scheduler.free(lent[0].1);
    desk.scheduler.free(lent[1].1);
    desk.ask("a");
    let again = desk.run();
    assert_eq!(again[0].1, lent[1].1);
    desk.scheduler.free(again[0].1);
    let prefer = Some(lent[0].1);
    let ask = Ask {
        plugin: "a".into(),
        purpose: Purpose::Statement,
        writer: false,
        prefer,
    };
    desk.scheduler.ask(&ask);
    assert_eq!(desk.run()[0].1, lent[0].1);
}

#[test]
fn a_lost_backend_is_replaced_for_whoever_waits() {
    let mut desk = Desk::new(1);
    desk.ask("a");
    let second = desk.ask("a");
    let lent = desk.run();
    desk.scheduler.closing(lent[0].1);
    assert!(
        desk.run().is_empty(),
        "its slot is taken until the database forgets it"
    );
    desk.scheduler.gone(lent[0].1);
    assert_eq!(desk.waiters(), [second]);
}
