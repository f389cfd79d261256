//! Arguments for SQLite.

use chrono::{DateTime, FixedOffset};
use onepool_proto::{DatabaseKind, Failure, Scalar, ScalarType, Value, ValueType};
use sqlx::sqlite::SqliteArguments;
use sqlx::{Arguments, Encode, Sqlite, Type};

use super::Refusal;
use super::calendar::{TOO_FAR, date, time, timestamp};

/// Binds `values` in order.
pub(crate) fn arguments(values: Vec<Value>) -> Result<SqliteArguments, Failure> {
    let mut arguments = SqliteArguments::default();
    arguments.reserve(values.len(), 0);
    for (index, value) in values.into_iter().enumerate() {
        bind(&mut arguments, value).map_err(|refusal| refusal.at(index, DatabaseKind::Sqlite))?;
    }
    Ok(arguments)
}

fn bind(arguments: &mut SqliteArguments, value: Value) -> Result<(), Refusal> {
    match value {
        Value::Null(_) => add(arguments, None::<i32>),
        Value::Scalar(scalar) => return bind_scalar(arguments, scalar),
        Value::Array(_) => return Err(Refusal::new(value.value_type(), "has no arrays")),
        Value::Range(_) => return Err(Refusal::new(value.value_type(), "has no ranges")),
    }
    Ok(())
}

fn bind_scalar(arguments: &mut SqliteArguments, scalar: Scalar) -> Result<(), Refusal> {
    match scalar {
        Scalar::Bool(value) => add(arguments, value),
        Scalar::I8(value) => add(arguments, value),
        Scalar::I16(value) => add(arguments, value),
        Scalar::I32(value) => add(arguments, value),
        Scalar::I64(value) => add(arguments, value),
        Scalar::U8(value) => add(arguments, value),
        Scalar::U16(value) => add(arguments, value),
        Scalar::U32(value) => add(arguments, value),
        Scalar::U64(value) => match i64::try_from(value) {
            Ok(value) => add(arguments, value),
            Err(_) => {
                let of = ValueType::scalar(ScalarType::U64);
                return Err(Refusal::new(
                    of,
                    "has no integers above 9223372036854775807",
                ));
            }
        },
        Scalar::F32(value) => add(arguments, value),
        Scalar::F64(value) => add(arguments, value),
        Scalar::Text(value) | Scalar::Json(value) => add(arguments, value),
        Scalar::Named { text, .. } => add(arguments, text),
        Scalar::Bytes(value) => add(arguments, Vec::from(value)),
        Scalar::Uuid(value) => add(arguments, value.to_vec()),
        Scalar::Date { .. }
        | Scalar::Time { .. }
        | Scalar::Timestamp { .. }
        | Scalar::TimestampTz { .. } => return bind_temporal(arguments, &scalar),
        Scalar::Decimal(_) | Scalar::TimeTz { .. } | Scalar::Interval { .. } => {
            let of = ValueType::scalar(scalar.scalar_type());
            return Err(Refusal::new(of, "has no such type; bind text or a number"));
        }
        Scalar::Inet { .. } => {
            let of = ValueType::scalar(ScalarType::Inet);
            return Err(Refusal::new(of, "has no such type; bind text"));
        }
    }
    Ok(())
}

/// SQLite keeps dates and times as text, in the form that sqlx gives them.
fn bind_temporal(arguments: &mut SqliteArguments, scalar: &Scalar) -> Result<(), Refusal> {
    let bound = match *scalar {
        Scalar::Date { days } => date(days).map(|date| add(arguments, date)),
        Scalar::Time { nanos } => time(nanos).map(|time| add(arguments, time)),
        Scalar::Timestamp { seconds, nanos } => {
            timestamp(seconds, nanos).map(|timestamp| add(arguments, timestamp))
        }
        Scalar::TimestampTz {
            seconds,
            nanos,
            offset_s,
        } => timestamp(seconds, nanos)
            .zip(FixedOffset::east_opt(offset_s))
            .map(|(utc, offset)| {
                let instant = DateTime::<FixedOffset>::from_naive_utc_and_offset(utc, offset);
                add(arguments, instant);
            }),
        _ => None,
    };
    bound.ok_or_else(|| {
        let of = ValueType::scalar(scalar.scalar_type());
        Refusal::new(of, TOO_FAR)
    })
}

fn add<'t, T>(arguments: &mut SqliteArguments, value: T)
where
    T: Encode<'t, Sqlite> + Type<Sqlite>,
{
    // None of the types above can fail to encode.
    let added = Arguments::add(arguments, value);
    debug_assert!(added.is_ok(), "a plain value was refused");
}
