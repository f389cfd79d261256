//! The way from a text to its verdict.

use super::functions::FunctionList;
use super::reason::DoubtReason;
use super::split::{self, Body, Chunk};
use super::statement::Statement;
use super::tokens;
use super::verdict::{Dialect, Step, Verdict, What};
use super::{mysql, postgres, sqlite};

/// Says what each statement of `sql` may leave behind on the backend that runs it.
///
/// Never wrong on the clean side but for what no text shows: triggers, rules, column defaults,
/// operators and casts of users, and functions of theirs that borrow a built-in name. Linear in the
/// length of the text, of which no more than the first 256 KiB are read; the rest is doubt.
pub(crate) fn classify(dialect: Dialect, sql: &str, extra_functions: &FunctionList) -> Verdict {
    let reading = tokens::read(dialect, sql);
    let mut steps = Vec::new();
    let mut open = false;
    for chunk in split::statements(dialect, &reading.pieces) {
        open = !chunk.terminated;
        steps.push(step(dialect, sql, chunk, extra_functions));
    }
    if let Some(reason) = reading.stopped {
        // What is known of half a statement counts only if it must not be run.
        if open {
            steps.pop_if(|last| !matches!(last.what, What::Refused(_)));
        }
        steps.push(Step::doubt(reason));
    }
    Verdict::new(steps)
}

fn step(dialect: Dialect, sql: &str, chunk: Chunk<'_>, extra: &FunctionList) -> Step {
    match chunk.body {
        Body::Whole => {}
        Body::Open => return Step::doubt(DoubtReason::UnfinishedBody),
        Body::Swallowed => return Step::doubt(DoubtReason::StoredProgram),
    }
    let statement = Statement::new(sql, chunk);
    if !statement.is_balanced() {
        return Step::doubt(DoubtReason::Unbalanced);
    }
    match dialect {
        Dialect::Postgres => postgres::step(&statement, extra),
        Dialect::MySql => mysql::step(&statement, extra),
        Dialect::Sqlite => sqlite::step(&statement, extra),
    }
}
