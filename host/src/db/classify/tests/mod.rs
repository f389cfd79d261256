//! Tables of statements and what is to be said of them, one per database, and properties.

// Its servers are for Unix.
#[cfg(unix)]
mod catalogue;
mod property;
mod reading;
mod verdict;

use super::*;

/// What is said of a text, in words short enough for a table: a step each, with `|` between.
fn said(dialect: Dialect, sql: &str) -> String {
    let extra = FunctionList::new(["slugify", "App.Slugify"]);
    let verdict = classify(dialect, sql, &extra);
    let steps: Vec<String> = verdict.steps().iter().map(step).collect();
    steps.join(" | ")
}

fn step(step: &Step) -> String {
    let mut words = vec![what(step)];
    words.extend(step.session_read.map(|read| format!("[{read}]")));
    words.extend(step.implicit_commit.then(|| "commits".to_owned()));
    words.join(" ")
}

fn what(step: &Step) -> String {
    match &step.what {
        What::Clean if step.reads_only => "reads".to_owned(),
        other => {
            assert!(!step.reads_only, "{step:?} reads only");
            match other {
                What::Clean => "clean".to_owned(),
                What::Settings(settings) => {
                    let settings: Vec<String> = settings.iter().map(setting).collect();
                    settings.join(" and ")
                }
                What::Begin(Begin {
                    read_only: true, ..
                }) => "begin read only".to_owned(),
                What::Begin(Begin { deferred: true, .. }) => "begin deferred".to_owned(),
                What::Begin(_) => "begin".to_owned(),
                What::Commit => "commit".to_owned(),
                What::Rollback => "rollback".to_owned(),
                What::Savepoint(name) => format!("savepoint {name}"),
                What::ReleaseSavepoint(name) => format!("release {name}"),
                What::RollbackTo(name) => format!("rollback to {name}"),
                What::Autocommit(on) => format!("autocommit {on}"),
                What::Pin(reason) => format!("pin {reason}"),
                What::Doubt(reason) => format!("doubt: {reason}"),
                What::Refused(refusal) => format!("refused {refusal:?}"),
            }
        }
    }
}

fn setting(setting: &Setting) -> String {
    let local = match setting.scope {
        Scope::Session => "",
        Scope::Local => "local ",
    };
    let relative = if setting.relative { "relative " } else { "" };
    let value = match (&setting.value, setting.parameter) {
        (Some(value), _) => value.clone(),
        (None, Some(number)) => format!("${number}"),
        (None, None) => "default".to_owned(),
    };
    format!("{local}{relative}{} := {value}", setting.name)
}

/// A statement and what is to be said of it.
type Row<'a> = (&'a str, &'a str);

/// Holds each row of a table against what is said, and reports all that differ.
fn hold(dialect: Dialect, table: &[Row<'_>]) {
    let wrong: Vec<String> = table
        .iter()
        .map(|(sql, expected)| (sql, expected, said(dialect, sql)))
        .filter(|(_, expected, said)| said != *expected)
        .map(|(sql, expected, said)| format!("{sql}\n  expected {expected}\n  said     {said}"))
        .collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// The rows of a file, one a line; `##` begins a heading.
fn rows(file: &str) -> Vec<Row<'_>> {
    file.lines()
        .filter(|line| !line.is_empty() && !line.starts_with("## "))
        .map(|line| line.split_once(" ==> ").expect(line))
        .collect()
}

#[test]
fn postgres_statements_are_judged() {
    hold(Dialect::Postgres, &rows(include_str!("postgres.txt")));
}

#[test]
fn mysql_statements_are_judged() {
    hold(Dialect::MySql, &rows(include_str!("mysql.txt")));
}

#[test]
fn sqlite_statements_are_judged() {
    hold(Dialect::Sqlite, &rows(include_str!("sqlite.txt")));
}
