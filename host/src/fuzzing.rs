//! What fuzzing reaches of what is not public. No part of the interface.

use onepool_proto::DatabaseKind;

use crate::db::classify::{Dialect, FunctionList, classify};

/// Judges a text, and says of how many statements it consists.
#[must_use]
pub fn judge(kind: DatabaseKind, sql: &str) -> usize {
    let dialect = match kind {
        DatabaseKind::Sqlite => Dialect::Sqlite,
        DatabaseKind::Postgres => Dialect::Postgres,
        DatabaseKind::MySql => Dialect::MySql,
    };
    let verdict = classify(dialect, sql, &FunctionList::default());
    // What is made of the text again.
    let _ = verdict.doubt().map(ToString::to_string);
    for setting in verdict.settings() {
        let _ = setting.sql();
    }
    verdict.statements()
}
