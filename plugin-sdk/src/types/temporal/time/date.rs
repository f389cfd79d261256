//! `Date`.

use ::time::macros::format_description;
use ::time::{Date, Month};
use onepool_proto::{Format, Scalar};
use sqlx_core::decode::Decode;
use sqlx_core::encode::{Encode, IsNull};
use sqlx_core::error::BoxDynError;

use crate::types::ValueError;
use crate::types::cell::{Cell, utf8};
use crate::types::temporal::{mysql, postgres};
use crate::{Onepool, OnepoolArgumentBuffer, OnepoolValueRef};

/// The Julian day of 1970-01-01, counted as time does.
const EPOCH_JULIAN_DAY: i32 = 2_440_588;

impl_type!(Date => Date);

impl Encode<'_, Onepool> for Date {
    fn encode_by_ref(&self, buf: &mut OnepoolArgumentBuffer) -> Result<IsNull, BoxDynError> {
        let date = *self;
        let days = date.to_julian_day() - EPOCH_JULIAN_DAY;
        buf.put_with_sqlite(Scalar::Date { days }, move || {
            Ok(date.format(format_description!("[year]-[month]-[day]"))?)
        });
        Ok(IsNull::No)
    }
}

impl Decode<'_, Onepool> for Date {
    fn decode(value: OnepoolValueRef<'_>) -> Result<Self, BoxDynError> {
        match value.cell()? {
            Cell::Sqlite(cell) => from_text(cell.text()?),
            Cell::Postgres(Format::Text, bytes) | Cell::MySql(Format::Text, bytes) => {
                from_text(utf8(bytes)?)
            }
            Cell::Postgres(Format::Binary, bytes) => Ok(from_days(postgres::days(bytes)?)?),
            Cell::MySql(Format::Binary, bytes) => from_mysql(mysql::date_time(bytes)?),
        }
    }
}

fn from_text(text: &str) -> Result<Date, BoxDynError> {
    Ok(Date::parse(
        text,
        format_description!("[year]-[month]-[day]"),
    )?)
}

fn from_days(days: i64) -> Result<Date, ValueError> {
    days.checked_add(i64::from(EPOCH_JULIAN_DAY))
        .and_then(|days| i32::try_from(days).ok())
        .and_then(|days| Date::from_julian_day(days).ok())
        .ok_or_else(|| ValueError::range(format_args!("day {days} since 1970"), "time::Date"))
}

/// The date of what MySQL sent.
pub(super) fn from_mysql(sent: mysql::DateTime) -> Result<Date, BoxDynError> {
    let month = Month::try_from(sent.month)?;
    Ok(Date::from_calendar_date(sent.year.into(), month, sent.day)?)
}
