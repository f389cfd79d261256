//! What MySQL says of a column.

use onepool_proto::DatabaseKind;

use crate::OnepoolTypeInfo;
use crate::type_info::Repr;

// Column types, flags and collations of MySQL's protocol.

const TINY: u32 = 0x01;
const SHORT: u32 = 0x02;
const LONG: u32 = 0x03;
const FLOAT: u32 = 0x04;
const DOUBLE: u32 = 0x05;
pub(super) const TIMESTAMP: u32 = 0x07;
const LONGLONG: u32 = 0x08;
const INT24: u32 = 0x09;
pub(super) const DATE: u32 = 0x0a;
const TIME: u32 = 0x0b;
pub(super) const DATETIME: u32 = 0x0c;
const YEAR: u32 = 0x0d;
const VAR_CHAR: u32 = 0x0f;
const BIT: u32 = 0x10;
pub(super) const JSON: u32 = 0xf5;
pub(super) const DECIMAL: u32 = 0x00;
pub(super) const NEW_DECIMAL: u32 = 0xf6;
const ENUM: u32 = 0xf7;
const TINY_BLOB: u32 = 0xf9;
const MEDIUM_BLOB: u32 = 0xfa;
const LONG_BLOB: u32 = 0xfb;
const BLOB: u32 = 0xfc;
const VAR_STRING: u32 = 0xfd;
const STRING: u32 = 0xfe;

const UNSIGNED: u32 = 32;
/// The collation of columns that hold bytes rather than text.
const BINARY_COLLATION: u32 = 63;

/// What MySQL's protocol says of a column.
#[derive(Clone, Copy, Debug)]
pub(crate) struct MySqlColumn {
    pub(super) id: u32,
    flags: u32,
    collation: u32,
}

impl MySqlColumn {
    pub(crate) fn of(type_info: &OnepoolTypeInfo) -> Option<Self> {
        match &type_info.0 {
            Repr::Database {
                kind: DatabaseKind::MySql,
                column_type,
            } => Some(Self {
                id: column_type.id,
                flags: column_type.detail >> 16,
                collation: column_type.detail & 0xffff,
            }),
            _ => None,
        }
    }

    pub(crate) fn is_bit(self) -> bool {
        self.id == BIT
    }

    pub(super) fn is_bit_or_year(self) -> bool {
        matches!(self.id, BIT | YEAR)
    }

    pub(super) fn is_float(self) -> bool {
        matches!(self.id, FLOAT | DOUBLE)
    }

    pub(super) fn is_time(self) -> bool {
        self.id == TIME
    }

    /// Whether the column is of a type that has `0000-00-00`.
    pub(crate) fn has_zero_date(self) -> bool {
        matches!(self.id, DATE | DATETIME | TIMESTAMP)
    }

    pub(super) fn is_unsigned(self) -> bool {
        self.flags & UNSIGNED != 0
    }

    pub(super) fn is_integer(self) -> bool {
        matches!(self.id, TINY | SHORT | LONG | INT24 | LONGLONG)
    }

    pub(super) fn is_bytes(self) -> bool {
        matches!(
            self.id,
            VAR_CHAR | BLOB | TINY_BLOB | MEDIUM_BLOB | LONG_BLOB | STRING | VAR_STRING | ENUM
        )
    }

    pub(super) fn is_text(self) -> bool {
        self.is_bytes() && self.collation != BINARY_COLLATION
    }
}
