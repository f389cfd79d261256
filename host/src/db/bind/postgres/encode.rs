//! PostgreSQL's binary format, byte for byte as sqlx writes it.

use std::str::FromStr;

use bigdecimal::BigDecimal;
use onepool_proto::value::{Array, Edge, Range, Shape};
use onepool_proto::{Scalar, ScalarType, ValueType};
use sqlx::encode::IsNull;
use sqlx::error::BoxDynError;
use sqlx::postgres::{PgArgumentBuffer, PgTypeInfo, Postgres};
use sqlx::{Encode, Type};

use super::{Argument, Refusal, Value, type_info};
use crate::db::bind::calendar::TOO_FAR;

/// 2000-01-01, from which PostgreSQL counts, in days and seconds since 1970.
const EPOCH_DAYS: i32 = 10_957;
const EPOCH_SECONDS: i64 = 946_684_800;

/// More digits than a numeric can have, so that reading them takes a bounded time.
const DECIMAL_BYTES: usize = 150_000;

const MIXED: &str = "wants all parts of a value to be of one type";

impl Type<Postgres> for Argument {
    fn type_info() -> PgTypeInfo {
        // Every argument says its own type, below.
        type_info(0)
    }
}

impl Encode<'_, Postgres> for Argument {
    fn encode_by_ref(&self, out: &mut PgArgumentBuffer) -> Result<IsNull, BoxDynError> {
        let converted = self.converted.as_deref().unwrap_or_default();
        match &self.value {
            Value::Null(_) => return Ok(IsNull::Yes),
            Value::Scalar(value) => match converted.first() {
                Some(bytes) => out.extend_from_slice(bytes),
                None => scalar(value, out)?,
            },
            Value::Array(value) => array(value, self.element, converted, out)?,
            Value::Range(value) => range(value, out)?,
        }
        Ok(IsNull::No)
    }

    fn produces(&self) -> Option<PgTypeInfo> {
        Some(type_info(self.oid))
    }
}

fn scalar(value: &Scalar, out: &mut PgArgumentBuffer) -> Result<(), BoxDynError> {
    match value {
        Scalar::Bool(value) => out.push(u8::from(*value)),
        Scalar::I8(value) => out.extend(value.to_be_bytes()),
        Scalar::I16(value) => out.extend(value.to_be_bytes()),
        Scalar::I32(value) => out.extend(value.to_be_bytes()),
        Scalar::I64(value) => out.extend(value.to_be_bytes()),
        Scalar::U8(value) => out.extend(i16::from(*value).to_be_bytes()),
        Scalar::U16(value) => out.extend(i32::from(*value).to_be_bytes()),
        Scalar::U32(value) => out.extend(i64::from(*value).to_be_bytes()),
        Scalar::U64(number) => {
            let number = i64::try_from(*number)
                .map_err(|_| refusal(value, "has no integers above 9223372036854775807"))?;
            out.extend(number.to_be_bytes());
        }
        Scalar::F32(value) => out.extend(value.to_be_bytes()),
        Scalar::F64(value) => out.extend(value.to_be_bytes()),
        Scalar::Decimal(text) => decimal(value, text, out)?,
        Scalar::Text(text) | Scalar::Named { text, .. } => out.extend_from_slice(text.as_bytes()),
        Scalar::Bytes(bytes) => out.extend_from_slice(bytes),
        Scalar::Uuid(bytes) => out.extend_from_slice(bytes),
        Scalar::Json(text) => {
            // The version of jsonb.
            out.push(1);
            out.extend_from_slice(text.as_bytes());
        }
        Scalar::Inet { address, prefix } => inet(value, address, *prefix, out)?,
        _ => temporal(value, out).ok_or_else(|| refusal(value, TOO_FAR))?,
    }
    Ok(())
}

fn decimal(value: &Scalar, text: &str, out: &mut PgArgumentBuffer) -> Result<(), BoxDynError> {
    if text == "NaN" {
        // No digits, no weight, the sign that means NaN, no scale.
        out.extend([0, 0, 0, 0, 0xc0, 0, 0, 0]);
        return Ok(());
    }
    let plain = |c: char| c.is_ascii_digit() || matches!(c, '-' | '.');
    if text.len() > DECIMAL_BYTES || !text.chars().all(plain) {
        return Err(refusal(value, "cannot hold a decimal of this form or size").into());
    }
    let number = BigDecimal::from_str(text)
        .map_err(|_| refusal(value, "wants decimals in plain notation"))?;
    let _: IsNull = Encode::<Postgres>::encode_by_ref(&number, out)?;
    Ok(())
}

fn inet(
    value: &Scalar,
    address: &[u8],
    prefix: u8,
    out: &mut PgArgumentBuffer,
) -> Result<(), Refusal> {
    let (family, length) = match (address.len(), prefix) {
        (4, 0..=32) => (2, 4),
        (16, 0..=128) => (3, 16),
        _ => return Err(refusal(value, "wants an address and a prefix that fits it")),
    };
    // The zero says that it is not a cidr.
    out.extend([family, prefix, 0, length]);
    out.extend_from_slice(address);
    Ok(())
}

/// Dates, times and spans; what is finer than a microsecond is cut off, as sqlx does.
fn temporal(value: &Scalar, out: &mut PgArgumentBuffer) -> Option<()> {
    match *value {
        Scalar::Date { days } => out.extend(days.checked_sub(EPOCH_DAYS)?.to_be_bytes()),
        Scalar::Time { nanos } => out.extend(micros_of_day(nanos)?.to_be_bytes()),
        Scalar::TimeTz { nanos, offset_s } => {
            out.extend(micros_of_day(nanos)?.to_be_bytes());
            // PostgreSQL counts seconds west of UTC.
            out.extend(offset_s.checked_neg()?.to_be_bytes());
        }
        Scalar::Timestamp { seconds, nanos } | Scalar::TimestampTz { seconds, nanos, .. } => {
            let seconds = i128::from(seconds) - i128::from(EPOCH_SECONDS);
            let micros = (seconds * 1_000_000_000 + i128::from(nanos)) / 1000;
            out.extend(i64::try_from(micros).ok()?.to_be_bytes());
        }
        Scalar::Interval {
            months,
            days,
            micros,
        } => {
            out.extend(micros.to_be_bytes());
            out.extend(days.to_be_bytes());
            out.extend(months.to_be_bytes());
        }
        _ => return None,
    }
    Some(())
}

fn micros_of_day(nanos: u64) -> Option<i64> {
    i64::try_from(nanos / 1000).ok()
}

fn array(
    value: &Array,
    element: u32,
    converted: &[Vec<u8>],
    out: &mut PgArgumentBuffer,
) -> Result<(), BoxDynError> {
    let of = || ValueType::array(value.element.clone());
    let dimensions = value.dimensions.iter();
    let count: u64 = dimensions.fold(u64::from(!value.dimensions.is_empty()), |count, length| {
        count.saturating_mul(u64::from(*length))
    });
    if count != value.elements.len() as u64 {
        return Err(Refusal::new(of(), "wants as many elements as the dimensions say").into());
    }
    out.extend(i32::try_from(value.dimensions.len())?.to_be_bytes());
    // Not used any more.
    out.extend(0_i32.to_be_bytes());
    out.extend(element.to_be_bytes());
    for length in &value.dimensions {
        out.extend(i32::try_from(*length)?.to_be_bytes());
        // The first index.
        out.extend(1_i32.to_be_bytes());
    }
    let mut converted = converted.iter();
    for item in &value.elements {
        match item {
            None => out.extend((-1_i32).to_be_bytes()),
            Some(item) if !is_of(item, &value.element) => {
                return Err(Refusal::new(of(), MIXED).into());
            }
            Some(item) => sized(out, |out| match converted.next() {
                Some(bytes) => {
                    out.extend_from_slice(bytes);
                    Ok(())
                }
                None => scalar(item, out),
            })?,
        }
    }
    Ok(())
}

fn range(value: &Range, out: &mut PgArgumentBuffer) -> Result<(), BoxDynError> {
    let Some((lower, upper)) = &value.edges else {
        // Empty.
        out.push(0x01);
        return Ok(());
    };
    let flag = |edge: &Edge, included: u8, unbounded: u8| match edge {
        Edge::Included(_) => included,
        Edge::Excluded(_) => 0,
        Edge::Unbounded => unbounded,
    };
    out.push(flag(lower, 0x02, 0x08) | flag(upper, 0x04, 0x10));
    for edge in [lower, upper] {
        match edge {
            Edge::Unbounded => {}
            Edge::Included(bound) | Edge::Excluded(bound) => {
                if !is_of(bound, &value.element) {
                    let of = ValueType::range(value.element.clone());
                    return Err(Refusal::new(of, MIXED).into());
                }
                sized(out, |out| scalar(bound, out))?;
            }
        }
    }
    Ok(())
}

/// Writes what `write` writes, after its length.
fn sized(
    out: &mut PgArgumentBuffer,
    write: impl FnOnce(&mut PgArgumentBuffer) -> Result<(), BoxDynError>,
) -> Result<(), BoxDynError> {
    let at = out.len();
    out.extend([0; 4]);
    write(out)?;
    let length = i32::try_from(out.len() - at - 4)?;
    if let Some(slot) = out.get_mut(at..at + 4) {
        slot.copy_from_slice(&length.to_be_bytes());
    }
    Ok(())
}

fn is_of(value: &Scalar, of: &ScalarType) -> bool {
    match (value, of) {
        (Scalar::Named { type_name, .. }, ScalarType::Named(name)) => type_name == name,
        (Scalar::Named { .. }, _) | (_, ScalarType::Named(_)) => false,
        (value, of) => value.scalar_type() == *of,
    }
}

fn refusal(value: &Scalar, reason: &'static str) -> Refusal {
    let of = ValueType {
        scalar: value.scalar_type(),
        shape: Shape::Scalar,
    };
    Refusal::new(of, reason)
}
