//! Integers of all widths, and through sqlx the `NonZero` ones.

use onepool_proto::Format;
use sqlx_core::decode::Decode;
use sqlx_core::error::BoxDynError;

use super::ValueError;
use super::cell::{Cell, utf8};
use super::columns::{self, MySqlColumn};
use super::oid;
use crate::{Onepool, OnepoolValueRef};

impl_type! {
    i8 => I8, i16 => I16, i32 => I32, i64 => I64,
    u8 => U8, u16 => U16, u32 => U32, u64 => U64,
}

impl_encode_copy! {
    i8 => I8, i16 => I16, i32 => I32, i64 => I64,
    u8 => U8, u16 => U16, u32 => U32, u64 => U64,
}

macro_rules! impl_decode {
    ($($rust:ty => $read:ident),+ $(,)?) => {$(
        impl Decode<'_, Onepool> for $rust {
            fn decode(value: OnepoolValueRef<'_>) -> Result<Self, BoxDynError> {
                Ok($read(&value)?.try_into()?)
            }
        }
    )+};
}

impl_decode! {
    i8 => signed_or_char, i16 => signed, i32 => signed, i64 => signed,
    u8 => unsigned, u16 => unsigned, u32 => unsigned, u64 => unsigned,
}

fn signed(value: &OnepoolValueRef<'_>) -> Result<i64, BoxDynError> {
    match value.cell()? {
        Cell::Sqlite(cell) => Ok(cell.integer()?),
        Cell::Postgres(format, bytes) => postgres(format, bytes),
        Cell::MySql(format, bytes) => mysql_signed(format, bytes),
    }
}

/// PostgreSQL has no integers of one byte, but a `"char"` that is printed as a character: nothing
/// for zero, and three octal digits after a backslash where it is not ASCII.
fn signed_or_char(value: &OnepoolValueRef<'_>) -> Result<i64, BoxDynError> {
    let Cell::Postgres(Format::Text, bytes) = value.cell()? else {
        return signed(value);
    };
    let byte = match bytes {
        [b'\\', octal @ ..] if octal.len() == 3 => u8::from_str_radix(utf8(octal)?, 8)?,
        _ => bytes.first().copied().unwrap_or(0),
    };
    Ok(byte.cast_signed().into())
}

fn unsigned(value: &OnepoolValueRef<'_>) -> Result<u64, BoxDynError> {
    match value.cell()? {
        Cell::Sqlite(cell) => Ok(cell.integer()?.try_into()?),
        Cell::Postgres(Format::Binary, bytes) if columns::oid_of(&value.type_info) == oid::OID => {
            Ok(big_endian(bytes)?)
        }
        Cell::Postgres(format, bytes) => Ok(postgres(format, bytes)?.try_into()?),
        // A BIT is sent as its bytes in both formats, most significant first.
        Cell::MySql(_, bytes)
            if MySqlColumn::of(&value.type_info).is_some_and(MySqlColumn::is_bit) =>
        {
            Ok(big_endian(bytes)?)
        }
        Cell::MySql(Format::Text, bytes) => Ok(utf8(bytes)?.parse()?),
        Cell::MySql(Format::Binary, bytes) => Ok(big_endian(bytes.iter().rev())?),
    }
}

/// Reads a PostgreSQL integer of any width.
pub(super) fn postgres(format: Format, bytes: &[u8]) -> Result<i64, BoxDynError> {
    match format {
        Format::Text => Ok(utf8(bytes)?.parse()?),
        Format::Binary => Ok(sign_extended(big_endian(bytes)?, bytes.len())),
    }
}

/// Reads a MySQL integer of any width.
pub(super) fn mysql_signed(format: Format, bytes: &[u8]) -> Result<i64, BoxDynError> {
    match format {
        Format::Text => Ok(utf8(bytes)?.parse()?),
        Format::Binary => Ok(sign_extended(big_endian(bytes.iter().rev())?, bytes.len())),
    }
}

fn big_endian<'a>(
    bytes: impl IntoIterator<Item = &'a u8, IntoIter: ExactSizeIterator>,
) -> Result<u64, ValueError> {
    let bytes = bytes.into_iter();
    if !(1..=8).contains(&bytes.len()) {
        return Err(ValueError::Length {
            what: "an integer",
            expected: "1 to 8",
            got: bytes.len(),
        });
    }
    Ok(bytes.fold(0, |number, byte| number << 8 | u64::from(*byte)))
}

/// The integer whose two's complement is the lowest `bytes` (1 to 8) of `number`.
fn sign_extended(number: u64, bytes: usize) -> i64 {
    let unused = 64_usize.saturating_sub(8 * bytes);
    number.wrapping_shl(unused as u32).cast_signed() >> unused
}
