//! SQL text as [`Piece`]s: the tokens that count, each with the text it was written as.
//!
//! The tokenizer is sqlparser's. It reads the SQL of a dozen databases and is not exact for any, so
//! each of its tokens is held against what the database itself would make of the same characters
//! ([`agree`]). The first token on which they might differ ends the reading.

use sqlparser::dialect::{Dialect as SqlDialect, MySqlDialect, PostgreSqlDialect, SQLiteDialect};
use sqlparser::tokenizer::{Location, TokenWithSpan, Tokenizer};

use super::agree;
use super::reason::DoubtReason;
use super::verdict::Dialect;

/// As much of a text as is read. A token takes some 100 bytes of memory, whatever its length, and a
/// text of one-character tokens is easily sent.
pub(super) const MAX_READ_BYTES: usize = 256 * 1024;

/// A token other than white space and comments.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Piece<'sql> {
    pub kind: Kind,
    /// As written, quotes included.
    pub text: &'sql str,
    /// Where it begins, in bytes from the beginning of the text.
    pub start: usize,
}

/// What a [`Piece`] is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// A keyword, or a name that is not quoted.
    Word,
    /// A quoted name.
    Quoted,
    /// A string literal. In MySQL also what stands in double quotes, a name in some SQL modes.
    Text,
    /// A number.
    Number,
    /// The place of an argument.
    Parameter,
    /// MySQL's `@name`.
    Variable,
    /// MySQL's `@@name`.
    SystemVariable,
    /// An operator or a punctuation mark, perhaps several as one.
    Symbol,
}

impl Piece<'_> {
    /// Where it ends.
    pub(super) fn end(&self) -> usize {
        self.start.saturating_add(self.text.len())
    }
}

/// The pieces of a text, up to where it can be read with certainty.
pub(super) struct Reading<'sql> {
    pub pieces: Vec<Piece<'sql>>,
    /// Why it does not reach the end of the text.
    pub stopped: Option<DoubtReason>,
}

/// Reads a text. Linear in its length, and bounded by [`MAX_READ_BYTES`].
pub(super) fn read(dialect: Dialect, sql: &str) -> Reading<'_> {
    let (text, cut) = readable(dialect, sql);
    let mut tokens = Vec::new();
    let tokenized = tokenizer(dialect, text)
        // Escapes stay as written: nothing here looks at the value of a string.
        .with_unescape(false)
        .tokenize_with_location_into_buf(&mut tokens);

    let mut reading = Reading {
        pieces: Vec::new(),
        stopped: None,
    };
    let mut cursor = Cursor::new(text);
    for TokenWithSpan { token, span } in tokens {
        let start = cursor.offset;
        let slice = cursor.advance(span.end);
        match agree::kind(dialect, &token, slice, cursor.rest()) {
            Ok(Some(kind)) => reading.pieces.push(Piece {
                kind,
                text: slice,
                start,
            }),
            Ok(None) => {}
            Err(agree::MayDiffer) => {
                reading.stopped = Some(DoubtReason::Unreadable);
                return reading;
            }
        }
    }
    // A string or a comment that the cut left open is the cut's doing.
    reading.stopped = match (cut, tokenized) {
        (Some(reason), _) => Some(reason),
        (None, Err(_)) => Some(DoubtReason::Unreadable),
        (None, Ok(())) => None,
    };
    reading
}

/// The part of a text that is read at all, and why the rest is not.
fn readable(dialect: Dialect, sql: &str) -> (&str, Option<DoubtReason>) {
    let mut end = sql.len();
    let mut reason = None;
    if end > MAX_READ_BYTES {
        end = floor_char_boundary(sql, MAX_READ_BYTES);
        reason = Some(DoubtReason::TooLong);
    }
    // A NUL ends the text for some databases and not for others.
    if let Some(at) = find_before(sql, "\0", end) {
        end = at;
        reason = Some(DoubtReason::Unreadable);
    }
    if dialect == Dialect::MySql {
        // Found even within a string, where it is nothing: rare, and a reset is cheap.
        for opening in ["/*!", "/*M!"] {
            if let Some(at) = find_before(sql, opening, end) {
                end = at;
                reason = Some(DoubtReason::ExecutableComment);
            }
        }
    }
    (sql.get(..end).unwrap_or(sql), reason)
}

fn find_before(sql: &str, pattern: &str, end: usize) -> Option<usize> {
    sql.get(..end)?.find(pattern)
}

fn floor_char_boundary(sql: &str, index: usize) -> usize {
    (0..=index)
        .rev()
        .find(|&at| sql.is_char_boundary(at))
        .unwrap_or(0)
}

fn tokenizer(dialect: Dialect, text: &str) -> Tokenizer<'_> {
    let rules: &'static dyn SqlDialect = match dialect {
        Dialect::Postgres => &PostgreSqlDialect {},
        Dialect::MySql => &MySqlDialect {},
        Dialect::Sqlite => &SQLiteDialect {},
    };
    Tokenizer::new(rules, text)
}

/// Turns the tokenizer's lines and columns into offsets, walking along with it.
struct Cursor<'sql> {
    text: &'sql str,
    offset: usize,
    at: Location,
}

impl<'sql> Cursor<'sql> {
    fn new(text: &'sql str) -> Self {
        Self {
            text,
            offset: 0,
            at: Location::new(1, 1),
        }
    }

    /// What has not been passed.
    fn rest(&self) -> &'sql str {
        self.text.get(self.offset..).unwrap_or_default()
    }

    /// Passes what lies before `end`, and returns it.
    fn advance(&mut self, end: Location) -> &'sql str {
        let rest = self.rest();
        let mut passed = 0;
        for char in rest.chars() {
            if self.at >= end {
                break;
            }
            passed += char.len_utf8();
            self.at = match char {
                '\n' => Location::new(self.at.line + 1, 1),
                _ => Location::new(self.at.line, self.at.column + 1),
            };
        }
        self.offset += passed;
        rest.get(..passed).unwrap_or_default()
    }
}
