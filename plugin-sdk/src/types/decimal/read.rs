//! Where the text of a decimal number comes from.

use std::borrow::Cow;

use onepool_proto::Format;
use sqlx_core::error::BoxDynError;

use crate::OnepoolValueRef;
use crate::types::cell::{Cell, SqliteCell, utf8};

/// A decimal number as it is written.
pub(super) enum Written<'r> {
    /// As text.
    Text(Cow<'r, str>),
    /// As PostgreSQL's binary NUMERIC.
    Numeric(&'r [u8]),
}

impl<'r> Written<'r> {
    pub(super) fn of(value: &OnepoolValueRef<'r>) -> Result<Self, BoxDynError> {
        match value.cell()? {
            Cell::Postgres(Format::Binary, bytes) => Ok(Self::Numeric(bytes)),
            // MySQL sends decimals as text in both formats.
            Cell::Postgres(Format::Text, bytes) | Cell::MySql(_, bytes) => {
                Ok(Self::Text(utf8(bytes)?.into()))
            }
            Cell::Sqlite(SqliteCell::Integer(integer)) => {
                Ok(Self::Text(integer.to_string().into()))
            }
            Cell::Sqlite(SqliteCell::Real(real)) => Ok(Self::Text(real.to_string().into())),
            Cell::Sqlite(SqliteCell::Null) => Ok(Self::Text("0".into())),
            Cell::Sqlite(cell) => Ok(Self::Text(cell.text()?.into())),
        }
    }
}
