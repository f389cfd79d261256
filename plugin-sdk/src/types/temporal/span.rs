//! MySQL's TIME, which is a span of time that may be negative or of many days.
//!
//! ```text
//! time = 0 | 8 negative days:32 hour minute second | 12 .. micros:32
//! ```
//! In the binary format the first byte says how many follow, because zeros at the end are left
//! out; the numbers of four bytes are little-endian.

use onepool_proto::Format;
use sqlx_core::error::BoxDynError;

use super::time_of_day;
use crate::types::ValueError;
use crate::types::cell::utf8;

/// Reads a TIME as microseconds.
pub(crate) fn span_micros(format: Format, bytes: &[u8]) -> Result<i64, BoxDynError> {
    match format {
        Format::Text => Ok(text_span(utf8(bytes)?)?),
        Format::Binary => Ok(binary_span(bytes)?),
    }
}

fn binary_span(bytes: &[u8]) -> Result<i64, ValueError> {
    let (negative, days, time, micros) = match *bytes {
        [0] => return Ok(0),
        [8, negative, d0, d1, d2, d3, h, m, s] => (negative, [d0, d1, d2, d3], [h, m, s], [0; 4]),
        [12, negative, d0, d1, d2, d3, h, m, s, u0, u1, u2, u3] => {
            (negative, [d0, d1, d2, d3], [h, m, s], [u0, u1, u2, u3])
        }
        _ => {
            return Err(ValueError::Length {
                what: "a TIME",
                expected: "1, 9 or 13",
                got: bytes.len(),
            });
        }
    };
    let [hour, minute, second] = time.map(i64::from);
    let hours = i64::from(u32::from_le_bytes(days)) * 24 + hour;
    let seconds = hours * 3600 + minute * 60 + second;
    let span = seconds
        .checked_mul(1_000_000)
        .and_then(|span| span.checked_add(u32::from_le_bytes(micros).into()))
        .ok_or_else(|| ValueError::range(format_args!("a TIME of {hours} hours"), "i64"))?;
    match negative {
        0 => Ok(span),
        1 => Ok(-span),
        other => Err(ValueError::syntax("the sign of a TIME", other.to_string())),
    }
}

fn text_span(text: &str) -> Result<i64, ValueError> {
    time_of_day::parse_signed(text).ok_or_else(|| ValueError::syntax("a TIME", text))
}
