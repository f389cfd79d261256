//! Transactions and savepoints written as text.

use super::reason::{DoubtReason, Refusal};
use super::statement::{Statement, unquoted};
use super::tokens::Kind;
use super::verdict::{Begin, Dialect, What};

/// What a statement does to the transaction; `None` if it is about something else.
pub(super) fn what(dialect: Dialect, statement: &Statement<'_>) -> Option<What> {
    let word = |word| statement.word(0, word);
    if word("BEGIN") {
        Some(begin(dialect, statement, 1))
    } else if statement.words(0, &["START", "TRANSACTION"]) && dialect != Dialect::Sqlite {
        Some(modes(dialect, statement, 2))
    } else if word("COMMIT") || word("END") && dialect != Dialect::MySql {
        Some(end(dialect, statement, What::Commit))
    } else if word("ROLLBACK") || word("ABORT") && dialect == Dialect::Postgres {
        Some(rollback(dialect, statement))
    } else if word("SAVEPOINT") {
        Some(savepoint(dialect, statement, 1, What::Savepoint))
    } else if word("RELEASE") {
        let at = if statement.word(1, "SAVEPOINT") { 2 } else { 1 };
        Some(savepoint(dialect, statement, at, What::ReleaseSavepoint))
    } else {
        None
    }
}

fn unknown(statement: &Statement<'_>) -> What {
    What::Doubt(DoubtReason::UnknownStatement(statement.head()))
}

fn begin(dialect: Dialect, statement: &Statement<'_>, at: usize) -> What {
    match dialect {
        Dialect::Postgres => modes(dialect, statement, at + noise(dialect, statement, at)),
        Dialect::MySql => {
            if at + noise(dialect, statement, at) < statement.len() {
                return What::Doubt(DoubtReason::Block);
            }
            What::Begin(Begin {
                read_only: false,
                read_write: false,
                deferred: false,
            })
        }
        Dialect::Sqlite => {
            let kind = statement.one_of(at, &["DEFERRED", "IMMEDIATE", "EXCLUSIVE"]);
            let behind = at + usize::from(kind);
            if behind + noise(dialect, statement, behind) < statement.len() {
                return unknown(statement);
            }
            let deferred = !kind || statement.word(at, "DEFERRED");
            What::Begin(Begin {
                read_only: false,
                read_write: !deferred,
                deferred,
            })
        }
    }
}

/// How many words stand there that mean nothing: `WORK`, `TRANSACTION` and, in SQLite, its name.
fn noise(dialect: Dialect, statement: &Statement<'_>, at: usize) -> usize {
    match dialect {
        Dialect::Postgres => usize::from(statement.one_of(at, &["WORK", "TRANSACTION"])),
        Dialect::MySql => usize::from(statement.word(at, "WORK")),
        Dialect::Sqlite if statement.word(at, "TRANSACTION") => {
            let named = !statement.word(at + 1, "TO")
                && savepoint_name(dialect, statement, at + 1).is_some();
            1 + usize::from(named)
        }
        Dialect::Sqlite => 0,
    }
}

/// The modes of a transaction, in any order.
fn modes(dialect: Dialect, statement: &Statement<'_>, from: usize) -> What {
    const POSTGRES: [&str; 11] = [
        "ISOLATION",
        "LEVEL",
        "SERIALIZABLE",
        "REPEATABLE",
        "READ",
        "COMMITTED",
        "UNCOMMITTED",
        "WRITE",
        "ONLY",
        "NOT",
        "DEFERRABLE",
    ];
    const MYSQL: [&str; 6] = ["WITH", "CONSISTENT", "SNAPSHOT", "READ", "WRITE", "ONLY"];
    let known: &[&str] = match dialect {
        Dialect::MySql => &MYSQL,
        _ => &POSTGRES,
    };
    let mut range = from..statement.len();
    if !range.all(|at| statement.symbol(at, ",") || statement.one_of(at, known)) {
        return unknown(statement);
    }
    // The last of several counts; whoever gives both gets the careful answer.
    let read_write = statement.has_word(from, &["WRITE"]);
    let read_only = statement.has_word(from, &["ONLY"]) && !read_write;
    What::Begin(Begin {
        read_only,
        read_write,
        deferred: false,
    })
}

/// `COMMIT` or `ROLLBACK`, with what may follow.
fn end(dialect: Dialect, statement: &Statement<'_>, done: What) -> What {
    if dialect == Dialect::Postgres && statement.word(1, "PREPARED") {
        return What::Doubt(DoubtReason::TwoPhase);
    }
    let mut at = 1 + noise(dialect, statement, 1);
    if dialect != Dialect::Sqlite {
        if statement.words(at, &["AND", "CHAIN"]) {
            return What::Refused(Refusal::Chain);
        }
        if statement.words(at, &["AND", "NO", "CHAIN"]) {
            at += 3;
        }
    }
    if dialect == Dialect::MySql {
        if statement.word(at, "RELEASE") {
            return What::Refused(Refusal::Release);
        }
        if statement.words(at, &["NO", "RELEASE"]) {
            at += 2;
        }
    }
    if at < statement.len() {
        return unknown(statement);
    }
    done
}

fn rollback(dialect: Dialect, statement: &Statement<'_>) -> What {
    let to = 1 + noise(dialect, statement, 1);
    if !statement.word(to, "TO") {
        return end(dialect, statement, What::Rollback);
    }
    let named = statement.word(to + 1, "SAVEPOINT") && to + 2 < statement.len();
    let at = if named { to + 2 } else { to + 1 };
    savepoint(dialect, statement, at, What::RollbackTo)
}

/// The name of a savepoint, and nothing behind it.
fn savepoint(
    dialect: Dialect,
    statement: &Statement<'_>,
    at: usize,
    what: fn(String) -> What,
) -> What {
    match savepoint_name(dialect, statement, at) {
        Some(name) if at + 1 == statement.len() => what(name),
        _ => unknown(statement),
    }
}

/// A savepoint's name in the form in which the database compares it.
fn savepoint_name(dialect: Dialect, statement: &Statement<'_>, at: usize) -> Option<String> {
    let text = statement.text(at);
    match (dialect, statement.kind(at)?) {
        (_, Kind::Word) => Some(text.to_ascii_lowercase()),
        (Dialect::Postgres, Kind::Quoted) => unquoted(text).map(str::to_owned),
        (Dialect::MySql, Kind::Quoted) | (Dialect::Sqlite, Kind::Quoted | Kind::Text) => {
            unquoted(text).map(str::to_ascii_lowercase)
        }
        _ => None,
    }
}
