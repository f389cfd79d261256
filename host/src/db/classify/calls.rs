//! The functions that a statement calls, and what comes of it.
//!
//! Every opening parenthesis is looked at: either the grammar of the database is known to want one
//! there, or what stands before it is called.

use std::ops::Range;

use super::functions::{Effect, FunctionList, effect};
use super::reason::{DoubtReason, PinReason, Refusal};
use super::statement::{Statement, shown};
use super::tokens::Kind;
use super::verdict::{Dialect, Step, What};
use super::{mysql, postgres, sqlite};

/// What the calls of a statement do, taken together.
#[derive(Debug, Default)]
pub(super) struct Calls {
    pub refusal: Option<Refusal>,
    pub pin: Option<PinReason>,
    pub doubt: Option<DoubtReason>,
    pub session_read: Option<&'static str>,
    pub writes: bool,
}

/// What stands before an opening parenthesis.
pub(super) enum Callee {
    /// Nothing that is called.
    Grammar,
    /// A function, by the name it is looked up by; without a qualifier if it is built in.
    Function(String),
}

impl Calls {
    /// The calls of a statement, from a position on.
    pub(super) fn of(
        dialect: Dialect,
        statement: &Statement<'_>,
        from: usize,
        extra: &FunctionList,
    ) -> Self {
        Self::within(dialect, statement, from..statement.len(), extra)
    }

    /// The calls of a part of a statement.
    pub(super) fn within(
        dialect: Dialect,
        statement: &Statement<'_>,
        range: Range<usize>,
        extra: &FunctionList,
    ) -> Self {
        let mut calls = Self::default();
        let tables = named_tables(statement, range.clone());
        for at in range.clone() {
            if !statement.symbol(at, "(") || tables.binary_search(&at).is_ok() {
                continue;
            }
            if let Callee::Function(name) = callee(dialect, statement, at) {
                let effect = match effect(dialect, &name) {
                    // With an argument it sets what it tells without one.
                    Effect::SessionRead("LAST_INSERT_ID()") if !statement.symbol(at + 1, ")") => {
                        Effect::Writes
                    }
                    effect => effect,
                };
                calls.add(statement, at, &name, effect, extra);
            }
        }
        if dialect == Dialect::Postgres {
            calls.attributes(statement, range.clone(), extra);
        }
        if dialect == Dialect::MySql {
            mysql::session_state(statement, range, &mut calls);
        }
        calls
    }

    /// Calls in PostgreSQL's attribute notation. A name behind a table's is taken for a column,
    /// unless it is one that no column is likely to have.
    fn attributes(&mut self, statement: &Statement<'_>, range: Range<usize>, extra: &FunctionList) {
        for at in range {
            let Some((name, of_value)) = postgres::attribute(statement, at) else {
                continue;
            };
            match effect(Dialect::Postgres, &name) {
                Effect::Unknown | Effect::SessionRead(_) if !of_value => {}
                effect => self.add(statement, at, &name, effect, extra),
            }
        }
    }

    fn add(
        &mut self,
        statement: &Statement<'_>,
        open: usize,
        name: &str,
        effect: Effect,
        extra: &FunctionList,
    ) {
        match effect {
            Effect::Nothing => {}
            Effect::Writes => self.writes = true,
            Effect::SessionRead(what) => self.session_read = self.session_read.or(Some(what)),
            Effect::Pin(reason) => self.pin = self.pin.or(Some(reason)),
            Effect::Refused(refusal) => self.refusal = self.refusal.or(Some(refusal)),
            Effect::Setting if postgres::is_local_config(statement, open) => self.writes = true,
            Effect::Setting if postgres::ends_with_true(statement, open) => {
                self.doubt(DoubtReason::SettingValue(shown(name)));
            }
            Effect::Setting => self.pin = self.pin.or(Some(PinReason::Setting)),
            Effect::Unknown if extra.contains(name) => self.writes = true,
            Effect::Unknown => self.doubt(DoubtReason::UnknownFunction(shown(name))),
        }
    }

    fn doubt(&mut self, reason: DoubtReason) {
        self.doubt.get_or_insert(reason);
    }

    /// The step of a statement that does nothing else. A pin covers a doubt: the backend stays with
    /// the Connection, and is reset after it.
    pub(super) fn into_step(self) -> Step {
        let what = match (self.refusal, self.pin, self.doubt) {
            (Some(refusal), _, _) => What::Refused(refusal),
            (None, Some(reason), _) => What::Pin(reason),
            (None, None, Some(reason)) => What::Doubt(reason),
            (None, None, None) => What::Clean,
        };
        Step {
            session_read: self.session_read,
            ..Step::new(what)
        }
    }
}

fn callee(dialect: Dialect, statement: &Statement<'_>, open: usize) -> Callee {
    let Some(at) = open.checked_sub(1) else {
        return Callee::Grammar;
    };
    match statement.kind(at) {
        Some(Kind::Word | Kind::Quoted) => {}
        Some(Kind::Symbol) | None => return Callee::Grammar,
        // A literal before a parenthesis is nothing in any grammar, unless it is not a literal: a
        // string in MySQL's ANSI_QUOTES mode, the end of a PostgreSQL name with UESCAPE.
        Some(_) => return Callee::Function(statement.text(at).to_owned()),
    }
    let Some(first) = first_of_name(statement, at) else {
        // Something with a dot before it, which is no name of a built-in function.
        return Callee::Function(statement.written(at.saturating_sub(1), open).to_owned());
    };
    let before = first.checked_sub(1);
    // Behind these comes a name that a parenthesis may follow, and never an expression.
    if before.is_some_and(|before| statement.one_of(before, &["AS", "INTO", "REFERENCES"])) {
        return Callee::Grammar;
    }
    match dialect {
        Dialect::Postgres => postgres::callee(statement, first, at),
        Dialect::MySql => mysql::callee(statement, first, at),
        Dialect::Sqlite => sqlite::callee(statement, first, at),
    }
}

/// Where the name that ends at a position begins; `None` if that is not a name.
fn first_of_name(statement: &Statement<'_>, last: usize) -> Option<usize> {
    let mut first = last;
    // A name has at most a database, a schema and its own part.
    for _ in 0..3 {
        let Some(dot) = first.checked_sub(1).filter(|&at| statement.symbol(at, ".")) else {
            return Some(first);
        };
        first = dot.checked_sub(1).filter(|&at| statement.is_name(at))?;
    }
    None
}

/// The opening parentheses behind the names of `WITH`, which list columns: in `WITH a (x) AS
/// (SELECT ...), b (y) AS (SELECT ...)` the first and the third.
fn named_tables(statement: &Statement<'_>, range: Range<usize>) -> Vec<usize> {
    let mut found = Vec::new();
    for with in range {
        if !statement.word(with, "WITH") {
            continue;
        }
        let mut at = with + 1;
        if statement.word(at, "RECURSIVE") {
            at += 1;
        }
        while let Some((columns, behind)) = named_table(statement, at) {
            found.extend(columns);
            if !statement.symbol(behind, ",") {
                break;
            }
            at = behind + 1;
        }
    }
    found.sort_unstable();
    found
}

/// One table of `WITH`: the parenthesis of its columns, if any, and what stands behind it.
fn named_table(statement: &Statement<'_>, name: usize) -> Option<(Option<usize>, usize)> {
    const QUERY: [&str; 8] = [
        "SELECT", "WITH", "VALUES", "TABLE", "INSERT", "UPDATE", "DELETE", "MERGE",
    ];
    if !statement.is_name(name) {
        return None;
    }
    let mut at = name + 1;
    let mut columns = None;
    if let Some(close) = statement.partner(at).filter(|&close| close > at) {
        columns = Some(at);
        at = close + 1;
    }
    if !statement.word(at, "AS") {
        return None;
    }
    at += 1;
    if statement.word(at, "NOT") {
        at += 1;
    }
    if statement.word(at, "MATERIALIZED") {
        at += 1;
    }
    let close = statement.partner(at).filter(|&close| close > at)?;
    let query = statement.one_of(at + 1, &QUERY) || statement.symbol(at + 1, "(");
    query.then_some((columns, close + 1))
}
