//! A range as an element of an array: in the text that PostgreSQL reads, since a scalar on the wire
//! has no bounds.

use onepool_proto::value::{Edge, Range};
use onepool_proto::{Scalar, ScalarType};

use crate::types::ValueError;

/// The day from which dates of the wire are counted, 1970-01-01, as a Julian Day.
const EPOCH: i64 = 2_440_588;

const DAY_S: i64 = 24 * 60 * 60;

const NO_RANGE: ValueError = ValueError::Unsupported("PostgreSQL has no range over this type");

/// The name of PostgreSQL's own range type over a scalar type.
pub(in crate::types) fn type_name(element: &ScalarType) -> Option<&'static str> {
    Some(match element {
        ScalarType::I32 => "pg_catalog.int4range",
        ScalarType::I64 => "pg_catalog.int8range",
        ScalarType::Decimal => "pg_catalog.numrange",
        ScalarType::Date => "pg_catalog.daterange",
        ScalarType::Timestamp => "pg_catalog.tsrange",
        ScalarType::TimestampTz => "pg_catalog.tstzrange",
        _ => return None,
    })
}

/// The range as a value of its type by name.
pub(in crate::types) fn element(range: &Range) -> Result<Scalar, ValueError> {
    let type_name = type_name(&range.element).ok_or(NO_RANGE)?.to_owned();
    let text = match &range.edges {
        None => "empty".to_owned(),
        Some((lower, upper)) => {
            let open = if matches!(lower, Edge::Included(_)) {
                '['
            } else {
                '('
            };
            let close = if matches!(upper, Edge::Included(_)) {
                ']'
            } else {
                ')'
            };
            format!("{open}{},{}{close}", bound(lower)?, bound(upper)?)
        }
    };
    Ok(Scalar::Named { type_name, text })
}

/// A bound, in quotes because of its spaces.
fn bound(edge: &Edge) -> Result<String, ValueError> {
    match edge {
        Edge::Unbounded => Ok(String::new()),
        Edge::Included(scalar) | Edge::Excluded(scalar) => Ok(format!("\"{}\"", text(scalar)?)),
    }
}

/// Dates are written as Julian Days, for which no calendar is needed.
fn text(scalar: &Scalar) -> Result<String, ValueError> {
    Ok(match scalar {
        Scalar::I32(number) => number.to_string(),
        Scalar::I64(number) => number.to_string(),
        Scalar::Decimal(number) => number.clone(),
        Scalar::Date { days } => day(i64::from(*days))?,
        Scalar::Timestamp { seconds, nanos } => instant(*seconds, *nanos)?,
        Scalar::TimestampTz { seconds, nanos, .. } => format!("{}+00", instant(*seconds, *nanos)?),
        _ => return Err(NO_RANGE),
    })
}

fn day(days: i64) -> Result<String, ValueError> {
    match days.checked_add(EPOCH) {
        Some(julian) if julian >= 0 => Ok(format!("J{julian}")),
        _ => Err(ValueError::range(
            format!("day {days} from 1970-01-01"),
            "a date of PostgreSQL",
        )),
    }
}

fn instant(seconds: i64, nanos: u32) -> Result<String, ValueError> {
    let (day, second) = (day(seconds.div_euclid(DAY_S))?, seconds.rem_euclid(DAY_S));
    let (hours, minutes) = (second / 3600, second / 60 % 60);
    let (seconds, micros) = (second % 60, nanos / 1000);
    Ok(format!(
        "{day} {hours:02}:{minutes:02}:{seconds:02}.{micros:06}"
    ))
}
