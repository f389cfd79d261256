//! Statement texts as they are prepared.

use std::fmt::Write;

use crate::db::words::{first_word, is_among};

/// Whether the columns of what `sql` prepares are watched by the server, which then refuses a
/// cached statement that would yield others.
///
/// It does so for queries. `FETCH`, `EXECUTE` and the like yield what a cursor or a statement of
/// that name yields at the time, and the driver would read it with the columns of the first time.
pub(super) fn may_be_cached(sql: &str) -> bool {
    const QUERIES: [&str; 8] = [
        "select", "insert", "update", "delete", "with", "values", "merge", "table",
    ];
    is_among(first_word(sql), &QUERIES)
}

/// `sql` with the types of its parameters in a comment at its end.
///
/// The driver knows a prepared statement by its text alone, and would bind an argument of one type
/// to a statement that was prepared for another. Texts with different types must differ.
pub(super) fn signed(sql: &str, types: impl ExactSizeIterator<Item = u32>) -> String {
    if types.len() == 0 && !sql.ends_with("*/") {
        return sql.to_owned();
    }
    let mut signed = String::with_capacity(sql.len() + 4 + 6 * types.len());
    signed.push_str(sql);
    signed.push_str("/*");
    for (index, oid) in types.enumerate() {
        let comma = if index == 0 { "" } else { "," };
        // Writing to a String cannot fail.
        let _ = write!(signed, "{comma}{oid}");
    }
    signed.push_str("*/");
    signed
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_queries_are_cached() {
        for sql in [
            "SELECT 1",
            " -- why\n/* a */ (select 1)",
            "WITH a AS (SELECT 1) SELECT 2",
            "insert into t values (1)",
        ] {
            assert!(may_be_cached(sql), "{sql}");
        }
        for sql in [
            "FETCH ALL FROM c",
            "EXECUTE s",
            "SHOW ALL",
            "selection",
            "",
            "--",
            "/* select */",
        ] {
            assert!(!may_be_cached(sql), "{sql}");
        }
    }

    #[test]
    fn texts_of_different_types_differ() {
        let signed = |sql, types: &[u32]| signed(sql, types.iter().copied());
        assert_eq!(signed("SELECT $1, $2", &[20, 25]), "SELECT $1, $2/*20,25*/");
        assert_eq!(signed("SELECT 1", &[]), "SELECT 1");
        // Not what `SELECT $1` with one int8 becomes.
        assert_eq!(signed("SELECT $1/*20*/", &[]), "SELECT $1/*20*//**/");
    }
}
