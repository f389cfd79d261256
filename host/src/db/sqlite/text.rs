//! Statement texts, made fit for the driver.

use futures_util::{Stream, StreamExt, future};
use onepool_proto::{Code, Failure};
use sqlparser::dialect::SQLiteDialect;
use sqlparser::tokenizer::{Token, Tokenizer};
use sqlx::sqlite::{SqliteQueryResult, SqliteRow};
use sqlx::{AssertSqlSafe, Either, SqlSafeStr, SqlStr};

use crate::db::statement::without_nul;

/// Reads nothing, but makes SQLite look whether the schema has changed.
const TOUCH: &str = "SELECT 1 FROM main.sqlite_master WHERE 0;";

/// A text as the driver gets it.
#[derive(Debug)]
pub(super) struct Text {
    pub(super) sql: SqlStr,
    pub(super) touch: Touch,
}

/// Whether a look at the schema goes before a statement.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Touch {
    /// It does, and the statement must be prepared anew behind it.
    Yes,
    No,
}

impl Text {
    /// `sql`, with a look at the schema before it where its columns depend on that.
    ///
    /// A connection prepares a statement with the schema that it knows, and again when it finds,
    /// on running it, that the schema has changed. A `*` then stands for other columns, while the
    /// driver counts on those from before: on more, its worker panics. So what a `*` stands for is
    /// settled just before the statement is prepared, and such a statement is not cached.
    pub(super) fn new(sql: &str) -> Result<Self, Failure> {
        check(sql)?;
        Ok(if keeps_its_columns(sql) {
            Self {
                sql: AssertSqlSafe(sql).into_sql_str(),
                touch: Touch::No,
            }
        } else {
            Self {
                sql: AssertSqlSafe([TOUCH, sql].concat()).into_sql_str(),
                touch: Touch::Yes,
            }
        })
    }

    /// `sql` for a statement that is prepared and not run.
    pub(super) fn plain(sql: &str) -> Result<SqlStr, Failure> {
        check(sql)?;
        Ok(AssertSqlSafe(sql).into_sql_str())
    }
}

type Item = Result<Either<SqliteQueryResult, SqliteRow>, sqlx::Error>;

impl Touch {
    /// `stream` without the summary of the look at the schema.
    pub(super) fn strip<'s>(
        self,
        stream: impl Stream<Item = Item> + Unpin + 's,
    ) -> impl Stream<Item = Item> + Unpin + 's {
        let mut expected = self == Self::Yes;
        stream.filter(move |item| {
            let touch = std::mem::take(&mut expected) && matches!(item, Ok(Either::Left(_)));
            future::ready(!touch)
        })
    }
}

/// Refuses what would hang or crash the driver: `$0` is an index below its first argument.
fn check(sql: &str) -> Result<(), Failure> {
    without_nul(sql)?;
    if sql.contains("$0") && has_parameter_zero(sql) {
        let reason = "the statement has a parameter $0; the first one is $1";
        return Err(Failure::new(Code::INVALID_ARGUMENT, reason));
    }
    Ok(())
}

/// Whether a parameter `$0` stands outside of strings and comments.
fn has_parameter_zero(sql: &str) -> bool {
    let tokens = Tokenizer::new(&SQLiteDialect {}, sql).tokenize();
    tokens.unwrap_or_default().iter().any(|token| {
        let Token::Placeholder(name) = token else {
            return false;
        };
        let digits = name.strip_prefix('$').unwrap_or_default().bytes();
        let mut digits = digits.take_while(u8::is_ascii_digit).peekable();
        digits.peek().is_some() && digits.all(|digit| digit == b'0')
    })
}

/// Whether a statement's columns are fixed by its text: whether it has no `*` but in `(*)`.
fn keeps_its_columns(sql: &str) -> bool {
    let mut before = None;
    let mut bytes = sql.bytes().peekable();
    while let Some(byte) = bytes.next() {
        if byte == b'*' && (before != Some(b'(') || bytes.peek() != Some(&b')')) {
            return false;
        }
        before = Some(byte);
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_star_that_names_columns_is_seen() {
        assert!(keeps_its_columns("SELECT a, count(*) FROM t WHERE b = ?"));
        assert!(keeps_its_columns("SELECT 1"));
        assert!(!keeps_its_columns("SELECT * FROM t"));
        assert!(!keeps_its_columns("SELECT count(*), t.* FROM t"));
        assert!(!keeps_its_columns("INSERT INTO t VALUES (1) RETURNING *"));
    }
}
