//! What is called before a parenthesis in MySQL, and what is read and left without a call.

use std::ops::Range;

use super::super::calls::{Callee, Calls};
use super::super::lists;
use super::super::reason::PinReason;
use super::super::statement::Statement;
use super::super::tokens::Kind;

/// The name from `first` to `last`, before a parenthesis: a function, or grammar.
pub(in super::super) fn callee(statement: &Statement<'_>, first: usize, last: usize) -> Callee {
    let written = statement.written(first, last + 1);
    if is_target(statement, first) {
        return Callee::Grammar;
    }
    // A qualified name is that of a stored function, and so may be a quoted one.
    if first != last || statement.kind(last) != Some(Kind::Word) {
        return Callee::Function(written.to_ascii_lowercase());
    }
    if is_grammar(statement, last) {
        return Callee::Grammar;
    }
    let name = written.to_ascii_lowercase();
    // With a space before the parenthesis, `count (x)` is a stored function.
    let attached = statement.written(last, last + 2).len() == written.len() + 1;
    let listed = lists::MYSQL_FUNCTIONS.contains(name.as_str());
    if attached || !listed {
        return Callee::Function(name);
    }
    Callee::Function(format!("{name} ("))
}

/// Whether the word there is grammar before a parenthesis.
fn is_grammar(statement: &Statement<'_>, at: usize) -> bool {
    let word = statement.text(at).to_ascii_lowercase();
    if lists::MYSQL_RESERVED.contains(word.as_str()) {
        return true;
    }
    match word.as_str() {
        "any" | "some" | "lateral" => {
            statement.one_of(at + 2, &["SELECT", "WITH", "VALUES", "TABLE"])
        }
        "against" => at
            .checked_sub(1)
            .and_then(|close| statement.partner(close))
            .is_some_and(|open| open > 0 && statement.word(open - 1, "MATCH")),
        // In FROM there are no stored functions.
        "json_table" => at > 0 && statement.one_of(at - 1, &["FROM", "JOIN"]),
        "columns" => at > 0 && statement.kind(at - 1) == Some(Kind::Text),
        _ => false,
    }
}

/// Whether the name there is the table of an INSERT or REPLACE without INTO.
fn is_target(statement: &Statement<'_>, at: usize) -> bool {
    const HEAD: [&str; 6] = [
        "INSERT",
        "REPLACE",
        "IGNORE",
        "LOW_PRIORITY",
        "HIGH_PRIORITY",
        "DELAYED",
    ];
    statement.one_of(0, &["INSERT", "REPLACE"])
        && (1..=4).contains(&at)
        && (0..at).all(|before| statement.one_of(before, &HEAD))
}

/// Adds what a statement does to the session without calling anything: user variables that are
/// set, system variables that tell of earlier statements, sequences.
pub(in super::super) fn session_state(
    statement: &Statement<'_>,
    range: Range<usize>,
    calls: &mut Calls,
) {
    let mut variable = false;
    let mut assigned = false;
    for at in range {
        match statement.kind(at) {
            _ if is_variable(statement, at) => variable = true,
            Some(Kind::SystemVariable) => read_variable(statement, at, calls),
            Some(Kind::Symbol) => assigned |= statement.symbol(at, ":="),
            Some(Kind::Word) => {
                assigned |= statement.word(at, "INTO") && is_variable(statement, at + 1);
                calls.writes |= statement.words(at, &["NEXT", "VALUE"]);
                if statement.words(at, &["PREVIOUS", "VALUE"]) {
                    calls.session_read = calls.session_read.or(Some("PREVIOUS VALUE"));
                }
            }
            _ => {}
        }
    }
    if variable && assigned {
        calls.pin = calls.pin.or(Some(PinReason::UserVariable));
    }
}

/// Whether a user variable stands there: `@name`, or `@` and a quoted name.
pub(super) fn is_variable(statement: &Statement<'_>, at: usize) -> bool {
    statement.kind(at) == Some(Kind::Variable) || statement.symbol(at, "@")
}

fn read_variable(statement: &Statement<'_>, at: usize, calls: &mut Calls) {
    let text = statement
        .text(at)
        .trim_start_matches('@')
        .to_ascii_lowercase();
    let name = match text.as_str() {
        "session" | "local" if statement.symbol(at + 1, ".") => {
            statement.text(at + 2).to_ascii_lowercase()
        }
        _ => text,
    };
    let read = match name.as_str() {
        "last_insert_id" | "identity" => "@@last_insert_id",
        "insert_id" => "@@insert_id",
        "warning_count" => "@@warning_count",
        "error_count" => "@@error_count",
        _ => return,
    };
    calls.session_read = calls.session_read.or(Some(read));
}
