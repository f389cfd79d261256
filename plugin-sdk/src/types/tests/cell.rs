//! Cells as a host would send them.

use std::borrow::Cow;
use std::fmt::Debug;

use onepool_proto::column::sqlite_tag;
use onepool_proto::{ColumnType, DatabaseKind, Format};
use sqlx_core::decode::Decode;
use sqlx_core::error::Error;
use sqlx_core::types::Type;
use sqlx_core::value::{Value, ValueRef};

use crate::{Onepool, OnepoolTypeInfo, OnepoolValue, OnepoolValueRef};

/// A type of PostgreSQL: its oid, the oid that it is made from, and its name.
pub(super) type PgColumn = (u32, u32, &'static str);

/// A type of MySQL: its byte, its flags, its collation, and its name.
pub(super) type MyColumn = (u32, u32, u32, &'static str);

pub(super) const UNSIGNED: u32 = 32;

/// A cell as a host would send it.
#[derive(Clone, Debug)]
pub(super) struct TestCell {
    pub(super) kind: DatabaseKind,
    pub(super) format: Format,
    pub(super) type_info: OnepoolTypeInfo,
    pub(super) bytes: Option<Vec<u8>>,
}

/// A PostgreSQL cell in the binary format, written in hexadecimal.
pub(super) fn pg_binary(column: PgColumn, hexadecimal: &str) -> TestCell {
    TestCell::postgres(column, Format::Binary, hex(hexadecimal))
}

/// A PostgreSQL cell in the text format.
pub(super) fn pg_text(column: PgColumn, text: &str) -> TestCell {
    TestCell::postgres(column, Format::Text, text)
}

/// A MySQL cell in the binary format, written in hexadecimal.
pub(super) fn my_binary(column: MyColumn, hexadecimal: &str) -> TestCell {
    TestCell::mysql(column, Format::Binary, hex(hexadecimal))
}

/// A MySQL cell in the text format.
pub(super) fn my_text(column: MyColumn, text: &str) -> TestCell {
    TestCell::mysql(column, Format::Text, text)
}

/// A SQLite cell that is an integer.
pub(super) fn lite_integer(integer: i64) -> TestCell {
    TestCell::sqlite(sqlite_tag::INTEGER, integer.to_le_bytes())
}

/// A SQLite cell that is a double.
pub(super) fn lite_real(real: f64) -> TestCell {
    TestCell::sqlite(sqlite_tag::REAL, real.to_le_bytes())
}

/// A SQLite cell that is text.
pub(super) fn lite_text(text: &str) -> TestCell {
    TestCell::sqlite(sqlite_tag::TEXT, text)
}

/// A SQLite cell that is bytes.
pub(super) fn lite_blob(blob: &[u8]) -> TestCell {
    TestCell::sqlite(sqlite_tag::BLOB, blob)
}

pub(super) fn hex(digits: &str) -> Vec<u8> {
    let pairs = digits.as_bytes().chunks(2);
    pairs
        .map(|pair| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap())
        .collect()
}

/// The cell is read as this value.
#[track_caller]
pub(super) fn reads<T>(cell: TestCell, expected: T)
where
    T: for<'r> Decode<'r, Onepool> + Type<Onepool> + PartialEq + Debug,
{
    match cell.get::<T>() {
        Ok(value) => assert_eq!(value, expected, "{cell:?}"),
        Err(error) => panic!("{cell:?}: {error}"),
    }
}

/// The cell is not read as this type, and the error says so in these words.
#[track_caller]
pub(super) fn fails<T>(cell: TestCell, words: &str)
where
    T: for<'r> Decode<'r, Onepool> + Type<Onepool> + Debug,
{
    match cell.get::<T>() {
        Ok(value) => panic!("{cell:?} was read as {value:?}"),
        Err(error) => assert!(error.to_string().contains(words), "{cell:?}: {error}"),
    }
}

impl TestCell {
    pub(super) fn postgres(
        (id, detail, name): PgColumn,
        format: Format,
        bytes: impl Into<Vec<u8>>,
    ) -> Self {
        Self::server(DatabaseKind::Postgres, (id, detail, name), format, bytes)
    }

    pub(super) fn mysql(
        (id, flags, collation, name): MyColumn,
        format: Format,
        bytes: impl Into<Vec<u8>>,
    ) -> Self {
        let column = (id, flags << 16 | collation, name);
        Self::server(DatabaseKind::MySql, column, format, bytes)
    }

    fn server(
        kind: DatabaseKind,
        (id, detail, name): (u32, u32, &str),
        format: Format,
        bytes: impl Into<Vec<u8>>,
    ) -> Self {
        let name = name.to_owned();
        Self {
            kind,
            format,
            type_info: OnepoolTypeInfo::database(kind, ColumnType { id, detail, name }),
            bytes: Some(bytes.into()),
        }
    }

    pub(super) fn sqlite(tag: u8, bytes: impl Into<Vec<u8>>) -> Self {
        Self {
            kind: DatabaseKind::Sqlite,
            format: Format::Binary,
            type_info: OnepoolTypeInfo::sqlite_cell(tag),
            bytes: Some(bytes.into()),
        }
    }

    /// The same cell, but NULL.
    pub(super) fn null(mut self) -> Self {
        self.bytes = None;
        self
    }

    pub(super) fn as_ref(&self) -> OnepoolValueRef<'_> {
        OnepoolValueRef {
            kind: self.kind,
            format: self.format,
            type_info: Cow::Borrowed(&self.type_info),
            bytes: self.bytes.as_deref(),
            memory: None,
        }
    }

    /// Reads the cell as `row.try_get` does.
    pub(super) fn get<T>(&self) -> Result<T, Error>
    where
        T: for<'r> Decode<'r, Onepool> + Type<Onepool>,
    {
        let owned: OnepoolValue = ValueRef::to_owned(&self.as_ref());
        owned.try_decode()
    }
}

/// Types of PostgreSQL.
pub(super) mod pg {
    use super::PgColumn;

    pub(in crate::types::tests) const BOOL: PgColumn = (16, 0, "BOOL");
    pub(in crate::types::tests) const BYTEA: PgColumn = (17, 0, "BYTEA");
    pub(in crate::types::tests) const CHAR: PgColumn = (18, 0, "\"CHAR\"");
    pub(in crate::types::tests) const INT8: PgColumn = (20, 0, "INT8");
    pub(in crate::types::tests) const INT2: PgColumn = (21, 0, "INT2");
    pub(in crate::types::tests) const INT4: PgColumn = (23, 0, "INT4");
    pub(in crate::types::tests) const TEXT: PgColumn = (25, 0, "TEXT");
    pub(in crate::types::tests) const OID: PgColumn = (26, 0, "OID");
    pub(in crate::types::tests) const JSON: PgColumn = (114, 0, "JSON");
    pub(in crate::types::tests) const CIDR: PgColumn = (650, 0, "CIDR");
    pub(in crate::types::tests) const FLOAT4: PgColumn = (700, 0, "FLOAT4");
    pub(in crate::types::tests) const FLOAT8: PgColumn = (701, 0, "FLOAT8");
    pub(in crate::types::tests) const INET: PgColumn = (869, 0, "INET");
    pub(in crate::types::tests) const VARCHAR: PgColumn = (1043, 0, "VARCHAR");
    pub(in crate::types::tests) const DATE: PgColumn = (1082, 0, "DATE");
    pub(in crate::types::tests) const TIME: PgColumn = (1083, 0, "TIME");
    pub(in crate::types::tests) const TIMESTAMP: PgColumn = (1114, 0, "TIMESTAMP");
    pub(in crate::types::tests) const TIMESTAMPTZ: PgColumn = (1184, 0, "TIMESTAMPTZ");
    pub(in crate::types::tests) const INTERVAL: PgColumn = (1186, 0, "INTERVAL");
    pub(in crate::types::tests) const TIMETZ: PgColumn = (1266, 0, "TIMETZ");
    pub(in crate::types::tests) const NUMERIC: PgColumn = (1700, 0, "NUMERIC");
    pub(in crate::types::tests) const VOID: PgColumn = (2278, 0, "VOID");
    pub(in crate::types::tests) const UUID: PgColumn = (2950, 0, "UUID");
    pub(in crate::types::tests) const JSONB: PgColumn = (3802, 0, "JSONB");

    pub(in crate::types::tests) const INT4_ARRAY: PgColumn = (1007, 23, "INT4[]");
    pub(in crate::types::tests) const TEXT_ARRAY: PgColumn = (1009, 25, "TEXT[]");
    pub(in crate::types::tests) const BYTEA_ARRAY: PgColumn = (1001, 17, "BYTEA[]");
    pub(in crate::types::tests) const JSONB_ARRAY: PgColumn = (3807, 3802, "JSONB[]");
    pub(in crate::types::tests) const INT4_RANGE: PgColumn = (3904, 23, "INT4RANGE");
    pub(in crate::types::tests) const NUM_RANGE: PgColumn = (3906, 1700, "NUMRANGE");
    pub(in crate::types::tests) const TSTZ_RANGE: PgColumn = (3910, 1184, "TSTZRANGE");
    pub(in crate::types::tests) const DATE_RANGE: PgColumn = (3912, 1082, "DATERANGE");
    pub(in crate::types::tests) const INT8_RANGE: PgColumn = (3926, 20, "INT8RANGE");

    /// Made by CREATE TYPE and CREATE DOMAIN.
    pub(in crate::types::tests) const MOOD: PgColumn = (16_400, 0, "mood");
    pub(in crate::types::tests) const MOOD_ARRAY: PgColumn = (16_399, 16_400, "mood[]");
    pub(in crate::types::tests) const INT4_DOMAIN: PgColumn = (16_410, 23, "natural_number");
    pub(in crate::types::tests) const TEXT_DOMAIN: PgColumn = (16_411, 25, "label");
    pub(in crate::types::tests) const FLOAT_RANGE: PgColumn = (16_420, 701, "floatrange");
    pub(in crate::types::tests) const COMPOSITE: PgColumn = (16_430, 0, "item");
    /// A type that the host knows by its oid alone.
    pub(in crate::types::tests) const UNRESOLVED: PgColumn = (16_400, 0, "?");
}

/// Types of MySQL.
pub(super) mod my {
    use super::{MyColumn, UNSIGNED};

    const BINARY: u32 = 63;
    const UTF8MB4: u32 = 45;

    pub(in crate::types::tests) const TINYINT: MyColumn = (0x01, 0, BINARY, "TINYINT");
    pub(in crate::types::tests) const SMALLINT: MyColumn = (0x02, 0, BINARY, "SMALLINT");
    pub(in crate::types::tests) const INT: MyColumn = (0x03, 0, BINARY, "INT");
    pub(in crate::types::tests) const BIGINT: MyColumn = (0x08, 0, BINARY, "BIGINT");
    pub(in crate::types::tests) const UTINYINT: MyColumn =
        (0x01, UNSIGNED, BINARY, "TINYINT UNSIGNED");
    pub(in crate::types::tests) const UINT: MyColumn = (0x03, UNSIGNED, BINARY, "INT UNSIGNED");
    pub(in crate::types::tests) const UBIGINT: MyColumn =
        (0x08, UNSIGNED, BINARY, "BIGINT UNSIGNED");
    pub(in crate::types::tests) const YEAR: MyColumn = (0x0d, UNSIGNED, BINARY, "YEAR");
    pub(in crate::types::tests) const BIT: MyColumn = (0x10, UNSIGNED, BINARY, "BIT");
    pub(in crate::types::tests) const FLOAT: MyColumn = (0x04, 0, BINARY, "FLOAT");
    pub(in crate::types::tests) const DOUBLE: MyColumn = (0x05, 0, BINARY, "DOUBLE");
    pub(in crate::types::tests) const DECIMAL: MyColumn = (0xf6, 0, BINARY, "DECIMAL");
    pub(in crate::types::tests) const DATE: MyColumn = (0x0a, 128, BINARY, "DATE");
    pub(in crate::types::tests) const TIME: MyColumn = (0x0b, 128, BINARY, "TIME");
    pub(in crate::types::tests) const DATETIME: MyColumn = (0x0c, 128, BINARY, "DATETIME");
    pub(in crate::types::tests) const TIMESTAMP: MyColumn = (0x07, 128, BINARY, "TIMESTAMP");
    pub(in crate::types::tests) const VARCHAR: MyColumn = (0xfd, 0, UTF8MB4, "VARCHAR");
    pub(in crate::types::tests) const ENUM: MyColumn = (0xfe, 256 | 1, UTF8MB4, "ENUM");
    pub(in crate::types::tests) const VARBINARY: MyColumn = (0xfd, 128, BINARY, "VARBINARY");
    pub(in crate::types::tests) const BLOB: MyColumn = (0xfc, 128 | 16, BINARY, "BLOB");
    pub(in crate::types::tests) const JSON: MyColumn = (0xf5, 128, BINARY, "JSON");
    pub(in crate::types::tests) const NULL: MyColumn = (0x06, 0, BINARY, "NULL");
}
