//! Arguments for MySQL and MariaDB.

use std::net::IpAddr;

use chrono::{DateTime, NaiveDate, NaiveDateTime, NaiveTime, TimeDelta, Utc};
use onepool_proto::value::Shape;
use onepool_proto::{DatabaseKind, Failure, Scalar, ScalarType, Value, ValueType};
use sqlx::encode::IsNull;
use sqlx::error::BoxDynError;
use sqlx::mysql::types::MySqlTime;
use sqlx::mysql::{MySqlArguments, MySqlTypeInfo};
use sqlx::types::BigDecimal;
use sqlx::{Arguments, Encode, MySql, Type};

use super::Refusal;
use super::calendar::{TOO_FAR, date, time, timestamp};

const NO_SUCH_TYPE: &str = "has no such type";

/// Binds `values` in order.
pub(crate) fn arguments(values: Vec<Value>) -> Result<MySqlArguments, Failure> {
    let mut bound = MySqlArguments::default();
    bound.reserve(values.len(), 16 * values.len());
    for (index, value) in values.into_iter().enumerate() {
        bind(&mut bound, value).map_err(|refusal| refusal.at(index, DatabaseKind::MySql))?;
    }
    Ok(bound)
}

fn bind(arguments: &mut MySqlArguments, value: Value) -> Result<(), Refusal> {
    match value {
        Value::Scalar(scalar) => bind_scalar(arguments, &scalar),
        Value::Null(of) => {
            let Some(type_info) = type_info(&of) else {
                return Err(Refusal::new(of, NO_SUCH_TYPE));
            };
            add(arguments, Typed(None::<&str>, type_info));
            Ok(())
        }
        Value::Array(_) => Err(Refusal::new(value.value_type(), "has no arrays")),
        Value::Range(_) => Err(Refusal::new(value.value_type(), "has no ranges")),
    }
}

fn bind_scalar(arguments: &mut MySqlArguments, scalar: &Scalar) -> Result<(), Refusal> {
    match scalar {
        Scalar::Bool(value) => add(arguments, value),
        Scalar::I8(value) => add(arguments, value),
        Scalar::I16(value) => add(arguments, value),
        Scalar::I32(value) => add(arguments, value),
        Scalar::I64(value) => add(arguments, value),
        Scalar::U8(value) => add(arguments, value),
        Scalar::U16(value) => add(arguments, value),
        Scalar::U32(value) => add(arguments, value),
        Scalar::U64(value) => add(arguments, value),
        Scalar::F32(value) => add(arguments, value),
        Scalar::F64(value) => add(arguments, value),
        Scalar::Text(text) => add(arguments, text.as_str()),
        Scalar::Bytes(bytes) => add(arguments, &**bytes),
        Scalar::Uuid(bytes) => add(arguments, &bytes[..]),
        Scalar::Json(text) => add(arguments, Typed(Some(text.as_str()), json())),
        Scalar::Named { text, .. } => {
            add(
                arguments,
                Typed(Some(text.as_str()), MySqlTypeInfo::__enum()),
            );
        }
        Scalar::Decimal(text) => {
            if !is_plain(text) {
                return Err(refusal(scalar, "wants decimals in plain notation"));
            }
            let decimal = <BigDecimal as Type<MySql>>::type_info();
            add(arguments, Typed(Some(text.as_str()), decimal));
        }
        Scalar::Inet { address, prefix } => {
            let address = whole_address(address, *prefix);
            let address = address.ok_or_else(|| refusal(scalar, "has no networks; bind text"))?;
            add(arguments, address.to_string());
        }
        _ => return bind_temporal(arguments, scalar),
    }
    Ok(())
}

fn bind_temporal(arguments: &mut MySqlArguments, scalar: &Scalar) -> Result<(), Refusal> {
    let bound = match *scalar {
        Scalar::Date { days } => date(days).map(|date| arguments.add(date)),
        Scalar::Time { nanos } => time(nanos).map(|time| arguments.add(time)),
        Scalar::Timestamp { seconds, nanos } => {
            timestamp(seconds, nanos).map(|timestamp| arguments.add(timestamp))
        }
        Scalar::TimestampTz { seconds, nanos, .. } => timestamp(seconds, nanos)
            .map(|utc| arguments.add(DateTime::<Utc>::from_naive_utc_and_offset(utc, Utc))),
        Scalar::Interval {
            months: 0,
            days: 0,
            micros,
        } => MySqlTime::try_from(TimeDelta::microseconds(micros))
            .ok()
            .map(|span| arguments.add(span)),
        Scalar::Interval { .. } => {
            return Err(refusal(
                scalar,
                "has no spans of months or days; bind a time",
            ));
        }
        _ => return Err(refusal(scalar, NO_SUCH_TYPE)),
    };
    match bound {
        Some(Ok(())) => Ok(()),
        // Years before the first, or beyond what two bytes count.
        Some(Err(_)) | None => Err(refusal(scalar, TOO_FAR)),
    }
}

/// The type as which sqlx binds the same Rust type.
fn type_info(of: &ValueType) -> Option<MySqlTypeInfo> {
    fn info<T: Type<MySql> + ?Sized>() -> Option<MySqlTypeInfo> {
        Some(T::type_info())
    }
    if of.shape != Shape::Scalar {
        return None;
    }
    match &of.scalar {
        ScalarType::Bool => info::<bool>(),
        ScalarType::I8 => info::<i8>(),
        ScalarType::I16 => info::<i16>(),
        ScalarType::I32 => info::<i32>(),
        ScalarType::I64 => info::<i64>(),
        ScalarType::U8 => info::<u8>(),
        ScalarType::U16 => info::<u16>(),
        ScalarType::U32 => info::<u32>(),
        ScalarType::U64 => info::<u64>(),
        ScalarType::F32 => info::<f32>(),
        ScalarType::F64 => info::<f64>(),
        ScalarType::Decimal => info::<BigDecimal>(),
        ScalarType::Text | ScalarType::Inet => info::<str>(),
        ScalarType::Bytes | ScalarType::Uuid => info::<[u8]>(),
        ScalarType::Date => info::<NaiveDate>(),
        ScalarType::Time => info::<NaiveTime>(),
        ScalarType::Timestamp => info::<NaiveDateTime>(),
        ScalarType::TimestampTz => info::<DateTime<Utc>>(),
        ScalarType::Interval => info::<MySqlTime>(),
        ScalarType::Json => Some(json()),
        ScalarType::Named(_) => Some(MySqlTypeInfo::__enum()),
        ScalarType::TimeTz => None,
    }
}

fn json() -> MySqlTypeInfo {
    <sqlx::types::Json<()> as Type<MySql>>::type_info()
}

/// Text that is bound as another type.
#[derive(Debug)]
struct Typed<'a>(Option<&'a str>, MySqlTypeInfo);

impl Type<MySql> for Typed<'_> {
    fn type_info() -> MySqlTypeInfo {
        // Every value says its own type, below.
        <str as Type<MySql>>::type_info()
    }
}

impl<'a> Encode<'a, MySql> for Typed<'a> {
    fn encode_by_ref(&self, out: &mut Vec<u8>) -> Result<IsNull, BoxDynError> {
        match self.0 {
            Some(text) => Encode::<MySql>::encode(text, out),
            None => Ok(IsNull::Yes),
        }
    }

    fn produces(&self) -> Option<MySqlTypeInfo> {
        Some(self.1.clone())
    }
}

fn add<'a, T>(arguments: &mut MySqlArguments, value: T)
where
    T: Encode<'a, MySql> + Type<MySql>,
{
    // None of the types above can fail to encode.
    let added = arguments.add(value);
    debug_assert!(added.is_ok(), "a plain value was refused");
}

/// Whether `text` is an optional minus, digits, and an optional point and digits.
fn is_plain(text: &str) -> bool {
    let digits = text.strip_prefix('-').unwrap_or(text);
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, "0"));
    let are_digits = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
    are_digits(whole) && are_digits(fraction)
}

/// The address, if the network is no more than that.
fn whole_address(address: &[u8], prefix: u8) -> Option<IpAddr> {
    if let Ok(four) = <[u8; 4]>::try_from(address) {
        (prefix == 32).then(|| four.into())
    } else {
        let sixteen = <[u8; 16]>::try_from(address).ok()?;
        (prefix == 128).then(|| sixteen.into())
    }
}

fn refusal(scalar: &Scalar, reason: &'static str) -> Refusal {
    Refusal::new(ValueType::scalar(scalar.scalar_type()), reason)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decimals_are_plain() {
        for text in ["0", "-1", "12.50", "0.0"] {
            assert!(is_plain(text), "{text}");
        }
        for text in ["", "-", ".", "1.", "NaN", "1e5", "--1", "1.2.3"] {
            assert!(!is_plain(text), "{text}");
        }
    }
}
