//! Texts that a tokenizer and a database may read differently, and texts that are very long.
//!
//! Each of the first kind hides a statement from one of the two; were it judged by the tokenizer's
//! reading alone, it would pass for clean.

use std::time::{Duration, Instant};

use super::super::tokens::MAX_READ_BYTES;
use super::{Dialect, FunctionList, Row, classify, hold};

const UNREADABLE: &str = "doubt: text cannot be read with certainty";

const POSTGRES: &[Row<'_>] = &[
    ("", ""),
    (" ;; -- nothing\n /* at /* all */ */ ;", ""),
    ("SELECT 1 -- why; SET x = 1\n, 5", "reads"),
    ("\u{feff}SELECT 1", "doubt: no rule for \u{feff}SELECT"),
    // A comment begins within what the tokenizer takes for one operator.
    ("SELECT 1 ->--'\n 2; SET x = 1; --'", UNREADABLE),
    ("SELECT 1 |/*'*/ 2; SET x = 1; --'", UNREADABLE),
    ("SELECT 1 <--'\n 2", "reads"),
    ("SELECT 2*/*c*/3, 4/-- c\n 5", "reads"),
    // Backslashes, with and without standard_conforming_strings.
    ("SELECT 'a\\', lower('; SET x = 1; --')", UNREADABLE),
    ("SELECT E'a'\n'b\\', lower('; SET x = 1; --')", UNREADABLE),
    ("SELECT 'c:\\dir', 'a\\\\', E'it\\'s'", "reads"),
    ("SELECT X'\\'; SET x = 1; --'", UNREADABLE),
    ("SELECT U&'\\0041', U&'d!0061' UESCAPE '!'", "reads"),
    ("SELECT U&\"d!0061\" UESCAPE '!' FROM t", UNREADABLE),
    // Dollar quotes.
    ("SELECT $a$ $b$ ; $a$; SET x = 1", "reads | pin setting"),
    (
        "SELECT $a$ $a$b$a$ ; SET x = 1; $a$",
        "reads | pin setting | doubt: text cannot be read with certainty",
    ),
    ("SELECT a$b$, c$b$ FROM t", "reads"),
    ("SELECT $$ unfinished", UNREADABLE),
    ("SELECT $1a", UNREADABLE),
    // White space, names and numbers.
    ("SELECT\u{a0}1", "doubt: no rule for SELECT\u{a0}1"),
    ("SELECT 1\u{c}", UNREADABLE),
    ("SELECT 1LIMIT 5", UNREADABLE),
    ("SELECT naïve, 日本 FROM \"tä\"\"ble\"", "reads"),
    ("SELECT 1 /* a /* b */ ; SET x = 1 */", "reads"),
    ("SELECT 1 /* a", UNREADABLE),
    ("SELECT 'a", UNREADABLE),
    ("SELECT 1 \\gexec", UNREADABLE),
    ("SELECT 1\0; SET x = 1", UNREADABLE),
    (
        "SELECT 1; COPY t FROM STDIN; \u{1}",
        "reads | refused Copy | doubt: text cannot be read with certainty",
    ),
    (
        "COPY t FROM STDIN \u{1}",
        "refused Copy | doubt: text cannot be read with certainty",
    ),
    (
        "CALL p(); SELECT \u{1}",
        "doubt: CALL | doubt: text cannot be read with certainty",
    ),
];

#[test]
fn postgres_is_read_as_postgres_reads() {
    hold(Dialect::Postgres, POSTGRES);
}

const MYSQL: &[Row<'_>] = &[
    ("", ""),
    ("# nothing\n-- nothing\n/* nothing */;", ""),
    (
        "SELECT 1 -- why; SET x = 1\n, 2 # why; SET x = 1\n, 3 /* why; SET x = 1 */ , 4 --\t'\n",
        "reads",
    ),
    // Two dashes are a comment only before white space, of which no-break space is none.
    ("SELECT 5--3", UNREADABLE),
    ("SELECT 1 --\u{a0}; SET @x = 1", UNREADABLE),
    ("SELECT 1 --\u{2003}; SET @x = 1", UNREADABLE),
    ("SELECT 1 --\u{1}'\n; SET @x = 1; -- '", UNREADABLE),
    ("SELECT 1 --\n, 2", "reads"),
    ("SELECT 1 --", UNREADABLE),
    // NO_BACKSLASH_ESCAPES and ANSI_QUOTES.
    ("SELECT 'it\\'s'", UNREADABLE),
    ("SELECT 'a\\', LOWER('; SET @x = 1; -- ')", UNREADABLE),
    ("SELECT \"a\\\", LOWER(\"; SET @x = 1; -- \")", UNREADABLE),
    ("SELECT N'it\\'s'", UNREADABLE),
    ("SELECT 'a\\\\', 'say \\\"hi\\\"', 'a\\nb'", "reads"),
    // Names.
    ("SELECT @;SET @x = 1", UNREADABLE),
    ("SELECT @(1)", UNREADABLE),
    ("SELECT @", UNREADABLE),
    ("SELECT 1abc, t.2d FROM t", UNREADABLE),
    ("SELECT 1.5INTO @x", UNREADABLE),
    ("SELECT a@b", UNREADABLE),
    ("SELECT [a]", UNREADABLE),
    ("SELECT `a``b;c`, d$e FROM t", "reads"),
    // Comments.
    ("SELECT |/*'*/ 1; SET @x = 1; -- '", UNREADABLE),
    ("SELECT 1 /*+ X(`*/`) */ ; SET @x = 1 /* */", UNREADABLE),
    (
        "SELECT 1 /* a /* b */ ; SET @x = 1",
        "reads | pin user variable",
    ),
    ("SELECT 1 #'\n; SET @x = 1 #'", "reads | pin user variable"),
    (
        "SELECT 1; BEGIN; SELECT /*! 2 */",
        "reads | begin | doubt: executable comment",
    ),
];

#[test]
fn mysql_is_read_as_mysql_reads() {
    hold(Dialect::MySql, MYSQL);
}

const SQLITE: &[Row<'_>] = &[
    ("", ""),
    ("-- nothing\n/* nothing */;;", ""),
    // A named parameter goes on over parentheses, with anything in them.
    ("SELECT $x(') ; ATTACH 'f' AS g; --')", UNREADABLE),
    ("SELECT @abs(') ; ATTACH 'f' AS g; --')", UNREADABLE),
    ("SELECT :abs(') ; ATTACH 'f' AS g; --')", UNREADABLE),
    ("SELECT $x::abs(') ; ATTACH 'f' AS g; --')", UNREADABLE),
    ("SELECT :a, (@b), $c", "reads"),
    // Brackets are not doubled.
    ("SELECT [a]]; ATTACH 'f' AS [g]", UNREADABLE),
    ("SELECT [a;b], \"c\"\"d\", `e``f`, 'g\\'", "reads"),
    // A byte order mark is white space between tokens.
    ("WITH x AS (SELECT 1) \u{feff}DELETE FROM t", UNREADABLE),
    ("SELECT a$b FROM t", UNREADABLE),
    ("SELECT a\u{7f}", UNREADABLE),
    ("SELECT 1 #2", UNREADABLE),
    ("SELECT 1 -- a\r; ATTACH 'f' AS g", "reads"),
    (
        "SELECT 1 /* a /* b */ ; ATTACH 'f' AS g",
        "reads | pin attached database",
    ),
    ("SELECT 1\0; ATTACH 'f' AS g", UNREADABLE),
];

#[test]
fn sqlite_is_read_as_sqlite_reads() {
    hold(Dialect::Sqlite, SQLITE);
}

/// Judged in time linear in its length, where a quadratic rule would take minutes.
#[test]
fn long_texts_are_judged_quickly() {
    const UNITS: &[&str] = &[
        "(",
        ")",
        "[",
        ";",
        "a;",
        "'",
        "''",
        "\"",
        "`",
        "$a$",
        "$",
        ":a",
        "@a",
        "$a",
        "a.",
        "a(",
        "-",
        "/*",
        "--\n",
        "=",
        "WITH a (",
        "WITH a AS (SELECT ",
        ", a (b) AS (SELECT 1)",
        "ON CONFLICT (a) ",
        "CASE ",
        "BEGIN ",
        "BEGIN ATOMIC ",
        "CREATE FUNCTION ",
        "CREATE TRIGGER BEGIN ",
        "CREATE PROCEDURE;",
        "f(1),",
        "NOT ",
        "SET a = 1,",
        "/*!",
        "\u{1}",
        "é",
        "\n",
        "E'\\",
        "U&'",
        "0x",
        "1e",
        "INTO ",
    ];
    for dialect in [Dialect::Postgres, Dialect::MySql, Dialect::Sqlite] {
        for unit in UNITS {
            for head in ["SELECT ", "CREATE FUNCTION f() BEGIN ATOMIC "] {
                judge_quickly(dialect, head, unit, 32 * 1024);
            }
        }
        judge_quickly(dialect, "", "(", 1024 * 1024);
        judge_quickly(dialect, "SET ", "sql_mode = (@@sql_mode),", 256 * 1024);
    }
}

fn judge_quickly(dialect: Dialect, head: &str, unit: &str, size: usize) {
    let sql = head.to_owned() + &unit.repeat(size / unit.len());
    let begun = Instant::now();
    classify(dialect, &sql, &FunctionList::default());
    let taken = begun.elapsed();
    assert!(
        taken < Duration::from_secs(5),
        "{dialect:?} {head}{unit}: {taken:?}"
    );
}

#[test]
fn a_text_is_read_up_to_the_limit() {
    let none = FunctionList::default();
    let padded = |pad: usize| format!("SELECT '{}'", "é".repeat(pad));
    let short = padded(MAX_READ_BYTES / 2 - 5);
    let long = padded(MAX_READ_BYTES / 2 - 4);
    assert_eq!(short.len(), MAX_READ_BYTES - 1);
    assert!(classify(Dialect::Postgres, &short, &none).is_clean());
    assert!(classify(Dialect::Postgres, &long, &none).needs_reset());
    // What was read before the limit counts.
    let copied = format!("COPY t FROM STDIN; {long}");
    assert!(
        classify(Dialect::Postgres, &copied, &none)
            .refusal()
            .is_some()
    );
}
