//! How SQLite's writer lane is shared.

use super::*;

impl Desk {
    /// Whoever has the lane writes for so long, and the next one gets it. Whose turn it was.
    fn write(&mut self, milliseconds: u64) -> Arc<str> {
        let writing = self.scheduler.loans().find(|(_, loan)| loan.writer);
        let (id, loan) = writing.expect("one writes");
        let plugin = Arc::clone(&loan.plugin);
        self.pass(milliseconds);
        self.scheduler.free(id, self.now);
        self.run();
        plugin
    }
}

/// Reading on backends that nobody else wanted was held against a plugin where it waited to write:
/// for as long as all its reading had taken, others wrote.
#[test]
fn reading_does_not_put_off_writing() {
    let mut desk = Desk::new(4);
    for _ in 0..50 {
        desk.ask_for("writer", true);
        desk.ask_for("other", true);
    }
    desk.run();
    for _ in 0..20 {
        let reading = desk.at_once("reader", false);
        let reading = reading.or_else(|| {
            desk.ask("reader");
            desk.run().last().map(|(_, id)| *id)
        });
        desk.write(5);
        desk.scheduler
            .free(reading.expect("there is room"), desk.now);
        desk.run();
    }
    desk.ask_for("reader", true);
    let turns: Vec<_> = (0..4).map(|_| desk.write(5)).collect();
    assert!(
        turns.iter().any(|plugin| &**plugin == "reader"),
        "{turns:?}"
    );
}

#[test]
fn the_lane_is_shared_by_weight() {
    let mut desk = Desk::new(4);
    let heavy = Share {
        weight: 3,
        ..Share::default()
    };
    desk.share("heavy", heavy);
    for _ in 0..200 {
        desk.ask_for("heavy", true);
        desk.ask_for("light", true);
    }
    desk.run();
    let turns = (0..200).map(|_| desk.write(10));
    let heavy = turns.filter(|plugin| &**plugin == "heavy").count();
    assert!((145..=155).contains(&heavy), "{heavy} of 200");
}

/// Whoever only read has not saved up turns with which to keep others from writing.
#[test]
fn turns_to_write_are_not_saved_up() {
    let mut desk = Desk::new(4);
    for _ in 0..100 {
        desk.ask_for("busy", true);
    }
    desk.ask("late");
    desk.run();
    for _ in 0..50 {
        desk.write(10);
    }
    for _ in 0..20 {
        desk.ask_for("late", true);
    }
    let turns: Vec<_> = (0..10).map(|_| desk.write(10)).collect();
    let late = turns.iter().filter(|plugin| &***plugin == "late").count();
    assert!((4..=6).contains(&late), "{turns:?}");
}

/// Where there is one backend, writers and readers have equal parts of it, whoever of the writers
/// had least of the lane.
#[test]
fn writers_do_not_go_before_readers() {
    let mut desk = Desk::new(1);
    for _ in 0..100 {
        desk.ask_for("writer", true);
        desk.ask("reader");
    }
    let mut backend = desk.run()[0].1;
    let mut wrote = 0;
    for _ in 0..100 {
        let loan = desk.scheduler.loans().next().expect("one is lent");
        wrote += u32::from(loan.1.writer);
        desk.pass(10);
        desk.scheduler.free(backend, desk.now);
        backend = desk.run()[0].1;
    }
    assert!((45..=55).contains(&wrote), "{wrote} of 100");
}
