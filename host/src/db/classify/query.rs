//! Statements that read and change rows.

use super::calls::Calls;
use super::functions::FunctionList;
use super::statement::Statement;
use super::verdict::{Dialect, Step, What};

/// The words a query begins with, besides a parenthesis.
const QUERY: [&str; 4] = ["SELECT", "VALUES", "TABLE", "WITH"];

/// Words that show that a query may write or lock rows.
const WRITING: [&str; 7] = [
    "INSERT", "REPLACE", "UPDATE", "DELETE", "MERGE", "INTO", "SHARE",
];

/// The step of a statement that begins at a position and reads or changes rows.
pub(super) fn step(
    dialect: Dialect,
    statement: &Statement<'_>,
    from: usize,
    extra: &FunctionList,
) -> Step {
    let calls = Calls::of(dialect, statement, from, extra);
    let reads = !calls.writes && is_query(statement, from) && !writes(statement, from);
    let step = calls.into_step();
    Step {
        reads_only: reads && step.what == What::Clean,
        ..step
    }
}

/// Whether a query stands there: rows that are read, unless something in it writes.
pub(super) fn is_query(statement: &Statement<'_>, at: usize) -> bool {
    statement.one_of(at, &QUERY) || statement.symbol(at, "(")
}

/// Whether one of the words stands there that begin a change of rows.
pub(super) fn is_change(statement: &Statement<'_>, at: usize) -> bool {
    statement.one_of(at, &["INSERT", "UPDATE", "DELETE", "MERGE", "REPLACE"])
}

fn writes(statement: &Statement<'_>, from: usize) -> bool {
    (from..statement.len()).any(|at| {
        let function =
            statement.one_of(at, &["INSERT", "REPLACE"]) && statement.symbol(at + 1, "(");
        statement.one_of(at, &WRITING) && !function
    })
}
