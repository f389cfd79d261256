//! PostgreSQL's binary dates and times, which count from the beginning of 2000.

use onepool_proto::Format;
use sqlx_core::error::BoxDynError;

use crate::types::{ValueError, integer};

const EPOCH_DAYS: i64 = 10_957;
const EPOCH_MICROS: i64 = 946_684_800_000_000;

/// Microseconds of a day.
pub(super) const DAY_MICROS: u64 = 86_400_000_000;

/// Reads a DATE as days since 1970-01-01. The infinities are the ends of the numbers that a DATE
/// has, far outside of every calendar.
pub(super) fn days(bytes: &[u8]) -> Result<i64, BoxDynError> {
    let days = integer::postgres(Format::Binary, bytes)?;
    days.checked_add(EPOCH_DAYS)
        .ok_or_else(|| ValueError::range("a DATE", "i64").into())
}

/// Reads a TIMESTAMP or TIMESTAMPTZ as microseconds since 1970-01-01T00:00:00. The infinities are
/// the ends of the numbers that it has.
pub(super) fn micros(bytes: &[u8]) -> Result<i64, BoxDynError> {
    let micros = integer::postgres(Format::Binary, bytes)?;
    micros
        .checked_add(EPOCH_MICROS)
        .ok_or_else(|| ValueError::range("a TIMESTAMP of `infinity`", "i64").into())
}

/// Reads a TIME as microseconds since midnight, where 24:00 is midnight too.
pub(super) fn micros_of_day(bytes: &[u8]) -> Result<u64, BoxDynError> {
    let micros = integer::postgres(Format::Binary, bytes)?;
    Ok(u64::try_from(micros.rem_euclid(DAY_MICROS.cast_signed()))?)
}

/// Reads a TIMETZ as microseconds since midnight and seconds east of UTC; PostgreSQL counts them
/// to the west.
pub(super) fn micros_and_offset(bytes: &[u8]) -> Result<(u64, i32), BoxDynError> {
    let Some((time, west)) = bytes.split_at_checked(8) else {
        return Err(ValueError::Length {
            what: "a TIMETZ",
            expected: "12",
            got: bytes.len(),
        }
        .into());
    };
    let west = i32::try_from(integer::postgres(Format::Binary, west)?)?;
    let east = west
        .checked_neg()
        .ok_or_else(|| ValueError::range(west, "an offset from UTC"))?;
    Ok((micros_of_day(time)?, east))
}
