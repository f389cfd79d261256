//! What holds of any text.

use proptest::prelude::*;

use super::{Dialect, FunctionList, What, classify};

/// Pieces of SQL, chosen to open what others close.
const FRAGMENTS: &[&str] = &[
    " ",
    "\n",
    "\r",
    "\t",
    "\u{a0}",
    "\u{feff}",
    "\0",
    "\\",
    "'",
    "\"",
    "`",
    "[",
    "]",
    "(",
    ")",
    "{",
    "}",
    ";",
    ",",
    ".",
    ":",
    "::",
    ":=",
    "=",
    "-",
    "--",
    "-- ",
    "#",
    "/",
    "/*",
    "*/",
    "/*!",
    "/*+",
    "*",
    "+",
    "<",
    ">",
    "|",
    "&",
    "%",
    "^",
    "~",
    "!",
    "@",
    "@@",
    "@x",
    "?",
    "$",
    "$1",
    "$$",
    "$a$",
    "E'",
    "U&'",
    "U&\"",
    "N'",
    "x'",
    "b'",
    "_utf8'",
    "0x",
    "1",
    "1e",
    "1.",
    ".5",
    "1L",
    "é",
    "日",
    "\u{1F600}",
    "a",
    "b",
    "t",
    "lower",
    "f",
    "lower(",
    "f(",
    "pg_catalog.",
    "set_config('a.b', 'c', false)",
    "SELECT ",
    "INSERT INTO ",
    "UPDATE ",
    "DELETE FROM ",
    "VALUES ",
    "WITH ",
    "RECURSIVE ",
    " AS ",
    " AS (",
    "FROM ",
    "JOIN ",
    "ON ",
    "CONFLICT ",
    "DO ",
    "SET ",
    "LOCAL ",
    "RESET ",
    "BEGIN ",
    "ATOMIC ",
    "END ",
    "COMMIT ",
    "ROLLBACK ",
    "TO ",
    "SAVEPOINT ",
    "CREATE ",
    "OR REPLACE ",
    "TEMP ",
    "TABLE ",
    "FUNCTION ",
    "TRIGGER ",
    "PROCEDURE ",
    "EXPLAIN ",
    "ANALYZE ",
    "PRAGMA ",
    "main.",
    "CASE ",
    "IF ",
    "NOT ",
    "OVER ",
    "FILTER ",
    "INTO ",
    "NAMES ",
    "UESCAPE '!' ",
    "TRANSACTION ",
    "READ ONLY ",
    "STATEMENT ",
];

/// Statements that end where they seem to.
const STATEMENTS: &[&str] = &[
    "SELECT 1",
    "SELECT ';', \"a;b\" FROM t -- ; '",
    "INSERT INTO t (a) VALUES (lower('x''y')) /* ; */",
    "UPDATE t SET a = 1",
    "BEGIN",
    "COMMIT",
    "SAVEPOINT a",
    "CREATE TABLE t (a int)",
    "PRAGMA foreign_keys = 1",
    "SET work_mem = 1",
    "CALL p()",
    "SELECT f(1",
    "SELECT )",
];

fn dialect() -> impl Strategy<Value = Dialect> {
    prop_oneof![
        Just(Dialect::Postgres),
        Just(Dialect::MySql),
        Just(Dialect::Sqlite)
    ]
}

fn text() -> impl Strategy<Value = String> {
    let fragments = proptest::collection::vec(proptest::sample::select(FRAGMENTS), 0..24);
    prop_oneof![
        3 => fragments.prop_map(|fragments| fragments.concat()),
        1 => any::<String>(),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1024))]

    /// Nothing that a text begins can hide a doubtful statement behind it.
    #[test]
    fn a_doubtful_statement_behind_any_text_is_a_doubt(dialect in dialect(), text in text()) {
        let none = FunctionList::default();
        let doubtful = format!("{text}\n; CALL doubtful(1)");
        prop_assert!(classify(dialect, &doubtful, &none).needs_reset());
    }

    /// A text reads only if nothing in it is more than clean, and is clean only if it needs no reset.
    #[test]
    fn the_answers_agree(dialect in dialect(), text in text()) {
        let verdict = classify(dialect, &text, &FunctionList::default());
        prop_assert!(!verdict.is_clean() || !verdict.needs_reset());
        prop_assert!(!verdict.reads_only() || verdict.is_clean());
        prop_assert!(!verdict.is_clean() || verdict.pins().next().is_none());
        for step in verdict.steps() {
            prop_assert!(!step.reads_only || step.what == What::Clean);
        }
    }

    /// White space and comments between statements change nothing.
    #[test]
    fn what_stands_before_a_text_does_not_matter(dialect in dialect(), text in text()) {
        let none = FunctionList::default();
        let alone = classify(dialect, &text, &none);
        let behind = classify(dialect, &format!(" \n/* c */;-- d\n;{text}"), &none);
        prop_assert_eq!(alone, behind);
    }

    /// A statement is judged by itself, whatever comes behind it.
    #[test]
    fn statements_are_judged_alone(
        dialect in dialect(),
        one in proptest::sample::select(STATEMENTS),
        behind in text(),
    ) {
        let none = FunctionList::default();
        let both = classify(dialect, &format!("{one}\n;{behind}"), &none);
        let mut steps = classify(dialect, one, &none).steps().to_vec();
        steps.extend_from_slice(classify(dialect, &behind, &none).steps());
        prop_assert_eq!(both.steps(), steps);
    }
}
