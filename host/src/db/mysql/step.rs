//! Whether the driver still reads the answers to its own questions.
//!
//! In a result as text, a row that begins with a cell of 16 MiB or more begins with the byte that
//! also ends a result. The driver takes it for the end: rows are lost in silence, and what is left
//! of them would be read as the answer to the next statement, which may be somebody else's. So
//! where that may have happened, a question is asked that only its own answer answers.

use std::panic::AssertUnwindSafe;
use std::time::Duration;

use futures_util::FutureExt;
use onepool_proto::{Code, Failure};
use sqlx::mysql::{MySqlConnection, MySqlQueryResult, MySqlRow};
use sqlx::{AssertSqlSafe, Either, Row};
use tokio::time::timeout;

use super::rows;
use crate::db::words::{first_word, is_among, mentions};

/// From this size on, a cell's length is written so that it looks like the end.
const LONG_BYTES: u32 = 1 << 24;

/// How long the answer may take before it is taken for lost.
const PATIENCE: Duration = Duration::from_secs(10);

/// Watches a result as text for what may have been taken for its end.
#[derive(Debug)]
pub(super) struct Watch {
    /// Whether the text may yield rows at all.
    may_yield: bool,
    /// Whether a row of the result under way was seen.
    seen: bool,
    doubt: bool,
}

impl Watch {
    pub(super) fn new(sql: &str) -> Self {
        Self {
            may_yield: may_yield(sql),
            seen: false,
            doubt: false,
        }
    }

    /// Learns of what the stream yields.
    pub(super) fn see(&mut self, item: &Result<Either<MySqlQueryResult, MySqlRow>, sqlx::Error>) {
        match item {
            Ok(Either::Right(row)) if !self.seen => {
                self.seen = true;
                let length = row.columns().first().and_then(rows::length);
                self.doubt |= length.is_none_or(|length| length >= LONG_BYTES);
            }
            Ok(Either::Right(_)) | Err(_) => {}
            Ok(Either::Left(_)) => {
                // Without a row, nothing is known of the first column.
                self.doubt |= self.may_yield && !self.seen;
                self.seen = false;
            }
        }
    }

    /// Whether the end may have been none.
    pub(super) fn doubts(&self) -> bool {
        self.doubt
    }
}

/// Makes sure that the next answer on `connection` is to the next question.
pub(super) async fn check(connection: &mut MySqlConnection) -> Result<(), Failure> {
    let nonce: u64 = rand::random();
    let question = sqlx::raw_sql(AssertSqlSafe(format!("SELECT {nonce}")));
    // What is left of a row can make the driver wait for ever, or panic.
    let answer = AssertUnwindSafe(question.fetch_all(connection)).catch_unwind();
    let answered = match timeout(PATIENCE, answer).await {
        Ok(Ok(Ok(answer))) => answer
            .iter()
            .flat_map(rows::texts)
            .eq([Some(nonce.to_string())]),
        Ok(Ok(Err(_)) | Err(_)) | Err(_) => false,
    };
    if answered {
        return Ok(());
    }
    let what = "a row began with a cell of 16 MiB or more, which the driver cannot read as text; \
                give the statement arguments, if only an empty list, and it comes in binary";
    Err(Failure::new(Code::DATABASE_PROTOCOL, what))
}

/// Whether a text may yield rows: unless it is one statement of a kind that never does.
fn may_yield(sql: &str) -> bool {
    const NEVER: [&str; 18] = [
        "insert",
        "update",
        "delete",
        "replace",
        "create",
        "alter",
        "drop",
        "truncate",
        "rename",
        "begin",
        "start",
        "commit",
        "rollback",
        "savepoint",
        "release",
        "use",
        "grant",
        "revoke",
    ];
    let body = sql.trim_end().trim_end_matches(';');
    !is_among(first_word(sql), &NEVER)
        || body.contains(';')
        || mentions(body, "returning")
        // Comments that are run.
        || body.contains("/*!")
        || mentions(body, "/*m!")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_never_yields_rows_is_known() {
        for sql in [
            "INSERT INTO t VALUES (1)",
            "BEGIN;",
            "create table t (a int)",
        ] {
            assert!(!may_yield(sql), "{sql}");
        }
        for sql in [
            "SELECT 1",
            "INSERT INTO t VALUES (1) RETURNING a",
            "BEGIN; SELECT 1",
            "/*! SELECT 1 AS */ begin",
            "SET STATEMENT max_statement_time = 1 FOR SELECT 1",
            "CALL p()",
            "",
        ] {
            assert!(may_yield(sql), "{sql}");
        }
    }
}
