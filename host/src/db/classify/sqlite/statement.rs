//! The statements of SQLite by their first words.

use super::super::calls::Calls;
use super::super::functions::FunctionList;
use super::super::query;
use super::super::reason::{DoubtReason, PinReason};
use super::super::statement::{Statement, unquoted};
use super::super::transaction;
use super::super::verdict::{Dialect, Step, What};
use super::pragma;

/// The modules that come with SQLite. They keep their state in the database.
const MODULES: [&str; 9] = [
    "dbstat",
    "fts3",
    "fts4",
    "fts4aux",
    "fts5",
    "fts5vocab",
    "geopoly",
    "rtree",
    "rtree_i32",
];

/// What one statement does.
pub(in super::super) fn step(statement: &Statement<'_>, extra: &FunctionList) -> Step {
    if let Some(what) = transaction::what(Dialect::Sqlite, statement) {
        return Step::new(what);
    }
    if query::is_query(statement, 0) || query::is_change(statement, 0) {
        return query::step(Dialect::Sqlite, statement, 0, extra);
    }
    let word = statement.text(0).to_ascii_uppercase();
    match word.as_str() {
        "PRAGMA" => pragma::step(statement),
        "EXPLAIN" => explain(statement, extra),
        "CREATE" => create(statement, extra),
        "ATTACH" | "DETACH" => Step::pin(PinReason::Attach),
        "ALTER" | "DROP" | "REINDEX" | "ANALYZE" => Step::clean(),
        // The name of the file that VACUUM INTO writes may be computed; which files may be written is
        // not asked here.
        "VACUUM" if (1..statement.len()).all(|at| !statement.symbol(at, "(")) => Step::clean(),
        _ => Step::doubt(DoubtReason::UnknownStatement(statement.head())),
    }
}

fn calls(statement: &Statement<'_>, from: usize, extra: &FunctionList) -> Step {
    Calls::of(Dialect::Sqlite, statement, from, extra).into_step()
}

/// The program or the plan of a query. Not of a pragma: some act while they are prepared.
fn explain(statement: &Statement<'_>, extra: &FunctionList) -> Step {
    let plan = statement.words(1, &["QUERY", "PLAN"]);
    let inner = if plan { 3 } else { 1 };
    if !query::is_query(statement, inner) && !query::is_change(statement, inner) {
        return Step::doubt(DoubtReason::UnknownStatement(statement.head()));
    }
    let step = query::step(Dialect::Sqlite, statement, inner, extra);
    Step {
        reads_only: step.what == What::Clean,
        ..step
    }
}

fn create(statement: &Statement<'_>, extra: &FunctionList) -> Step {
    if statement.one_of(1, &["TEMP", "TEMPORARY"]) || names_temporary(statement) {
        return Step::pin(PinReason::TemporaryTable);
    }
    if statement.word(1, "VIRTUAL") {
        let module = statement
            .find(1, &["USING"])
            .map(|using| statement.text(using + 1).to_ascii_lowercase());
        return match module {
            Some(module) if MODULES.contains(&module.as_str()) => Step::clean(),
            module => Step::doubt(DoubtReason::UnknownFunction(module.unwrap_or_default())),
        };
    }
    // The query that fills a table. (That of a view or a trigger is not run.)
    if statement.word(1, "TABLE")
        && let Some(query) = statement.find(1, &["SELECT", "VALUES"])
    {
        return calls(statement, query, extra);
    }
    Step::clean()
}

/// Whether what is created is in the schema `temp`. The name stands within the first words.
fn names_temporary(statement: &Statement<'_>) -> bool {
    const FURTHEST: usize = 8;
    (1..FURTHEST).any(|at| {
        let text = statement.text(at);
        let name = unquoted(text).unwrap_or(text);
        name.eq_ignore_ascii_case("temp") && statement.symbol(at + 1, ".")
    })
}
