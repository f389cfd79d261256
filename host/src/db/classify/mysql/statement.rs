//! The statements of MySQL and MariaDB by their first words.

use super::super::calls::Calls;
use super::super::functions::FunctionList;
use super::super::query;
use super::super::reason::{DoubtReason, PinReason, Refusal};
use super::super::statement::Statement;
use super::super::transaction;
use super::super::verdict::{Dialect, Step, What};
use super::calls::is_variable;
use super::set;

/// Definitions and maintenance that commit an open transaction.
const COMMITTING: [&str; 7] = [
    "DROP", "RENAME", "TRUNCATE", "GRANT", "REVOKE", "OPTIMIZE", "REPAIR",
];

/// What one statement does.
pub(in super::super) fn step(statement: &Statement<'_>, extra: &FunctionList) -> Step {
    if let Some(what) = transaction::what(Dialect::MySql, statement) {
        return Step::new(what);
    }
    if query::is_query(statement, 0) || query::is_change(statement, 0) {
        return query::step(Dialect::MySql, statement, 0, extra);
    }
    let word = statement.text(0).to_ascii_uppercase();
    match word.as_str() {
        "SHOW" => show(statement, extra),
        "EXPLAIN" | "DESCRIBE" | "DESC" => explain(statement, extra),
        "ANALYZE" => analyze(statement, extra),
        "DO" => evaluate(statement, extra),
        "SET" => Step::new(set::set(statement, extra)),
        "CREATE" => create(statement, extra),
        "ALTER" => Step::clean().committing(),
        "DROP" if statement.word(1, "TEMPORARY") => Step::pin(PinReason::TemporaryTable),
        // If it is the default database, the session is left without one.
        "DROP" if statement.one_of(1, &["DATABASE", "SCHEMA"]) => {
            Step::doubt(DoubtReason::UseDatabase).committing()
        }
        "DROP" if statement.word(1, "PREPARE") => Step::pin(PinReason::PreparedText),
        _ if COMMITTING.contains(&word.as_str()) => Step::clean().committing(),
        "CHECK" if statement.one_of(1, &["TABLE", "TABLES"]) => Step::clean().committing(),
        "CHECKSUM" => Step::read(),
        "FLUSH" if statement.has_word(1, &["LOCK", "EXPORT"]) => {
            Step::pin(PinReason::LockTables).committing()
        }
        "FLUSH" => Step::clean().committing(),
        "LOCK" if statement.one_of(1, &["TABLE", "TABLES"]) => {
            Step::pin(PinReason::LockTables).committing()
        }
        // UNLOCK commits only if there was something to unlock.
        "LOCK" | "UNLOCK" => Step::pin(PinReason::LockTables),
        "HANDLER" => Step::pin(PinReason::Cursor),
        "EXECUTE" if statement.word(1, "IMMEDIATE") => Step::doubt(DoubtReason::DynamicText),
        "PREPARE" | "EXECUTE" | "DEALLOCATE" => Step::pin(PinReason::PreparedText),
        "CALL" => call(statement),
        "USE" => Step::pin(PinReason::Setting),
        "XA" => Step::refused(Refusal::TwoPhase),
        "LOAD" => load(statement),
        _ => Step::doubt(DoubtReason::UnknownStatement(statement.head())),
    }
}

fn calls(statement: &Statement<'_>, from: usize, extra: &FunctionList) -> Step {
    Calls::of(Dialect::MySql, statement, from, extra).into_step()
}

/// The step of a statement that reads, unless what it calls says otherwise.
fn reading(step: Step) -> Step {
    Step {
        reads_only: step.what == What::Clean,
        ..step
    }
}

fn show(statement: &Statement<'_>, extra: &FunctionList) -> Step {
    let step = reading(calls(statement, 1, extra));
    let counted = statement.word(1, "COUNT") && statement.has_word(2, &["WARNINGS", "ERRORS"]);
    if counted || statement.one_of(1, &["WARNINGS", "ERRORS"]) {
        return Step {
            session_read: Some("SHOW WARNINGS"),
            ..step
        };
    }
    step
}

/// The plan of a statement, or the columns of a table. Subqueries may be run for a plan.
fn explain(statement: &Statement<'_>, extra: &FunctionList) -> Step {
    let step = calls(statement, 1, extra);
    if statement.has_word(1, &["ANALYZE"]) {
        return step;
    }
    reading(step)
}

/// `ANALYZE TABLE`, and MariaDB's `ANALYZE` of a statement, which runs it.
fn analyze(statement: &Statement<'_>, extra: &FunctionList) -> Step {
    if statement.has_word(1, &["TABLE"]) {
        return Step::clean().committing();
    }
    let begins = |at| query::is_query(statement, at) || query::is_change(statement, at);
    match (1..statement.len()).find(|&at| begins(at)) {
        Some(from) => Step {
            reads_only: false,
            ..query::step(Dialect::MySql, statement, from, extra)
        },
        None => Step::doubt(DoubtReason::UnknownStatement(statement.head())),
    }
}

/// `DO` computes expressions and drops what comes out: locks are taken and given back so.
fn evaluate(statement: &Statement<'_>, extra: &FunctionList) -> Step {
    calls(statement, 1, extra)
}

/// A procedure may do anything. One that has a user variable for what it returns is pinned, so
/// that the variable can be read.
fn call(statement: &Statement<'_>) -> Step {
    if (1..statement.len()).any(|at| is_variable(statement, at)) {
        return Step::pin(PinReason::UserVariable);
    }
    Step::doubt(DoubtReason::Call)
}

fn load(statement: &Statement<'_>) -> Step {
    let rows = statement.one_of(1, &["DATA", "XML"]);
    let modified = usize::from(statement.one_of(2, &["LOW_PRIORITY", "CONCURRENT"]));
    if rows && statement.word(2 + modified, "LOCAL") {
        return Step::refused(Refusal::LoadLocal);
    }
    Step::doubt(DoubtReason::UnknownStatement(statement.head()))
}

fn create(statement: &Statement<'_>, extra: &FunctionList) -> Step {
    let replaced = statement.words(1, &["OR", "REPLACE"]);
    let kind = if replaced { 3 } else { 1 };
    if statement.word(kind, "TEMPORARY") {
        return Step::pin(PinReason::TemporaryTable);
    }
    if replaced && statement.one_of(kind, &["DATABASE", "SCHEMA"]) {
        return Step::doubt(DoubtReason::UseDatabase).committing();
    }
    if statement.word(kind, "TABLE") {
        // Until it is committed, nothing else can be run on the connection.
        if (kind..statement.len()).any(|at| statement.words(at, &["START", "TRANSACTION"])) {
            return Step::doubt(DoubtReason::UnknownStatement(statement.head())).committing();
        }
        // The query that fills it.
        let bounds = |at| statement.word(at, "VALUES") && statement.one_of(at + 1, &["LESS", "IN"]);
        let query = (kind..statement.len())
            .find(|&at| statement.one_of(at, &["SELECT", "VALUES"]) && !bounds(at));
        if let Some(query) = query {
            return calls(statement, query, extra).committing();
        }
    }
    Step::clean().committing()
}
