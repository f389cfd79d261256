//! The screen at every size, for hosts in all sorts of states.

use super::*;

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
