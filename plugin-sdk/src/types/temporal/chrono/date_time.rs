//! `NaiveDateTime` and `DateTime`.

use ::chrono::{DateTime, FixedOffset, Local, NaiveDateTime, Offset, SecondsFormat, TimeZone, Utc};
use onepool_proto::column::sqlite_tag;
use onepool_proto::{Format, Scalar, ScalarType};
use sqlx_core::decode::Decode;
use sqlx_core::encode::{Encode, IsNull};
use sqlx_core::error::{BoxDynError, UnexpectedNullError};
use sqlx_core::type_info::TypeInfo;
use sqlx_core::types::Type;

use super::date;
use crate::type_info::Repr;
use crate::types::ValueError;
use crate::types::cell::{Cell, SqliteCell, utf8};
use crate::types::delegate::read;
use crate::types::temporal::{mysql, postgres};
use crate::{Onepool, OnepoolArgumentBuffer, OnepoolTypeInfo, OnepoolValueRef};

const TARGET: &str = "NaiveDateTime";
const NANOS: u32 = 1_000_000_000;

/// The forms of a date and time in SQLite's documentation, the one that is written first.
const SQLITE_FORMS: [&str; 12] = [
    "%F %T%.f",
    "%F %R",
    "%F %RZ",
    "%F %R%:z",
    "%F %T%.fZ",
    "%F %T%.f%:z",
    "%FT%R",
    "%FT%RZ",
    "%FT%R%:z",
    "%FT%T%.f",
    "%FT%T%.fZ",
    "%FT%T%.f%:z",
];

/// Besides text and Unix seconds, SQLite keeps dates as Julian days, in doubles.
fn is_julian_day(ty: &OnepoolTypeInfo) -> bool {
    matches!(ty.0, Repr::SqliteCell(sqlite_tag::REAL))
}

impl Type<Onepool> for NaiveDateTime {
    fn type_info() -> OnepoolTypeInfo {
        OnepoolTypeInfo::scalar(ScalarType::Timestamp)
    }

    fn compatible(ty: &OnepoolTypeInfo) -> bool {
        <Self as Type<Onepool>>::type_info().type_compatible(ty) || is_julian_day(ty)
    }
}

impl<Tz: TimeZone> Type<Onepool> for DateTime<Tz> {
    fn type_info() -> OnepoolTypeInfo {
        OnepoolTypeInfo::scalar(ScalarType::TimestampTz)
    }

    fn compatible(ty: &OnepoolTypeInfo) -> bool {
        <Self as Type<Onepool>>::type_info().type_compatible(ty) || is_julian_day(ty)
    }
}

/// Seconds since 1970, and nanoseconds of the second. A leap second is the second after it, as no
/// server has one.
fn since_1970(utc: NaiveDateTime) -> (i64, u32) {
    let utc = utc.and_utc();
    let (seconds, nanos) = (utc.timestamp(), utc.timestamp_subsec_nanos());
    (seconds + i64::from(nanos / NANOS), nanos % NANOS)
}

impl Encode<'_, Onepool> for NaiveDateTime {
    fn encode_by_ref(&self, buf: &mut OnepoolArgumentBuffer) -> Result<IsNull, BoxDynError> {
        let date_time = *self;
        let (seconds, nanos) = since_1970(date_time);
        buf.put_with_sqlite(Scalar::Timestamp { seconds, nanos }, move || {
            Ok(date_time.format("%F %T%.f").to_string())
        });
        Ok(IsNull::No)
    }
}

impl<Tz: TimeZone> Encode<'_, Onepool> for DateTime<Tz> {
    fn encode_by_ref(&self, buf: &mut OnepoolArgumentBuffer) -> Result<IsNull, BoxDynError> {
        let (seconds, nanos) = since_1970(self.naive_utc());
        let offset = self.offset().fix();
        let date_time = self.with_timezone(&offset);
        let scalar = Scalar::TimestampTz {
            seconds,
            nanos,
            offset_s: offset.local_minus_utc(),
        };
        buf.put_with_sqlite(scalar, move || {
            Ok(date_time.to_rfc3339_opts(SecondsFormat::AutoSi, false))
        });
        Ok(IsNull::No)
    }
}

impl Decode<'_, Onepool> for NaiveDateTime {
    fn decode(value: OnepoolValueRef<'_>) -> Result<Self, BoxDynError> {
        match value.cell()? {
            Cell::Sqlite(cell) => Ok(from_sqlite(cell)?.naive_local()),
            Cell::Postgres(Format::Text, bytes) => {
                let text = utf8(bytes)?;
                let form = if text.contains('+') {
                    "%Y-%m-%d %H:%M:%S%.f%#z"
                } else {
                    "%Y-%m-%d %H:%M:%S%.f"
                };
                Ok(Self::parse_from_str(text, form)?)
            }
            Cell::Postgres(Format::Binary, bytes) => Ok(from_micros(postgres::micros(bytes)?)?),
            Cell::MySql(Format::Text, bytes) => {
                Ok(Self::parse_from_str(utf8(bytes)?, "%Y-%m-%d %H:%M:%S%.f")?)
            }
            Cell::MySql(Format::Binary, bytes) => Ok(from_mysql(mysql::date_time(bytes)?)?),
        }
    }
}

impl Decode<'_, Onepool> for DateTime<FixedOffset> {
    fn decode(value: OnepoolValueRef<'_>) -> Result<Self, BoxDynError> {
        match value.cell()? {
            Cell::Sqlite(cell) => from_sqlite(cell),
            Cell::Postgres(Format::Text, bytes) => Ok(Self::parse_from_str(
                utf8(bytes)?,
                "%Y-%m-%d %H:%M:%S%.f%#z",
            )?),
            // The host's sessions are in UTC.
            Cell::Postgres(Format::Binary, _) | Cell::MySql(..) => {
                Ok(read::<NaiveDateTime>(value)?.and_utc().fixed_offset())
            }
        }
    }
}

impl Decode<'_, Onepool> for DateTime<Utc> {
    fn decode(value: OnepoolValueRef<'_>) -> Result<Self, BoxDynError> {
        Ok(read::<DateTime<FixedOffset>>(value)?.to_utc())
    }
}

impl Decode<'_, Onepool> for DateTime<Local> {
    fn decode(value: OnepoolValueRef<'_>) -> Result<Self, BoxDynError> {
        Ok(read::<DateTime<FixedOffset>>(value)?.with_timezone(&Local))
    }
}

fn from_micros(micros: i64) -> Result<NaiveDateTime, ValueError> {
    match DateTime::from_timestamp_micros(micros) {
        Some(date_time) => Ok(date_time.naive_utc()),
        None => {
            let value = format_args!("microsecond {micros} since 1970").to_string();
            Err(ValueError::range(value, TARGET))
        }
    }
}

fn from_mysql(sent: mysql::DateTime) -> Result<NaiveDateTime, ValueError> {
    date::from_mysql(sent)?
        .and_hms_micro_opt(
            sent.hour.into(),
            sent.minute.into(),
            sent.second.into(),
            sent.micros,
        )
        .ok_or_else(|| {
            let time = format_args!(
                "{:02}:{:02}:{:02} and {} microseconds",
                sent.hour, sent.minute, sent.second, sent.micros
            );
            ValueError::range(time, TARGET)
        })
}

fn from_sqlite(cell: SqliteCell<'_>) -> Result<DateTime<FixedOffset>, BoxDynError> {
    let date_time = match cell {
        SqliteCell::Null => return Err(UnexpectedNullError.into()),
        SqliteCell::Text(_) => {
            let text = cell.text()?;
            from_text(text).ok_or_else(|| ValueError::syntax("a date and time", text))?
        }
        SqliteCell::Integer(seconds) => DateTime::from_timestamp(seconds, 0)
            .ok_or_else(|| ValueError::range(format_args!("second {seconds} since 1970"), TARGET))?
            .fixed_offset(),
        SqliteCell::Real(day) => from_julian_day(day)
            .ok_or_else(|| ValueError::range(format_args!("Julian day {day}"), TARGET))?
            .fixed_offset(),
        SqliteCell::Blob(_) => return Err(cell.cannot_be("a date and time").into()),
    };
    Ok(date_time)
}

fn from_text(text: &str) -> Option<DateTime<FixedOffset>> {
    if let Ok(date_time) = DateTime::parse_from_rfc3339(text) {
        return Some(date_time);
    }
    SQLITE_FORMS.iter().find_map(|form| {
        let with_offset = DateTime::parse_from_str(text, form).ok();
        with_offset.or_else(|| {
            let naive = NaiveDateTime::parse_from_str(text, form).ok()?;
            Some(naive.and_utc().fixed_offset())
        })
    })
}

/// The instant of a Julian day, as far as a double tells.
fn from_julian_day(day: f64) -> Option<DateTime<Utc>> {
    const EPOCH_JULIAN_DAY: f64 = 2_440_587.5;
    let seconds = (day - EPOCH_JULIAN_DAY) * 86_400.0;
    if !seconds.is_finite() {
        return None;
    }
    let (whole, nanos) = (seconds.trunc() as i64, (seconds.fract() * 1e9).abs() as u32);
    DateTime::from_timestamp(whole, nanos)
}
