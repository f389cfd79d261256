//! Errors of the database, field by field.

use std::borrow::Cow;
use std::error::Error as StdError;
use std::fmt;

use onepool_proto::error::{SourcePlace, kind};
use onepool_proto::{DatabaseFailure, DatabaseKind};
use sqlx_core::error::{DatabaseError, ErrorKind};

/// An error that the database reported, as its own driver would show it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OnepoolDatabaseError {
    database: DatabaseKind,
    failure: DatabaseFailure,
}

macro_rules! texts {
    ($($(#[$doc:meta])* $name:ident)*) => {$(
        $(#[$doc])*
        #[must_use]
        pub fn $name(&self) -> Option<&str> {
            self.failure.$name.as_deref()
        }
    )*};
}

impl OnepoolDatabaseError {
    pub(crate) fn new(database: DatabaseKind, failure: DatabaseFailure) -> Self {
        Self { database, failure }
    }

    /// The kind of database that reported the error.
    #[must_use]
    pub fn database(&self) -> DatabaseKind {
        self.database
    }

    /// MySQL's error number.
    #[must_use]
    pub fn number(&self) -> Option<u16> {
        self.failure.number
    }

    /// Where in the statement, in characters from one (PostgreSQL).
    #[must_use]
    pub fn position(&self) -> Option<u32> {
        self.failure.position
    }

    /// Where in the statement, in bytes from zero (SQLite).
    #[must_use]
    pub fn offset(&self) -> Option<u32> {
        self.failure.offset
    }

    /// Where in the server's own source the error was raised (PostgreSQL).
    #[must_use]
    pub fn source_place(&self) -> Option<&SourcePlace> {
        self.failure.source.as_ref()
    }

    texts! {
        /// More detail (PostgreSQL).
        detail
        /// What to do about it (PostgreSQL).
        hint
        /// The schema (PostgreSQL).
        schema
        /// The column (PostgreSQL).
        column
        /// The data type (PostgreSQL).
        data_type
        /// In which context, PostgreSQL's `where`.
        context
        /// The severity as the server wrote it (PostgreSQL).
        severity
    }
}

// The same sentence as the direct driver's, so that logs do not change.
impl fmt::Display for OnepoolDatabaseError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let DatabaseFailure {
            code,
            number,
            message,
            source,
            ..
        } = &self.failure;
        match (self.database, code, number) {
            (DatabaseKind::Sqlite, Some(code), _) => write!(f, "(code: {code}) {message}"),
            (DatabaseKind::MySql, Some(code), Some(number)) => {
                write!(f, "{number} ({code}): {message}")
            }
            (DatabaseKind::MySql, None, Some(number)) => write!(f, "{number}: {message}"),
            _ => match source.as_ref().and_then(|place| place.line) {
                Some(line) => write!(f, "{message} at line {line}"),
                None => f.write_str(message),
            },
        }
    }
}

impl StdError for OnepoolDatabaseError {}

impl DatabaseError for OnepoolDatabaseError {
    fn message(&self) -> &str {
        &self.failure.message
    }

    fn code(&self) -> Option<Cow<'_, str>> {
        self.failure.code.as_deref().map(Cow::Borrowed)
    }

    fn as_error(&self) -> &(dyn StdError + Send + Sync + 'static) {
        self
    }

    fn as_error_mut(&mut self) -> &mut (dyn StdError + Send + Sync + 'static) {
        self
    }

    fn into_error(self: Box<Self>) -> Box<dyn StdError + Send + Sync + 'static> {
        self
    }

    fn constraint(&self) -> Option<&str> {
        self.failure.constraint.as_deref()
    }

    fn table(&self) -> Option<&str> {
        self.failure.table.as_deref()
    }

    fn kind(&self) -> ErrorKind {
        match self.failure.kind {
            kind::UNIQUE_VIOLATION => ErrorKind::UniqueViolation,
            kind::FOREIGN_KEY_VIOLATION => ErrorKind::ForeignKeyViolation,
            kind::NOT_NULL_VIOLATION => ErrorKind::NotNullViolation,
            kind::CHECK_VIOLATION => ErrorKind::CheckViolation,
            kind::EXCLUSION_VIOLATION => ErrorKind::ExclusionViolation,
            _ => ErrorKind::Other,
        }
    }
}
