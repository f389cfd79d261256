//! The columns that each scalar type is read from.
//!
//! There is one list for each kind of database, the same that the direct drivers have. What they
//! do not have (unsigned integers on PostgreSQL, decimals on SQLite, networks on MySQL) is read
//! from the columns that it can be written to.

use onepool_proto::ScalarType;

use super::mysql::{self, MySqlColumn};
use crate::types::oid;

/// The columns that a scalar type is read from.
pub(super) struct Columns {
    /// Names of cell types, and of the declared types that say more.
    pub(super) sqlite: &'static [&'static str],
    /// Oids of built-in types.
    pub(super) postgres: &'static [u32],
    pub(super) mysql: fn(MySqlColumn) -> bool,
}

pub(super) fn columns(scalar: &ScalarType) -> Columns {
    use ScalarType as S;
    match scalar {
        S::Bool => list(&["INTEGER", "BOOLEAN"], &[oid::BOOL], |column| {
            column.is_integer() || column.is_bit()
        }),
        S::I8 => signed(&[oid::CHAR]),
        S::I16 => signed(&[oid::INT2]),
        S::I32 => signed(&[oid::INT4]),
        S::I64 => signed(&[oid::INT8]),
        S::U8 | S::U16 | S::U32 | S::U64 => list(
            &["INTEGER"],
            &[oid::INT2, oid::INT4, oid::INT8, oid::OID],
            |column| column.is_unsigned() && (column.is_integer() || column.is_bit_or_year()),
        ),
        S::F32 => list(&["REAL"], &[oid::FLOAT4], MySqlColumn::is_float),
        S::F64 => list(&["REAL"], &[oid::FLOAT8], MySqlColumn::is_float),
        S::Decimal => list(&["TEXT", "INTEGER", "REAL"], &[oid::NUMERIC], |column| {
            matches!(column.id, mysql::DECIMAL | mysql::NEW_DECIMAL)
        }),
        S::Text => list(
            &["TEXT"],
            &[
                oid::TEXT,
                oid::NAME,
                oid::BPCHAR,
                oid::VARCHAR,
                oid::UNKNOWN,
            ],
            MySqlColumn::is_text,
        ),
        S::Named(_) => list(&["TEXT"], &[], MySqlColumn::is_text),
        S::Bytes => list(&["BLOB", "TEXT"], &[oid::BYTEA], MySqlColumn::is_bytes),
        S::Uuid => list(&["BLOB", "TEXT"], &[oid::UUID], MySqlColumn::is_bytes),
        S::Json => list(&["TEXT"], &[oid::JSON, oid::JSONB], |column| {
            column.id == mysql::JSON || column.is_bytes()
        }),
        S::Inet => list(&["TEXT"], &[oid::INET, oid::CIDR], MySqlColumn::is_text),
        S::Date => list(&["TEXT", "DATE"], &[oid::DATE], |column| {
            column.id == mysql::DATE
        }),
        S::Time => list(&["TEXT", "TIME"], &[oid::TIME], MySqlColumn::is_time),
        S::TimeTz => list(&[], &[oid::TIMETZ], |_| false),
        S::Timestamp => list(INSTANT, &[oid::TIMESTAMP], |column| {
            column.id == mysql::DATETIME
        }),
        S::TimestampTz => list(INSTANT, &[oid::TIMESTAMPTZ], |column| {
            matches!(column.id, mysql::DATETIME | mysql::TIMESTAMP)
        }),
        S::Interval => list(&[], &[oid::INTERVAL], MySqlColumn::is_time),
    }
}

/// SQLite keeps an instant as text or as Unix seconds.
const INSTANT: &[&str] = &["TEXT", "INTEGER", "DATETIME"];

fn signed(postgres: &'static [u32]) -> Columns {
    list(&["INTEGER"], postgres, |column| {
        column.is_integer() && !column.is_unsigned()
    })
}

fn list(
    sqlite: &'static [&'static str],
    postgres: &'static [u32],
    mysql: fn(MySqlColumn) -> bool,
) -> Columns {
    Columns {
        sqlite,
        postgres,
        mysql,
    }
}
