//! What is called before a parenthesis in PostgreSQL.

use super::super::calls::Callee;
use super::super::lists;
use super::super::statement::{Statement, unquoted};
use super::super::tokens::Kind;

/// The name from `first` to `last`, before a parenthesis: a function, or grammar.
pub(in super::super) fn callee(statement: &Statement<'_>, first: usize, last: usize) -> Callee {
    let before = first.checked_sub(1);
    let is_type = before.is_some_and(|before| statement.symbol(before, "::"));
    // An operand cannot be followed by a call; a name behind one is an alias with its columns, a
    // type, the table of UPDATE before SET.
    if is_type || before.is_some_and(|before| is_operand(statement, before)) {
        return Callee::Grammar;
    }
    if first == last {
        if is_grammar(statement, last) {
            return Callee::Grammar;
        }
        return Callee::Function(folded(statement, last));
    }
    let parts: Vec<String> = (first..=last)
        .step_by(2)
        .map(|at| folded(statement, at))
        .collect();
    match parts.as_slice() {
        [schema, name] if schema == "pg_catalog" => Callee::Function(name.clone()),
        _ => Callee::Function(parts.join(".")),
    }
}

/// A function that may be called by a name behind a dot: `(x).f` is `f(x)` where `x` has no column
/// `f`. Behind what cannot be a table's name this is `Some(.., true)`.
pub(in super::super) fn attribute(statement: &Statement<'_>, at: usize) -> Option<(String, bool)> {
    let dot = at
        .checked_sub(1)
        .filter(|&dot| statement.symbol(dot, "."))?;
    let before = dot.checked_sub(1)?;
    if !statement.is_name(at) || statement.symbol(at + 1, "(") {
        return None;
    }
    let of_value = statement.kind(before) == Some(Kind::Parameter)
        || statement.symbol(before, ")")
        || statement.symbol(before, "]");
    (of_value || statement.is_name(before)).then(|| (folded(statement, at), of_value))
}

/// A part of a name as the server compares it.
fn folded(statement: &Statement<'_>, at: usize) -> String {
    let text = statement.text(at);
    match statement.kind(at) {
        Some(Kind::Quoted) => unquoted(text).unwrap_or(text).to_owned(),
        _ => text.to_ascii_lowercase(),
    }
}

/// Whether an operand ends there: a literal, a column, a call, something in parentheses.
fn is_operand(statement: &Statement<'_>, at: usize) -> bool {
    match statement.kind(at) {
        Some(Kind::Quoted | Kind::Text | Kind::Number | Kind::Parameter) => true,
        Some(Kind::Word) => {
            let word = statement.text(at).to_ascii_lowercase();
            !lists::POSTGRES_RESERVED.contains(word.as_str())
                && !lists::POSTGRES_KEYWORDS.contains(word.as_str())
        }
        Some(Kind::Symbol) if statement.symbol(at, "]") => true,
        // Behind DISTINCT ON (...) and OPERATOR(...) an expression begins.
        Some(Kind::Symbol) => statement
            .partner(at)
            .filter(|&open| open < at)
            .is_some_and(|open| open == 0 || !statement.one_of(open - 1, &["ON", "OPERATOR"])),
        _ => false,
    }
}

/// Whether the word there is grammar before a parenthesis. Keywords that are not reserved can name a
/// function too; they are grammar only where no function could be.
fn is_grammar(statement: &Statement<'_>, at: usize) -> bool {
    if statement.kind(at) != Some(Kind::Word) {
        return false;
    }
    let word = statement.text(at).to_ascii_lowercase();
    if lists::POSTGRES_RESERVED.contains(word.as_str()) {
        return true;
    }
    let after = |words: &[&str]| at > 0 && statement.one_of(at - 1, words);
    match word.as_str() {
        "by" => after(&["GROUP", "ORDER", "PARTITION"]),
        "sets" => after(&["GROUPING"]),
        "rollup" | "cube" => after(&["BY"]) && at > 1 && statement.word(at - 2, "GROUP"),
        "join" => after(&[
            "LEFT", "RIGHT", "FULL", "INNER", "OUTER", "CROSS", "NATURAL",
        ]),
        "ilike" => after(&["NOT"]) && at > 1 && is_operand(statement, at - 2),
        "set" => after(&["UPDATE"]),
        "key" => after(&["PRIMARY", "FOREIGN"]),
        "materialized" => {
            after(&["AS"]) || after(&["NOT"]) && at > 1 && statement.word(at - 2, "AS")
        }
        "conflict" => after(&["ON"]) && is_arbiter(statement, at + 1),
        // A branch of MERGE.
        "insert" => {
            let close = statement.partner(at + 1).unwrap_or_default();
            after(&["THEN"]) && statement.one_of(close + 1, &["VALUES", "OVERRIDING"])
        }
        _ => false,
    }
}

/// Whether `ON CONFLICT` with this parenthesis is that of an INSERT and not the condition of a join,
/// `ON conflict(x)`: then `DO` follows, perhaps with a condition before it.
fn is_arbiter(statement: &Statement<'_>, open: usize) -> bool {
    let behind = |at: usize| {
        statement
            .partner(at)
            .filter(|&close| close > at)
            .unwrap_or(at)
            + 1
    };
    let mut at = behind(open);
    while at < statement.len() && !statement.symbol(at, ")") && !statement.word(at, "CONFLICT") {
        let label = statement.symbol(at - 1, ".") || statement.word(at - 1, "AS");
        if statement.word(at, "DO") && !label {
            return true;
        }
        at = behind(at);
    }
    false
}
