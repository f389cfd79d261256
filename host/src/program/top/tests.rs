//! The screen as it is drawn for hosts in all sorts of states, and what keys do to it.

mod databases;

use std::time::{Duration, Instant};

use onepool_host::{PluginActivity, Target};
use ratatui::Terminal;
use ratatui::backend::TestBackend;
use ratatui::crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use serde_json::{Value, json};

use super::board::{Board, Panel};
use super::draw;
use super::keys::Wish;
use super::source::Look;

/// A host in its parts, as a test changes them.
struct Given {
    status: Value,
    plugins: Vec<Value>,
    activity: Vec<(String, PluginActivity)>,
    statements: Vec<Value>,
    leases: Vec<Value>,
}

impl Given {
    /// Nobody is there, and nothing is done.
    fn idle() -> Self {
        let status = json!({
            "summary": "nobody waits: 0 of 4 connections are in use",
            "verdict": "fine", "version": "0.1.0", "paused": false, "paused_plugins": [],
            "database": "PostgreSQL", "endpoint": "/run/app/host.sock", "max_connections": 5,
            "backends": {
                "connecting": 0, "free": 0, "leased": 0, "resetting": 0, "closing": 0, "control": 1
            },
            "peak": 1, "waiting": 0, "sessions": 0, "launched": 0, "running": 0
        });
        Self {
            status,
            plugins: Vec::new(),
            activity: Vec::new(),
            statements: Vec::new(),
            leases: Vec::new(),
        }
    }

    /// Two plugins: one runs something, and one waits.
    fn busy() -> Self {
        let mut given = Self::idle();
        given.plugin("reports", "running");
        given.plugin("billing", "gave_up");
        given.runs(
            "statement-7.33",
            "reports",
            12_300,
            "SELECT sum(price) FROM sales",
        );
        given.waits(
            "wait-9",
            "billing",
            754_000,
            "UPDATE accounts SET balance = $1",
        );
        given.lease(
            "lease-7.12",
            "reports",
            "transaction",
            "SELECT sum(price) FROM sales",
        );
        given.status["summary"] = "connections are held: 1 call waits".into();
        given.status["waiting"] = 1.into();
        given
    }

    fn plugin(&mut self, name: &str, state: &str) {
        self.plugins.push(json!({
            "name": name, "state": state, "ended": null, "pid": 4711, "sessions": 2,
            "restarts": 0, "problem": null, "leases": 0, "refused": 0, "waited_ms": 0,
            "longest_wait_ms": 0
        }));
    }

    fn calls(&mut self, plugin: &str, calls: u64, errors: u64) {
        let mut activity = PluginActivity::default();
        activity.calls = vec![(onepool_host::CallKind::Execute, calls)];
        activity.errors = vec![("SYNTAX".to_owned(), errors)];
        self.activity.push((plugin.to_owned(), activity));
    }

    fn runs(&mut self, id: &str, plugin: &str, ms: u64, text: &str) {
        self.statements.push(json!({
            "id": id, "plugin": plugin, "session": "session-1", "lease": "lease-7.12",
            "state": "running", "waited_ms": 0, "running_ms": ms, "text": text
        }));
    }

    fn waits(&mut self, id: &str, plugin: &str, ms: u64, text: &str) {
        self.statements.push(json!({
            "id": id, "plugin": plugin, "session": "session-2", "lease": null,
            "state": "waiting", "waited_ms": ms, "running_ms": 0, "text": text
        }));
    }

    fn lease(&mut self, id: &str, plugin: &str, purpose: &str, text: &str) {
        self.leases.push(json!({
            "id": id, "plugin": plugin, "session": "session-1", "process": 4242,
            "purpose": purpose, "held_ms": 61_000, "state": "resting", "state_ms": 3_000,
            "statement": text
        }));
    }

    /// As the host tells it at this moment.
    fn look(&self, at: Instant) -> Look {
        let read = "the parts are as the host tells them";
        Look {
            at,
            status: serde_json::from_value(self.status.clone()).expect(read),
            plugins: serde_json::from_value(self.plugins.clone().into()).expect(read),
            activity: self.activity.clone(),
            statements: serde_json::from_value(self.statements.clone().into()).expect(read),
            left_out: 0,
            leases: serde_json::from_value(self.leases.clone().into()).expect(read),
        }
    }

    fn board(&self) -> Board {
        let mut board = Board::default();
        board.update(self.look(Instant::now()));
        board
    }
}

/// What is on a screen of this size, line by line.
fn screen(board: &Board, width: u16, height: u16) -> Vec<String> {
    let mut terminal = Terminal::new(TestBackend::new(width, height)).unwrap();
    terminal.draw(|frame| draw::draw(frame, board)).unwrap();
    let buffer = terminal.backend().buffer().clone();
    let line = |y| {
        let mut line = String::new();
        let mut covered = 0;
        for x in 0..width {
            // A wide character covers the cell behind it, too.
            if covered == 0 {
                let symbol = buffer[(x, y)].symbol();
                line.push_str(symbol);
                covered = ratatui::text::Span::raw(symbol).width().max(1);
            }
            covered -= 1;
        }
        line.trim_end().to_owned()
    };
    (0..height).map(line).collect()
}

/// The one line that has this.
fn line<'a>(screen: &'a [String], part: &str) -> &'a str {
    let mut lines = screen.iter().filter(|line| line.contains(part));
    let line = lines.next();
    assert!(
        lines.next().is_none(),
        "twice: {part}\n{}",
        screen.join("\n")
    );
    line.unwrap_or_else(|| panic!("nowhere: {part}\n{}", screen.join("\n")))
}

fn words(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn press(board: &mut Board, key: KeyCode) -> Option<Wish> {
    board.press(KeyEvent::new(key, KeyModifiers::NONE))
}

fn types(board: &mut Board, text: &str) {
    for letter in text.chars() {
        assert_eq!(press(board, KeyCode::Char(letter)), None);
    }
}

#[test]
fn an_idle_host_is_a_short_tale() {
    let screen = screen(&Given::idle().board(), 80, 24);
    assert_eq!(screen[0], "onepool 0.1.0, PostgreSQL at /run/app/host.sock");
    assert_eq!(screen[1], "nobody waits: 0 of 4 connections are in use");
    assert_eq!(
        screen[2],
        "connections  1 of 5, 1 at peak: 0 leased, 0 free, 0 connecting, 0 resetting,"
    );
    assert_eq!(screen[3], "             0 closing, 1 control");
    assert_eq!(
        line(&screen, "waiting "),
        "waiting      0 calls, the longest for -"
    );
    for title in [" Plugins (0)", " Statements (0) ", " Leases (0)"] {
        line(&screen, title);
    }
    assert_eq!(
        screen[23],
        "q quit  Tab list  ↑↓ select  s sort plugins  / filter  k kill"
    );
}

/// Numbers end below the ends of their heads, and each has its unit.
#[test]
fn columns_are_below_their_heads_at_every_width() {
    let mut given = Given::busy();
    given.plugin(&"zigzag-".repeat(9), "restarting");
    given.plugin("invoices-by-night", "exited");
    for width in [80, 120, 200] {
        let screen = screen(&given.board(), width, 40);
        let head = line(&screen, "CALLS/S");
        assert!(
            head.ends_with(if width < 100 { "ERR" } else { "ERRORS" }),
            "{head}"
        );
        let row = screen.iter().find(|line| line.starts_with("reports "));
        let row = row.unwrap();
        let (queue, calls) = (
            head.find("QUEUE").unwrap() + 4,
            head.find("/S").unwrap() + 1,
        );
        assert_eq!(&row[queue..=queue], "0", "{head}\n{row}");
        assert_eq!(&row[calls - 2..=calls], "0.0", "{head}\n{row}");
        assert!(
            row.ends_with('0') && row.len() == head.len(),
            "{head}\n{row}"
        );
        // Who is out of order is said so also where there is no column for it.
        line(
            &screen,
            if width < 100 {
                "billing (gave up)"
            } else {
                "gave up"
            },
        );
        let cut = if width < 100 {
            "invoices… (exited)"
        } else {
            "invoices-by-night"
        };
        line(&screen, cut);
        let cut = line(&screen, "zigz");
        assert_eq!(cut.contains('…'), width < 200, "{cut}");
        for row in [
            "statement-7.33 reports runs 12.3 s SELECT sum(price) FROM sales",
            "wait-9 billing waits 12m34s UPDATE accounts SET balance = $1",
            match width {
                80 => "lease-7.12 reports transaction 61.0 s rests SELECT sum(price) FROM sales",
                _ => {
                    "lease-7.12 reports transaction 61.0 s rests 3.0 s 4242 SELECT sum(price) FROM sales"
                }
            },
        ] {
            let rows = screen.iter().filter(|line| words(line) == row);
            assert_eq!(rows.count(), 1, "{row}\n{}", screen.join("\n"));
        }
        assert_eq!(
            line(&screen, "waiting "),
            "waiting      1 call, the longest for 12m34s"
        );
    }
}

#[test]
fn many_plugins_leave_room_for_the_rest() {
    let mut given = Given::busy();
    for number in 0..200 {
        given.plugin(&format!("plugin-{number:03}"), "running");
    }
    let mut board = given.board();
    let drawn = screen(&board, 80, 24);
    line(&drawn, " Plugins (202), by name;");
    line(&drawn, "statement-7.33");
    line(&drawn, "lease-7.12");
    // The last is reached.
    assert!(!drawn.iter().any(|line| line.contains("plugin-199")));
    press(&mut board, KeyCode::End);
    press(&mut board, KeyCode::Up);
    press(&mut board, KeyCode::PageDown);
    // By name "reports" is the last.
    line(&screen(&board, 80, 24), "plugin-199");
}

#[test]
fn long_and_wide_texts_are_cut_with_a_mark() {
    let mut given = Given::idle();
    given.runs("statement-1.1", "p", 5, &"SELECT a ".repeat(22));
    given.runs(
        "statement-1.2",
        "p",
        5,
        &format!("SELECT '{}'", "数据库连接".repeat(30)),
    );
    given.runs("statement-1.3", "p", 5, "SELECT '\u{1f980}'");
    for width in [40, 80, 120, 200] {
        let screen = screen(&given.board(), width, 24);
        let cells = |line: &str| ratatui::text::Span::raw(line).width();
        for (number, is_cut) in [(1, true), (2, true), (3, width < 80)] {
            let line = line(&screen, &format!("statement-1.{number}"));
            assert_eq!(line.ends_with('…'), is_cut, "{width}: {line}");
            assert!(cells(line) <= usize::from(width), "{width}: {line}");
            // A wide character that does not fit leaves one cell.
            assert!(
                !is_cut || cells(line) + 1 >= usize::from(width),
                "{width}: {line}"
            );
        }
    }
}

/// Whatever size a terminal has, something is drawn, also with a question in front.
#[test]
fn no_terminal_is_too_small() {
    for mut board in [Given::idle().board(), Given::busy().board()] {
        board.note("nothing was ended ".repeat(20));
        for _ in 0..2 {
            for (width, height) in [(1, 1), (3, 2), (10, 5), (40, 12), (80, 6), (500, 3)] {
                screen(&board, width, height);
            }
            press(&mut board, KeyCode::Tab);
            press(&mut board, KeyCode::Char('k'));
        }
    }
}

#[test]
fn plugins_are_sorted() {
    let mut given = Given::idle();
    for (name, calls, errors) in [("b", 100, 1), ("a", 300, 0), ("c", 200, 2)] {
        given.plugin(name, "running");
        given.calls(name, 0, 0);
        given.calls(name, calls, errors);
    }
    given.waits("wait-1", "b", 5, "SELECT 1");
    let later: Vec<_> = given.activity.iter().skip(1).step_by(2).cloned().collect();
    given.activity = given.activity.into_iter().step_by(2).collect();
    let now = Instant::now();
    let mut board = Board::default();
    board.update(given.look(now));
    given.activity = later;
    board.update(given.look(now + Duration::from_secs(2)));
    for (order, sorted) in [
        ("name", "abc"),
        ("queue", "bac"),
        ("calls", "acb"),
        ("wait", "abc"),
        ("run", "abc"),
        ("errors", "cba"),
        ("name", "abc"),
    ] {
        let screen = screen(&board, 80, 24);
        line(&screen, &format!(", by {order}; "));
        let names = board
            .plugins()
            .into_iter()
            .map(|row| row.view.name.as_str());
        assert_eq!(names.collect::<String>(), sorted, "{order}");
        assert!(line(&screen, "150").starts_with("a "), "calls in a second");
        press(&mut board, KeyCode::Char('s'));
    }
}

#[test]
fn a_filter_leaves_what_it_says() {
    let mut board = Given::busy().board();
    press(&mut board, KeyCode::Char('/'));
    types(&mut board, "SALEx");
    press(&mut board, KeyCode::Backspace);
    let drawn = screen(&board, 120, 24);
    assert_eq!(drawn[23], "filter: SALE_  Enter keeps it, Esc clears it");
    line(&drawn, " Plugins (0 of 2)");
    line(&drawn, " Statements (1 of 2) ");
    line(&drawn, "statement-7.33");
    line(&drawn, "lease-7.12");
    // Above the lists nothing is left out.
    line(&drawn, "1 call, the longest for 12m34s");
    press(&mut board, KeyCode::Enter);
    assert_eq!(
        screen(&board, 120, 24)[23],
        "filter: SALE  Esc clears it  / edits it  q quit"
    );
    press(&mut board, KeyCode::Esc);
    line(&screen(&board, 120, 24), " Statements (2) ");
}

#[test]
fn what_is_ended_is_what_was_confirmed() {
    let mut board = Given::busy().board();
    press(&mut board, KeyCode::Char('k'));
    line(
        &screen(&board, 80, 24),
        "choose a statement or a lease: Tab, then the arrows",
    );
    press(&mut board, KeyCode::Tab);
    press(&mut board, KeyCode::Char('k'));
    let drawn = screen(&board, 80, 24);
    for part in [
        " End statement-7.33? ",
        "A statement of reports that has run for 12.3 s:",
        "the plugin gets the error CANCELLED_RUNNING",
        "y  end it    any other key  leave it",
    ] {
        // What is narrower than the sentence is wrapped.
        assert!(
            drawn.join(" ").contains(part) || part.contains("error"),
            "{drawn:#?}"
        );
    }
    // Every other key is no: also those that are commands.
    for key in [
        KeyCode::Esc,
        KeyCode::Char('q'),
        KeyCode::Char('n'),
        KeyCode::Enter,
    ] {
        assert_eq!(press(&mut board, key), None);
        line(&screen(&board, 80, 24), "nothing was ended");
        press(&mut board, KeyCode::Char('k'));
    }
    let statement = Target::Statement {
        backend: 7,
        number: 33,
    };
    assert_eq!(
        press(&mut board, KeyCode::Char('y')),
        Some(Wish::Kill(statement))
    );

    press(&mut board, KeyCode::Down);
    press(&mut board, KeyCode::Char('k'));
    line(
        &screen(&board, 80, 24),
        "A call of billing that has waited for 12m34s:",
    );
    assert_eq!(
        press(&mut board, KeyCode::Char('y')),
        Some(Wish::Kill(Target::Wait(9)))
    );

    press(&mut board, KeyCode::Tab);
    press(&mut board, KeyCode::Char('k'));
    line(
        &screen(&board, 80, 24),
        "A connection that reports has had for 61.0 s (transaction):",
    );
}

/// A row is selected by what it stands for, so that nothing slips under the finger.
#[test]
fn the_selection_stays_with_its_statement() {
    let mut given = Given::busy();
    let mut board = given.board();
    press(&mut board, KeyCode::BackTab);
    press(&mut board, KeyCode::BackTab);
    press(&mut board, KeyCode::Down);
    assert_eq!(board.selected(Panel::Statements), Some(1));
    assert_eq!(board.target(), Some(Target::Wait(9)));
    for _ in 0..3 {
        let first = given.statements[0].clone();
        given.statements.insert(0, first);
        given.statements[0]["id"] = format!("statement-8.{}", given.statements.len()).into();
    }
    board.update(given.look(Instant::now()));
    assert_eq!(board.selected(Panel::Statements), Some(4));
    assert_eq!(board.target(), Some(Target::Wait(9)));
    // When it is gone, what has come into its place is selected, or the last.
    given.statements.truncate(2);
    board.update(given.look(Instant::now()));
    assert_eq!(board.selected(Panel::Statements), Some(1));
    given.statements.clear();
    board.update(given.look(Instant::now()));
    assert_eq!(
        (board.selected(Panel::Statements), board.target()),
        (None, None)
    );
    press(&mut board, KeyCode::Char('k'));
    line(&screen(&board, 80, 24), "there is nothing to end");
}

#[test]
fn what_ends_while_it_is_asked_about_is_said_so() {
    let mut given = Given::busy();
    let mut board = given.board();
    press(&mut board, KeyCode::Tab);
    press(&mut board, KeyCode::Char('k'));
    given.statements.clear();
    board.update(given.look(Instant::now()));
    line(
        &screen(&board, 80, 24),
        "statement-7.33 has ended by itself.",
    );
}

/// A reader of the host is refused, and all of the reason can be read.
#[test]
fn a_refusal_is_shown_in_full() {
    let mut board = Given::busy().board();
    let refusal = "you may see how this host is doing, and not steer it; that takes a member of the \
                   operators' groups of [admin], the host's user, or root";
    board.note(refusal.to_owned());
    let drawn = screen(&board, 80, 24).join(" ");
    assert!(words(&drawn).contains(&words(refusal)), "{drawn}");
    press(&mut board, KeyCode::Up);
    assert!(!screen(&board, 80, 24).join(" ").contains("you may see"));
}

#[test]
fn a_host_that_went_away_is_said_so_until_it_is_back() {
    let mut given = Given::busy();
    given.status["paused_plugins"] = json!(["reports"]);
    let now = Instant::now();
    let mut board = Board::default();
    board.update(given.look(now));
    line(&screen(&board, 80, 24), "reports (paused)");
    let why = "the host broke off: it closed the socket";
    board.lose(why.to_owned(), now + Duration::from_secs(12));
    let drawn = screen(&board, 120, 24);
    let said = line(&drawn, why);
    assert!(
        said.ends_with("asked again every second. What is shown is 12 s old."),
        "{said}"
    );
    assert!(!drawn.join(" ").contains("connections are held"));
    board.update(given.look(now + Duration::from_secs(20)));
    line(&screen(&board, 120, 24), "connections are held");
}
