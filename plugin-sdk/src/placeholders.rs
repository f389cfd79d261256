//! The marks that a built query holds in place of placeholders.

use std::borrow::Cow;

use onepool_proto::DatabaseKind;
use sqlx_core::sql_str::{AssertSqlSafe, SqlSafeStr, SqlStr};

use crate::arguments::{MARK_BEGIN, MARK_END};

/// `sql` with every mark replaced by a placeholder as this kind of database writes it: what the
/// direct driver's `QueryBuilder` would have written.
pub(crate) fn resolve(sql: SqlStr, kind: DatabaseKind) -> SqlStr {
    match replace(sql.as_str(), kind) {
        Cow::Borrowed(_) => sql,
        Cow::Owned(replaced) => AssertSqlSafe(replaced).into_sql_str(),
    }
}

fn replace(sql: &str, kind: DatabaseKind) -> Cow<'_, str> {
    let Some((before, mut rest)) = sql.split_once(MARK_BEGIN) else {
        return Cow::Borrowed(sql);
    };
    let mut replaced = String::with_capacity(sql.len());
    replaced.push_str(before);
    loop {
        match number(rest) {
            Some((number, after)) => {
                match kind {
                    DatabaseKind::Postgres => {
                        replaced.push('$');
                        replaced.push_str(number);
                    }
                    DatabaseKind::Sqlite | DatabaseKind::MySql => replaced.push('?'),
                }
                rest = after;
            }
            // Not one of ours.
            None => replaced.push(MARK_BEGIN),
        }
        let Some((before, after)) = rest.split_once(MARK_BEGIN) else {
            replaced.push_str(rest);
            return Cow::Owned(replaced);
        };
        replaced.push_str(before);
        rest = after;
    }
}

/// The digits before the end of a mark, and what follows it.
fn number(rest: &str) -> Option<(&str, &str)> {
    let (digits, after) = rest.split_once(MARK_END)?;
    let only_digits = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    only_digits.then_some((digits, after))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_become_each_databases_placeholders() {
        let built = "INSERT INTO t VALUES (\u{1}1\u{2}, \u{1}2\u{2})";
        let replaced = |kind| replace(built, kind).into_owned();
        let questions = "INSERT INTO t VALUES (?, ?)";
        assert_eq!(replaced(DatabaseKind::Sqlite), questions);
        assert_eq!(replaced(DatabaseKind::MySql), questions);
        assert_eq!(
            replaced(DatabaseKind::Postgres),
            "INSERT INTO t VALUES ($1, $2)"
        );
    }

    #[test]
    fn everything_else_stays() {
        for text in [
            "SELECT ?",
            "a \u{1} b",
            "\u{1}x\u{2}",
            "\u{1}\u{2}",
            "\u{1}1",
        ] {
            assert_eq!(replace(text, DatabaseKind::Postgres), text);
        }
        let mixed = replace("\u{1}\u{1}7\u{2}\u{2}", DatabaseKind::Postgres);
        assert_eq!(mixed, "\u{1}$7\u{2}");
    }
}
