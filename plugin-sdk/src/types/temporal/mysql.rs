//! MySQL's dates and times.
//!
//! The binary format begins with a byte that says how many follow, because zeros at the end are
//! left out:
//!
//! ```text
//! date and time = 0 | 4 year:16 month day | 7 .. hour minute second | 11 .. micros:32
//! ```
//! Year and microseconds are little-endian.

use onepool_proto::Format;
use sqlx_core::error::{BoxDynError, UnexpectedNullError};

use super::postgres::DAY_MICROS;
use super::span::span_micros;
use crate::types::ValueError;

/// A date and time as MySQL sends it, not checked against any calendar.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct DateTime {
    pub(super) year: u16,
    pub(super) month: u8,
    pub(super) day: u8,
    pub(super) hour: u8,
    pub(super) minute: u8,
    pub(super) second: u8,
    pub(super) micros: u32,
}

/// Reads a binary DATE, DATETIME or TIMESTAMP. One of no bytes is `0000-00-00`, which counts as
/// NULL.
pub(super) fn date_time(bytes: &[u8]) -> Result<DateTime, BoxDynError> {
    let (year, [month, day], [hour, minute, second], micros) = match *bytes {
        [0] => return Err(UnexpectedNullError.into()),
        [4, y0, y1, month, day] => ([y0, y1], [month, day], [0; 3], [0; 4]),
        [7, y0, y1, month, day, h, m, s] => ([y0, y1], [month, day], [h, m, s], [0; 4]),
        [11, y0, y1, month, day, h, m, s, u0, u1, u2, u3] => {
            ([y0, y1], [month, day], [h, m, s], [u0, u1, u2, u3])
        }
        _ => {
            return Err(ValueError::Length {
                what: "a DATE or DATETIME",
                expected: "1, 5, 8 or 12",
                got: bytes.len(),
            }
            .into());
        }
    };
    Ok(DateTime {
        year: u16::from_le_bytes(year),
        month,
        day,
        hour,
        minute,
        second,
        micros: u32::from_le_bytes(micros),
    })
}

/// Reads a TIME that is a time of day, as microseconds since midnight.
pub(super) fn micros_of_day(
    format: Format,
    bytes: &[u8],
    target: &'static str,
) -> Result<u64, BoxDynError> {
    let micros = span_micros(format, bytes)?;
    match u64::try_from(micros) {
        Ok(micros) if micros < DAY_MICROS => Ok(micros),
        _ => Err(ValueError::range(format_args!("a TIME of {micros} microseconds"), target).into()),
    }
}
