//! The statements of PostgreSQL by their first words.

use super::super::calls::Calls;
use super::super::functions::FunctionList;
use super::super::query;
use super::super::reason::{DoubtReason, PinReason, Refusal};
use super::super::statement::Statement;
use super::super::tokens::Kind;
use super::super::transaction;
use super::super::verdict::{Dialect, Step, What};
use super::{config, set};

/// Definitions and maintenance: what they leave is in the database. Expressions in indexes and
/// materialized views are run by the server with settings of their own.
const DEFINING: [&str; 15] = [
    "DROP",
    "TRUNCATE",
    "COMMENT",
    "GRANT",
    "REVOKE",
    "ANALYZE",
    "ANALYSE",
    "VACUUM",
    "REINDEX",
    "CLUSTER",
    "REFRESH",
    "REASSIGN",
    "IMPORT",
    "SECURITY",
    "CHECKPOINT",
];

/// What one statement does.
pub(in super::super) fn step(statement: &Statement<'_>, extra: &FunctionList) -> Step {
    if let Some(what) = transaction::what(Dialect::Postgres, statement) {
        return Step::new(what);
    }
    if query::is_query(statement, 0) || query::is_change(statement, 0) {
        return rows(statement, extra);
    }
    if statement.one_of(0, &DEFINING) {
        return Step::clean();
    }
    let word = statement.text(0).to_ascii_uppercase();
    match word.as_str() {
        "SHOW" => Step::read(),
        "EXPLAIN" => explain(statement, extra),
        "SET" => Step::new(set::set(statement)),
        "RESET" => Step::new(set::reset(statement)),
        "CREATE" => create(statement, extra),
        "ALTER" => alter(statement, extra),
        "DECLARE" => declare(statement, extra),
        // These work on a cursor that DECLARE has been judged for, on a lock or a message that the
        // transaction takes with it.
        "FETCH" | "MOVE" | "CLOSE" | "LOCK" | "NOTIFY" => Step::clean(),
        "PREPARE" if statement.word(1, "TRANSACTION") => Step::refused(Refusal::TwoPhase),
        "PREPARE" | "EXECUTE" | "DEALLOCATE" => prepared(statement),
        "DISCARD" if statement.one_of(1, &["PLANS", "SEQUENCES", "TEMP", "TEMPORARY"]) => {
            Step::clean()
        }
        "DISCARD" => Step::refused(Refusal::DriverStatements),
        "COPY" if statement.has_word(1, &["STDIN", "STDOUT"]) => Step::refused(Refusal::Copy),
        "LISTEN" | "UNLISTEN" => Step::refused(Refusal::Listen),
        "CALL" => Step::doubt(DoubtReason::Call),
        "DO" => Step::doubt(DoubtReason::Block),
        _ => Step::doubt(DoubtReason::UnknownStatement(statement.head())),
    }
}

/// Queries and changes; among them `SELECT INTO`, which makes a table, and `set_config`.
fn rows(statement: &Statement<'_>, extra: &FunctionList) -> Step {
    if let Some(what) = config::configs(statement) {
        return Step::new(what);
    }
    rows_at(statement, 0, extra)
}

fn rows_at(statement: &Statement<'_>, from: usize, extra: &FunctionList) -> Step {
    // A rule makes an UPDATE of this view a call of set_config.
    let view = "pg_settings";
    let has_view = (from..statement.len()).any(|at| {
        statement
            .text(at)
            .trim_matches('"')
            .eq_ignore_ascii_case(view)
    });
    if has_view && statement.has_word(from, &["UPDATE"]) {
        return Step::pin(PinReason::Setting);
    }
    let step = query::step(Dialect::Postgres, statement, from, extra);
    let temporary = (from + 1..statement.len()).any(|at| {
        statement.word(at, "INTO")
            && !statement.one_of(at - 1, &["INSERT", "MERGE"])
            && is_temporary_target(statement, at + 1)
    });
    match step.what {
        What::Clean | What::Doubt(_) if temporary => Step::pin(PinReason::TemporaryTable),
        _ => step,
    }
}

/// Whether what stands behind `INTO` is made for the session: `TEMP x`, `TABLE pg_temp.x`, or the same
/// with the database's name before it.
fn is_temporary_target(statement: &Statement<'_>, at: usize) -> bool {
    let unlogged = usize::from(statement.word(at, "UNLOGGED"));
    let name = at + unlogged + usize::from(statement.word(at + unlogged, "TABLE"));
    let in_database = statement.is_name(name) && statement.symbol(name + 1, ".");
    is_temporary(statement, at)
        || is_in_temporary_schema(statement, name)
        || (in_database && is_in_temporary_schema(statement, name + 2))
}

fn is_temporary(statement: &Statement<'_>, at: usize) -> bool {
    let scoped = statement.one_of(at, &["GLOBAL", "LOCAL"]);
    statement.one_of(at + usize::from(scoped), &["TEMP", "TEMPORARY"])
}

/// Whether the name there is in `pg_temp`, or in the schema of some session behind that name.
fn is_in_temporary_schema(statement: &Statement<'_>, at: usize) -> bool {
    let schema = statement.text(at).trim_matches('"').to_ascii_lowercase();
    let temporary = schema == "pg_temp" || schema.starts_with("pg_temp_");
    statement.is_name(at) && temporary && statement.symbol(at + 1, ".")
}

/// Without ANALYZE nothing is run; but functions may be called while planning.
fn explain(statement: &Statement<'_>, extra: &FunctionList) -> Step {
    let (inner, options) = match statement.partner(1) {
        Some(close) => (close + 1, close),
        None => {
            let words = ["ANALYZE", "ANALYSE", "VERBOSE"];
            let inner = (1..).find(|&at| !statement.one_of(at, &words)).unwrap_or(1);
            (inner, inner)
        }
    };
    if statement.word(inner, "EXECUTE") {
        return Step::pin(PinReason::PreparedText);
    }
    if !query::is_query(statement, inner) && !query::is_change(statement, inner) {
        return Step::doubt(DoubtReason::UnknownStatement(statement.head()));
    }
    // An option's name may be quoted.
    let run = (1..options).any(|at| {
        statement.one_of(at, &["ANALYZE", "ANALYSE"]) || statement.kind(at) == Some(Kind::Quoted)
    });
    let step = rows_at(statement, inner, extra);
    Step {
        reads_only: !run && step.what == What::Clean,
        ..step
    }
}

/// A cursor without hold ends with its transaction.
fn declare(statement: &Statement<'_>, extra: &FunctionList) -> Step {
    let query = statement.find(1, &["FOR"]).unwrap_or(statement.len()) + 1;
    if !query::is_query(statement, query) {
        return Step::doubt(DoubtReason::UnknownStatement(statement.head()));
    }
    let hold = statement.find(1, &["HOLD"]).filter(|&at| at < query);
    if hold.is_some_and(|at| statement.word(at - 1, "WITH")) {
        return Step::pin(PinReason::Cursor);
    }
    Step {
        reads_only: false,
        ..query::step(Dialect::Postgres, statement, query, extra)
    }
}

/// The driver names its own statements so; whoever drops one breaks the driver's next use of it.
fn prepared(statement: &Statement<'_>) -> Step {
    let at = if statement.word(1, "PREPARE") { 2 } else { 1 };
    let name = statement
        .text(at)
        .trim_start_matches('"')
        .to_ascii_lowercase();
    let all = statement.word(0, "DEALLOCATE") && statement.word(at, "ALL");
    if all || name.starts_with("sqlx_s_") {
        return Step::refused(Refusal::DriverStatements);
    }
    Step::pin(PinReason::PreparedText)
}

fn create(statement: &Statement<'_>, extra: &FunctionList) -> Step {
    let replaced = statement.words(1, &["OR", "REPLACE"]);
    let kind = if replaced { 3 } else { 1 };
    let in_schema = (kind..statement.len()).any(|at| is_in_temporary_schema(statement, at));
    if is_temporary(statement, kind) || in_schema {
        return Step::pin(PinReason::TemporaryTable);
    }
    let unlogged = usize::from(statement.word(kind, "UNLOGGED"));
    let runs = statement.word(kind + unlogged, "TABLE")
        || statement.words(kind, &["MATERIALIZED", "VIEW"])
        || statement.words(kind, &["FOREIGN", "TABLE"])
        // Its elements are statements of their own.
        || statement.word(kind, "SCHEMA");
    if runs {
        // The query that fills a table, the bounds of a partition, a prepared statement.
        if statement.has_word(kind, &["EXECUTE"]) {
            return Step::pin(PinReason::PreparedText);
        }
        let filled = |&at: &usize| {
            let of = ["SELECT", "VALUES", "TABLE", "WITH"];
            statement.word(at, "AS")
                && (statement.one_of(at + 1, &of) || statement.symbol(at + 1, "("))
        };
        let filled = (kind..statement.len()).find(filled);
        let query = statement.find(kind, &["SELECT", "VALUES"]);
        if let Some(query) = filled.into_iter().chain(query).min() {
            return Calls::of(Dialect::Postgres, statement, query, extra).into_step();
        }
    }
    if statement.word(kind, "INDEX") || statement.words(kind, &["UNIQUE", "INDEX"]) {
        return index(statement, extra);
    }
    Step::clean()
}

/// The calls in an index's columns, which are the first parenthesis behind the table and method.
fn index(statement: &Statement<'_>, extra: &FunctionList) -> Step {
    let columns = (1..statement.len())
        .find(|&at| statement.symbol(at, "("))
        .unwrap_or_default();
    Calls::of(Dialect::Postgres, statement, columns + 1, extra).into_step()
}

/// `ALTER TABLE` computes defaults, checks constraints and converts columns there and then.
fn alter(statement: &Statement<'_>, extra: &FunctionList) -> Step {
    if statement.word(1, "SYSTEM") {
        return Step::doubt(DoubtReason::GlobalSetting);
    }
    let runs = ["TABLE", "FOREIGN", "DOMAIN", "TYPE", "MATERIALIZED"];
    if statement.one_of(1, &runs) {
        return Calls::of(Dialect::Postgres, statement, 2, extra).into_step();
    }
    Step::clean()
}
