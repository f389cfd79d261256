//! Floating point numbers.

use onepool_proto::Format;
use sqlx_core::decode::Decode;
use sqlx_core::error::BoxDynError;

use super::ValueError;
use super::cell::{Cell, utf8};
use crate::{Onepool, OnepoolValueRef};

impl_type!(f32 => F32, f64 => F64);
impl_encode_copy!(f32 => F32, f64 => F64);

impl Decode<'_, Onepool> for f32 {
    fn decode(value: OnepoolValueRef<'_>) -> Result<Self, BoxDynError> {
        match value.cell()? {
            Cell::Sqlite(cell) => Ok(cell.real()? as f32),
            Cell::Postgres(Format::Binary, bytes) => Ok(Self::from_be_bytes(exactly(bytes)?)),
            Cell::MySql(Format::Binary, bytes) => match bytes.len() {
                4 => Ok(Self::from_le_bytes(exactly(bytes)?)),
                // MySQL may send a DOUBLE for an expression of FLOATs.
                _ => Ok(mysql_double(bytes)? as f32),
            },
            Cell::Postgres(Format::Text, bytes) | Cell::MySql(Format::Text, bytes) => {
                Ok(utf8(bytes)?.parse()?)
            }
        }
    }
}

impl Decode<'_, Onepool> for f64 {
    fn decode(value: OnepoolValueRef<'_>) -> Result<Self, BoxDynError> {
        match value.cell()? {
            Cell::Sqlite(cell) => Ok(cell.real()?),
            Cell::Postgres(Format::Binary, bytes) => Ok(Self::from_be_bytes(exactly(bytes)?)),
            Cell::MySql(Format::Binary, bytes) => match bytes.len() {
                4 => Ok(f32::from_le_bytes(exactly(bytes)?).into()),
                _ => mysql_double(bytes),
            },
            Cell::Postgres(Format::Text, bytes) | Cell::MySql(Format::Text, bytes) => {
                Ok(utf8(bytes)?.parse()?)
            }
        }
    }
}

fn exactly<const N: usize>(bytes: &[u8]) -> Result<[u8; N], ValueError> {
    bytes.try_into().map_err(|_| ValueError::Length {
        what: "a floating point number",
        expected: if N == 4 { "4" } else { "8" },
        got: bytes.len(),
    })
}

/// Reads a DOUBLE; what has another length may be a DECIMAL, which is not taken for one.
fn mysql_double(bytes: &[u8]) -> Result<f64, BoxDynError> {
    let bytes = bytes.try_into().map_err(|_| ValueError::Length {
        what: "a floating point number (a DECIMAL is read as a decimal type)",
        expected: "4 or 8",
        got: bytes.len(),
    })?;
    Ok(f64::from_le_bytes(bytes))
}
