//! `PrimitiveDateTime` and `OffsetDateTime`.

use std::borrow::Cow;

use ::time::format_description::well_known::Rfc3339;
use ::time::macros::format_description;
use ::time::{OffsetDateTime, PrimitiveDateTime, Time, UtcOffset};
use onepool_proto::{Format, Scalar};
use sqlx_core::decode::Decode;
use sqlx_core::encode::{Encode, IsNull};
use sqlx_core::error::{BoxDynError, UnexpectedNullError};

use super::{date, sqlite};
use crate::types::ValueError;
use crate::types::cell::{Cell, SqliteCell, utf8};
use crate::types::delegate::read;
use crate::types::temporal::{mysql, postgres};
use crate::{Onepool, OnepoolArgumentBuffer, OnepoolValueRef};

const TARGET: &str = "time::OffsetDateTime";

impl_type!(PrimitiveDateTime => Timestamp, OffsetDateTime => TimestampTz);

impl Encode<'_, Onepool> for PrimitiveDateTime {
    fn encode_by_ref(&self, buf: &mut OnepoolArgumentBuffer) -> Result<IsNull, BoxDynError> {
        let date_time = *self;
        let scalar = Scalar::Timestamp {
            seconds: date_time.assume_utc().unix_timestamp(),
            nanos: date_time.nanosecond(),
        };
        buf.put_with_sqlite(scalar, move || {
            Ok(date_time.format(format_description!(
                "[year]-[month]-[day] [hour]:[minute]:[second].[subsecond]"
            ))?)
        });
        Ok(IsNull::No)
    }
}

impl Encode<'_, Onepool> for OffsetDateTime {
    fn encode_by_ref(&self, buf: &mut OnepoolArgumentBuffer) -> Result<IsNull, BoxDynError> {
        let date_time = *self;
        let scalar = Scalar::TimestampTz {
            seconds: date_time.unix_timestamp(),
            nanos: date_time.nanosecond(),
            offset_s: date_time.offset().whole_seconds(),
        };
        buf.put_with_sqlite(scalar, move || Ok(date_time.format(&Rfc3339)?));
        Ok(IsNull::No)
    }
}

impl Decode<'_, Onepool> for PrimitiveDateTime {
    fn decode(value: OnepoolValueRef<'_>) -> Result<Self, BoxDynError> {
        match value.cell()? {
            Cell::Sqlite(SqliteCell::Text(text)) => Ok(sqlite::date_time(utf8(text)?)?),
            Cell::Sqlite(cell) => Ok(without_offset(from_sqlite(cell)?)),
            Cell::Postgres(Format::Text, bytes) => {
                Ok(without_offset(from_postgres_text(utf8(bytes)?)?))
            }
            Cell::Postgres(Format::Binary, bytes) => {
                Ok(without_offset(from_micros(postgres::micros(bytes)?)?))
            }
            Cell::MySql(Format::Text, bytes) => Ok(Self::parse(
                utf8(bytes)?,
                format_description!(
                    "[year]-[month]-[day] [hour]:[minute]:[second][optional [.[subsecond]]]"
                ),
            )?),
            Cell::MySql(Format::Binary, bytes) => {
                let sent = mysql::date_time(bytes)?;
                let time = Time::from_hms_micro(sent.hour, sent.minute, sent.second, sent.micros)?;
                Ok(Self::new(date::from_mysql(sent)?, time))
            }
        }
    }
}

impl Decode<'_, Onepool> for OffsetDateTime {
    fn decode(value: OnepoolValueRef<'_>) -> Result<Self, BoxDynError> {
        match value.cell()? {
            Cell::Sqlite(cell) => from_sqlite(cell),
            Cell::Postgres(Format::Text, bytes) => from_postgres_text(utf8(bytes)?),
            // The host's sessions are in UTC.
            Cell::Postgres(Format::Binary, _) | Cell::MySql(..) => {
                Ok(read::<PrimitiveDateTime>(value)?.assume_utc())
            }
        }
    }
}

fn without_offset(date_time: OffsetDateTime) -> PrimitiveDateTime {
    PrimitiveDateTime::new(date_time.date(), date_time.time())
}

fn from_micros(micros: i64) -> Result<OffsetDateTime, ValueError> {
    OffsetDateTime::from_unix_timestamp_nanos(i128::from(micros) * 1000)
        .map_err(|_| ValueError::range(format_args!("microsecond {micros} since 1970"), TARGET))
}

fn from_sqlite(cell: SqliteCell<'_>) -> Result<OffsetDateTime, BoxDynError> {
    match cell {
        SqliteCell::Null => Err(UnexpectedNullError.into()),
        SqliteCell::Text(text) => Ok(sqlite::offset_date_time(utf8(text)?)?),
        SqliteCell::Integer(seconds) => Ok(OffsetDateTime::from_unix_timestamp(seconds)?),
        SqliteCell::Real(_) | SqliteCell::Blob(_) => Err(cell.cannot_be("a date and time").into()),
    }
}

/// Reads a TIMESTAMP, or a TIMESTAMPTZ, which ends with an offset of hours and maybe minutes.
fn from_postgres_text(text: &str) -> Result<OffsetDateTime, BoxDynError> {
    // A minus after the date begins an offset.
    let date_bytes = text.find(' ').unwrap_or(text.len());
    let offset_at = text
        .get(date_bytes..)
        .and_then(|time| time.find(['+', '-']))
        .map_or(text.len(), |at| date_bytes + at);
    let (local, offset) = text.split_at_checked(offset_at).unwrap_or((text, ""));
    // `subsecond` has no form for a time without decimal places.
    let local = if local.contains('.') {
        Cow::Borrowed(local)
    } else {
        Cow::Owned(format!("{local}.0"))
    };
    let local = PrimitiveDateTime::parse(
        &local,
        format_description!("[year]-[month]-[day] [hour]:[minute]:[second].[subsecond]"),
    )?;
    let offset = match offset {
        "" => UtcOffset::UTC,
        offset => UtcOffset::parse(
            offset,
            format_description!(
                version = 2,
                "[offset_hour sign:mandatory][optional [:[offset_minute][optional [:[offset_second]]]]]"
            ),
        )?,
    };
    Ok(local.assume_offset(offset))
}
