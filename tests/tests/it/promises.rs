//! The table of promises in ARCHITECTURE.md names tests that exist.

use std::fs;
use std::path::{Path, PathBuf};

/// What the first part of a test's name stands for.
const ROOTS: [(&str, &str); 5] = [
    ("it", "tests/tests/it"),
    ("host", "host/src"),
    ("program", "host/tests"),
    ("sdk", "plugin-sdk/tests/driver"),
    ("proto", "proto"),
];

/// What must be promised at the least.
const PROMISES: [&str; 18] = [
    "Cap",
    "Ledger",
    "Fairness",
    "Quotas",
    "Deadlock",
    "Deadlines",
    "Cancels",
    "Clean check-in",
    "Death of a plugin",
    "Death of the host",
    "Outcome unknown",
    "Slow reader",
    "Floods",
    "Panic containment",
    "Tokens",
    "Secrets",
    "Several databases",
    "Read-only",
];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// The rows of the table: a promise's name, and the tests.
fn promises() -> Vec<(String, Vec<String>)> {
    let text = fs::read_to_string(root().join("ARCHITECTURE.md")).unwrap();
    let (_, section) = text.split_once("\n## Promises\n").unwrap();
    let section = section.split("\n## ").next().unwrap();
    let rows = section.lines().filter(|line| line.starts_with("| **"));
    rows.map(|row| {
        let name = row.split("**").nth(1).unwrap();
        let tests = row.rsplit_once(" | ").unwrap().1;
        let tests = tests.split('`').skip(1).step_by(2);
        (name.to_owned(), tests.map(str::to_owned).collect())
    })
    .collect()
}

/// The files in which a test of this module may be: `a::b` is in `a/b.rs` or `a/b/mod.rs`.
fn files(module: &[&str]) -> Vec<PathBuf> {
    let Some((_, folder)) = ROOTS.iter().find(|(name, _)| *name == module[0]) else {
        panic!("{module:?} begins with none of {ROOTS:?}");
    };
    let path = root().join(folder).join(module[1..].join("/"));
    // A small module of tests may be in the file that it is about.
    let about = path.parent().unwrap().with_extension("rs");
    vec![path.with_extension("rs"), path.join("mod.rs"), about]
}

fn exists(test: &str) -> bool {
    let parts: Vec<_> = test.split("::").collect();
    let (function, module) = parts.split_last().unwrap();
    let declared = format!("fn {function}(");
    files(module).iter().any(|file| {
        let text = fs::read_to_string(file).unwrap_or_default();
        text.match_indices(&declared).any(|(at, _)| {
            // Its attribute is right above it.
            let above = text[..at].rsplit("\n\n").next().unwrap();
            above.contains("#[test]") || above.contains("#[tokio::test")
        })
    })
}

#[test]
fn every_promise_names_tests_that_exist() {
    let promises = promises();
    for name in PROMISES {
        assert!(
            promises.iter().any(|(promised, _)| promised == name),
            "ARCHITECTURE.md does not promise: {name}"
        );
    }
    let mut missing = Vec::new();
    for (name, tests) in promises {
        assert!(!tests.is_empty(), "{name} has no test");
        missing.extend(
            tests
                .into_iter()
                .filter(|test| !exists(test))
                .map(|test| format!("{name}: {test}")),
        );
    }
    assert!(missing.is_empty(), "no such tests: {missing:#?}");
}
