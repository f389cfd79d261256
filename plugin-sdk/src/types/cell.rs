//! A cell by the way in which it is written.

use onepool_proto::column::sqlite_tag;
use onepool_proto::{DatabaseKind, Format};
use sqlx_core::error::{BoxDynError, UnexpectedNullError};

use super::ValueError;
use crate::OnepoolValueRef;
use crate::type_info::Repr;

/// A cell that is not NULL, except on SQLite, where NULL is read as zero or as nothing.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Cell<'r> {
    Sqlite(SqliteCell<'r>),
    Postgres(Format, &'r [u8]),
    MySql(Format, &'r [u8]),
}

/// A SQLite cell: its type is its own and not its column's.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum SqliteCell<'r> {
    Null,
    Integer(i64),
    Real(f64),
    Text(&'r [u8]),
    Blob(&'r [u8]),
}

impl<'r> OnepoolValueRef<'r> {
    /// The cell by the way in which it is written.
    pub(crate) fn cell(&self) -> Result<Cell<'r>, BoxDynError> {
        match (self.kind, self.bytes) {
            (DatabaseKind::Sqlite, bytes) => Ok(Cell::Sqlite(self.sqlite_cell(bytes)?)),
            (_, None) => Err(UnexpectedNullError.into()),
            (DatabaseKind::Postgres, Some(bytes)) => Ok(Cell::Postgres(self.format, bytes)),
            (DatabaseKind::MySql, Some(bytes)) => Ok(Cell::MySql(self.format, bytes)),
        }
    }

    fn sqlite_cell(&self, bytes: Option<&'r [u8]>) -> Result<SqliteCell<'r>, ValueError> {
        let Some(bytes) = bytes else {
            return Ok(SqliteCell::Null);
        };
        let eight = || {
            <[u8; 8]>::try_from(bytes).map_err(|_| ValueError::Length {
                what: "a SQLite number",
                expected: "8",
                got: bytes.len(),
            })
        };
        match self.type_info.0 {
            Repr::SqliteCell(sqlite_tag::INTEGER) => {
                Ok(SqliteCell::Integer(i64::from_le_bytes(eight()?)))
            }
            Repr::SqliteCell(sqlite_tag::REAL) => {
                Ok(SqliteCell::Real(f64::from_le_bytes(eight()?)))
            }
            Repr::SqliteCell(sqlite_tag::TEXT) => Ok(SqliteCell::Text(bytes)),
            Repr::SqliteCell(sqlite_tag::BLOB) => Ok(SqliteCell::Blob(bytes)),
            _ => Err(ValueError::Unsupported("a SQLite cell without a known tag")),
        }
    }
}

// The direct driver asks SQLite for a cell as the type wanted, and SQLite converts. Numbers are
// converted here in the same way; text is not taken for a number, nor a number for text.
impl<'r> SqliteCell<'r> {
    /// The cell as an integer.
    pub(crate) fn integer(self) -> Result<i64, ValueError> {
        match self {
            Self::Null => Ok(0),
            Self::Integer(integer) => Ok(integer),
            Self::Real(real) => Ok(real as i64),
            Self::Text(_) | Self::Blob(_) => Err(self.cannot_be("an integer")),
        }
    }

    /// The cell as a floating point number.
    pub(crate) fn real(self) -> Result<f64, ValueError> {
        match self {
            Self::Null => Ok(0.0),
            Self::Integer(integer) => Ok(integer as f64),
            Self::Real(real) => Ok(real),
            Self::Text(_) | Self::Blob(_) => Err(self.cannot_be("a floating point number")),
        }
    }

    /// The bytes of text or of a blob.
    pub(crate) fn bytes(self) -> Result<&'r [u8], ValueError> {
        match self {
            Self::Null => Ok(&[]),
            Self::Text(bytes) | Self::Blob(bytes) => Ok(bytes),
            Self::Integer(_) | Self::Real(_) => Err(self.cannot_be("text or bytes")),
        }
    }

    /// The text.
    pub(crate) fn text(self) -> Result<&'r str, BoxDynError> {
        utf8(self.bytes()?)
    }

    /// The error that this cell is not of the type wanted.
    pub(crate) fn cannot_be(self, wanted: &'static str) -> ValueError {
        let found = match self {
            Self::Null => "NULL",
            Self::Integer(_) => "INTEGER",
            Self::Real(_) => "REAL",
            Self::Text(_) => "TEXT",
            Self::Blob(_) => "BLOB",
        };
        ValueError::SqliteCell { found, wanted }
    }
}

/// The bytes as text.
pub(crate) fn utf8(bytes: &[u8]) -> Result<&str, BoxDynError> {
    Ok(std::str::from_utf8(bytes)?)
}
