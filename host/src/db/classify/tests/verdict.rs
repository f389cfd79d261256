//! What the pool asks of a verdict, and what the host shows of it.

use onepool_proto::value::{Scalar, ScalarType, Value, ValueType};

use super::*;

fn judged(dialect: Dialect, sql: &str) -> Verdict {
    classify(dialect, sql, &FunctionList::default())
}

#[test]
fn a_text_is_clean_when_every_statement_is() {
    let clean = judged(
        Dialect::Postgres,
        "SELECT 1; INSERT INTO t VALUES (1); SET LOCAL work_mem = 1",
    );
    assert!(clean.is_clean() && !clean.needs_reset() && !clean.reads_only());
    assert_eq!(clean.statements(), 3);
    assert!(!judged(Dialect::Postgres, "SELECT 1; SET work_mem = 1").is_clean());
    assert!(!judged(Dialect::Postgres, "BEGIN; SELECT 1").is_clean());
    assert!(!judged(Dialect::Postgres, "SELECT 1; SELECT f(1)").is_clean());
    let nothing = judged(Dialect::Postgres, " -- nothing");
    assert!(nothing.is_clean() && nothing.reads_only() && nothing.statements() == 0);
}

#[test]
fn a_text_reads_only_when_every_statement_does() {
    assert!(judged(Dialect::Sqlite, "SELECT 1; PRAGMA user_version").reads_only());
    assert!(!judged(Dialect::Sqlite, "SELECT 1; PRAGMA user_version = 1").reads_only());
}

/// A hook of a plugin's pool that set a PRAGMA once waited for whoever was writing.
#[test]
fn settings_do_not_write() {
    for sql in [
        "PRAGMA foreign_keys = 1",
        "PRAGMA cache_size = 7; SELECT 1",
        "PRAGMA journal_mode = WAL",
        "SELECT 1",
        "",
    ] {
        assert!(!judged(Dialect::Sqlite, sql).may_write(), "{sql}");
    }
    for sql in [
        "PRAGMA user_version = 1",
        "PRAGMA cache_size = 7; DELETE FROM t",
        "BEGIN",
        "CREATE TEMP TABLE t (a)",
        "SELECT f(1)",
    ] {
        assert!(judged(Dialect::Sqlite, sql).may_write(), "{sql}");
    }
}

#[test]
fn a_doubt_or_a_reset_of_all_settings_needs_a_reset() {
    assert!(judged(Dialect::Postgres, "SELECT 1; CALL p()").needs_reset());
    assert!(judged(Dialect::Postgres, "RESET ALL").needs_reset());
    assert!(
        !judged(
            Dialect::Postgres,
            "RESET work_mem; CREATE TEMP TABLE t (a int)"
        )
        .needs_reset()
    );
}

#[test]
fn the_parts_of_a_text_are_found() {
    let sql = "SET sql_mode = '', time_zone = '+00:00'; SET @x = 1; SELECT GET_LOCK('x', 1); SET NAMES utf8";
    let verdict = judged(Dialect::MySql, sql);
    assert_eq!(
        verdict.pins().collect::<Vec<_>>(),
        [PinReason::UserVariable, PinReason::AdvisoryLock]
    );
    let names: Vec<_> = verdict.settings().map(|one| one.name.as_str()).collect();
    assert_eq!(names, ["sql_mode", "time_zone", "names"]);
    assert_eq!(verdict.refusal(), None);
    assert_eq!(
        judged(Dialect::MySql, "SELECT 1; XA START 'x'").refusal(),
        Some(Refusal::TwoPhase)
    );
    assert_eq!(
        judged(Dialect::MySql, "SELECT 1; SELECT FOUND_ROWS()").session_read(),
        Some("FOUND_ROWS()")
    );
}

/// A statement, and what makes the same setting elsewhere.
const SETTINGS: &[(Dialect, &str, &str)] = &[
    (
        Dialect::Postgres,
        "SET work_mem TO '1MB'",
        "SET work_mem = '1MB'",
    ),
    (
        Dialect::Postgres,
        "SET LOCAL work_mem TO '1MB'",
        "SET LOCAL work_mem = '1MB'",
    ),
    (
        Dialect::Postgres,
        "SET LOCAL work_mem TO DEFAULT",
        "SET LOCAL work_mem TO DEFAULT",
    ),
    (
        Dialect::Postgres,
        "SET TIME ZONE 'UTC'",
        "SET timezone = 'UTC'",
    ),
    (Dialect::Postgres, "RESET ROLE", "RESET role"),
    (Dialect::Postgres, "RESET ALL", "RESET all"),
    (
        Dialect::Postgres,
        "SELECT set_config('search_path', 'a, b', false) AS x",
        "SELECT set_config('search_path', 'a, b', false)",
    ),
    (
        Dialect::Postgres,
        "SELECT set_config('app.x', '1', true)",
        "SELECT set_config('app.x', '1', true)",
    ),
    (
        Dialect::MySql,
        "SET sql_mode := ''",
        "SET SESSION sql_mode = ''",
    ),
    (
        Dialect::MySql,
        "SET @@sql_mode = DEFAULT",
        "SET SESSION sql_mode = DEFAULT",
    ),
    (
        Dialect::MySql,
        "SET sql_mode = CONCAT(@@sql_mode, ',x')",
        "SET SESSION sql_mode = CONCAT(@@sql_mode, ',x')",
    ),
    (
        Dialect::MySql,
        "SET NAMES utf8mb4 COLLATE utf8mb4_bin",
        "SET NAMES utf8mb4 COLLATE utf8mb4_bin",
    ),
    (
        Dialect::MySql,
        "SET SESSION TRANSACTION READ ONLY",
        "SET SESSION TRANSACTION READ ONLY",
    ),
    (
        Dialect::MySql,
        "SET @@session.tx_isolation = 'READ-COMMITTED'",
        "SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED",
    ),
    (
        Dialect::Postgres,
        "SET SESSION CHARACTERISTICS AS TRANSACTION ISOLATION LEVEL READ COMMITTED",
        "SET default_transaction_isolation = 'read committed'",
    ),
    (
        Dialect::Sqlite,
        "PRAGMA main.cache_size(-2000)",
        "PRAGMA cache_size = -2000",
    ),
];

/// What makes a setting again is in turn read as that setting, or else it would be lost at the
/// second hand-over.
#[test]
fn a_setting_can_be_made_again() {
    for (dialect, sql, again) in SETTINGS {
        let verdict = judged(*dialect, sql);
        let setting = verdict.settings().next().expect(sql);
        assert_eq!(setting.sql(), *again);
        let once_more = judged(*dialect, again);
        assert_eq!(once_more.settings().next(), Some(setting), "{again}");
    }
}

/// A bound value was once lost after the statement that set it.
#[test]
fn an_argument_says_what_is_set() {
    let sql = "SELECT set_config('app.user', $2, false), set_config('search_path', $1, false)";
    let verdict = judged(Dialect::Postgres, sql);
    let text = |text: &str| Value::Scalar(Scalar::Text(text.to_owned()));
    let told = |arguments: &[Value]| verdict.with_arguments(arguments).unwrap();
    let again = |verdict: &Verdict| verdict.settings().map(Setting::sql).collect::<Vec<_>>();
    assert_eq!(
        again(&told(&[text("a, b"), text(r"it's \ x")])),
        [
            r"SELECT set_config('app.user', E'it''s \\ x', false)",
            "SELECT set_config('search_path', 'a, b', false)",
        ]
    );
    let null = Value::Null(ValueType::scalar(ScalarType::Text));
    assert_eq!(
        again(&told(&[text("a"), null])),
        [
            "RESET app.user",
            "SELECT set_config('search_path', 'a', false)"
        ]
    );
    for unknown in [
        vec![],
        vec![text("a"), Value::Scalar(Scalar::I32(1))],
        vec![text("pg_temp"), text("b")],
    ] {
        let pins: Vec<_> = told(&unknown).pins().collect();
        assert_eq!(pins, [PinReason::Setting], "{unknown:?}");
    }
    let plain = judged(
        Dialect::Postgres,
        "SELECT set_config('app.user', '1', false)",
    );
    assert_eq!(plain.with_arguments(&[]), None);
}

#[test]
fn reasons_are_shown_and_kept_short() {
    let refusal = judged(Dialect::Postgres, "LISTEN c")
        .refusal()
        .expect("refused");
    assert_eq!(
        refusal.to_string(),
        "LISTEN and UNLISTEN is not supported: poll a table, or keep a connection of your own for notifications"
    );
    let long = format!("SELECT {}(1)", "f".repeat(10_000));
    let verdict = judged(Dialect::Postgres, &long);
    let What::Doubt(DoubtReason::UnknownFunction(name)) = &verdict.steps()[0].what else {
        panic!("{verdict:?}");
    };
    assert_eq!(name.len(), 64);
}

#[test]
fn configured_functions_are_vouched_for() {
    let extra = FunctionList::new(["Slugify", "app.slugify"]);
    let clean = |sql| classify(Dialect::Postgres, sql, &extra).is_clean();
    assert!(clean(
        "SELECT slugify(a), SLUGIFY(b), app.slugify(c), App . Slugify(d) FROM t"
    ));
    assert!(!clean("SELECT other.slugify(a) FROM t"));
    assert!(clean("SELECT \"slugify\"(a) FROM t"));
    assert!(!clean("SELECT \"Slugify\"(a) FROM t"));
    // A function nobody has looked into may write.
    assert!(!classify(Dialect::Postgres, "SELECT slugify(a) FROM t", &extra).reads_only());
}
