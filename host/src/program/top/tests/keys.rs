//! What keys do to what is shown.

use super::*;

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
