//! A text's statements, one by one. A `;` in a body does not end a statement.

use super::statement::is_word;
use super::tokens::{Kind, Piece};
use super::verdict::Dialect;

/// The pieces of one statement, without the `;` behind it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Chunk<'a> {
    pub pieces: &'a [Piece<'a>],
    pub body: Body,
    /// A `;` follows.
    pub terminated: bool,
}

/// Whether a statement has a body with statements of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Body {
    /// No, or it has been passed.
    Whole,
    /// It has, and it does not end.
    Open,
    /// It may have one, and where it ends takes a parser: what remains of the text is part of it.
    Swallowed,
}

/// Cuts the pieces of a text into statements; empty ones are left out.
pub(super) fn statements<'a>(
    dialect: Dialect,
    pieces: &'a [Piece<'a>],
) -> impl Iterator<Item = Chunk<'a>> {
    let mut rest = pieces;
    std::iter::from_fn(move || {
        while let Some((first, behind)) = rest.split_first()
            && is_end(first)
        {
            rest = behind;
        }
        if rest.is_empty() {
            return None;
        }
        let (length, body) = measure(dialect, rest);
        let (pieces, behind) = rest.split_at_checked(length).unwrap_or((rest, &[]));
        rest = behind;
        Some(Chunk {
            pieces,
            body,
            terminated: !behind.is_empty(),
        })
    })
}

/// How many pieces the first statement has.
fn measure(dialect: Dialect, pieces: &[Piece<'_>]) -> (usize, Body) {
    match dialect {
        Dialect::Postgres if creates(pieces, &["FUNCTION", "PROCEDURE"]) => {
            with_body(pieces, |depth, pieces| {
                depth == 0 && words(pieces, &["BEGIN", "ATOMIC"])
            })
        }
        Dialect::Sqlite if creates(pieces, &["TRIGGER"]) => {
            with_body(pieces, |_, pieces| words(pieces, &["BEGIN"]))
        }
        Dialect::MySql if is_program(pieces) => {
            let length = to_end(pieces);
            let behind = pieces.get(length..).unwrap_or_default();
            if behind.iter().all(is_end) {
                (length, Body::Whole)
            } else {
                (pieces.len(), Body::Swallowed)
            }
        }
        _ => (to_end(pieces), Body::Whole),
    }
}

fn to_end(pieces: &[Piece<'_>]) -> usize {
    pieces.iter().position(is_end).unwrap_or(pieces.len())
}

/// A body closes at the first `END` that stands where a statement would begin: none begins with
/// `END` in there. (Counting `CASE` would not do: it can be a column's name.)
fn with_body(pieces: &[Piece<'_>], opens: impl Fn(usize, &[Piece<'_>]) -> bool) -> (usize, Body) {
    let mut depth = 0_usize;
    let mut opened_at = None;
    let mut at_start = false;
    for (index, piece) in pieces.iter().enumerate() {
        if let Some(opened) = opened_at {
            if at_start && is_word(piece, "END") {
                opened_at = None;
            }
            at_start = is_end(piece) || is_word(piece, "ATOMIC") && index == opened + 1;
        } else if is_end(piece) {
            return (index, Body::Whole);
        } else if opens(depth, pieces.get(index..).unwrap_or_default()) {
            opened_at = Some(index);
        } else if piece.text == "(" {
            depth += 1;
        } else if piece.text == ")" {
            depth = depth.saturating_sub(1);
        }
    }
    let body = match opened_at {
        Some(_) => Body::Open,
        None => Body::Whole,
    };
    (pieces.len(), body)
}

/// Whether the statement is `CREATE` of one of these, whatever stands before the kind.
fn creates(pieces: &[Piece<'_>], kinds: &[&str]) -> bool {
    const BEFORE: [&str; 8] = [
        "EXPLAIN",
        "QUERY",
        "PLAN",
        "CREATE",
        "OR",
        "REPLACE",
        "TEMP",
        "TEMPORARY",
    ];
    let mut created = false;
    for piece in pieces {
        if created && kinds.iter().any(|kind| is_word(piece, kind)) {
            return true;
        }
        if !BEFORE.iter().any(|word| is_word(piece, word)) {
            return false;
        }
        created |= is_word(piece, "CREATE");
    }
    false
}

/// Whether a MySQL statement may contain others: a stored program, or one of MariaDB's compound
/// statements, which need no program around them.
fn is_program(pieces: &[Piece<'_>]) -> bool {
    const COMPOUND: [&str; 8] = [
        "IF", "CASE", "LOOP", "WHILE", "REPEAT", "FOR", "DECLARE", "GOTO",
    ];
    const PROGRAMS: [&str; 5] = ["PROCEDURE", "FUNCTION", "TRIGGER", "EVENT", "PACKAGE"];
    const OTHERS: [&str; 11] = [
        "TABLE",
        "VIEW",
        "INDEX",
        "DATABASE",
        "SCHEMA",
        "USER",
        "ROLE",
        "SERVER",
        "SEQUENCE",
        "TABLESPACE",
        "LOGFILE",
    ];
    let Some(first) = pieces.first() else {
        return false;
    };
    let labelled = pieces.get(1).is_some_and(|second| second.text == ":");
    let is = |words: &[&str]| words.iter().any(|word| is_word(first, word));
    if is(&COMPOUND) || labelled || first.kind == Kind::Symbol && first.text != "(" {
        return true;
    }
    if is(&["BEGIN"]) {
        // Anything but BEGIN and BEGIN WORK is a block.
        let next = pieces.get(1);
        return next.is_some_and(|next| !is_end(next) && !is_word(next, "WORK"));
    }
    if is(&["SET"]) {
        return words(pieces, &["SET", "STATEMENT"]);
    }
    is(&["CREATE", "ALTER"])
        && pieces
            .iter()
            .take_while(|piece| !is_end(piece) && !OTHERS.iter().any(|word| is_word(piece, word)))
            .any(|piece| PROGRAMS.iter().any(|word| is_word(piece, word)))
}

fn words(pieces: &[Piece<'_>], words: &[&str]) -> bool {
    pieces.len() >= words.len()
        && pieces
            .iter()
            .zip(words)
            .all(|(piece, word)| is_word(piece, word))
}

fn is_end(piece: &Piece<'_>) -> bool {
    piece.kind == Kind::Symbol && piece.text == ";"
}
