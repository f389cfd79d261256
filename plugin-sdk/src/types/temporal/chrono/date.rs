//! `NaiveDate`.

use ::chrono::{Datelike, NaiveDate};
use onepool_proto::{Format, Scalar};
use sqlx_core::decode::Decode;
use sqlx_core::encode::{Encode, IsNull};
use sqlx_core::error::BoxDynError;

use crate::types::ValueError;
use crate::types::cell::{Cell, utf8};
use crate::types::temporal::{mysql, postgres};
use crate::{Onepool, OnepoolArgumentBuffer, OnepoolValueRef};

/// The number that chrono gives 1970-01-01.
const EPOCH_DAYS_FROM_CE: i32 = 719_163;

impl_type!(NaiveDate => Date);

impl Encode<'_, Onepool> for NaiveDate {
    fn encode_by_ref(&self, buf: &mut OnepoolArgumentBuffer) -> Result<IsNull, BoxDynError> {
        let date = *self;
        let days = date.num_days_from_ce() - EPOCH_DAYS_FROM_CE;
        buf.put_with_sqlite(Scalar::Date { days }, move || {
            Ok(date.format("%F").to_string())
        });
        Ok(IsNull::No)
    }
}

impl Decode<'_, Onepool> for NaiveDate {
    fn decode(value: OnepoolValueRef<'_>) -> Result<Self, BoxDynError> {
        match value.cell()? {
            Cell::Sqlite(cell) => Ok(Self::parse_from_str(cell.text()?, "%F")?),
            Cell::Postgres(Format::Text, bytes) | Cell::MySql(Format::Text, bytes) => {
                Ok(Self::parse_from_str(utf8(bytes)?, "%Y-%m-%d")?)
            }
            Cell::Postgres(Format::Binary, bytes) => Ok(from_days(postgres::days(bytes)?)?),
            Cell::MySql(Format::Binary, bytes) => Ok(from_mysql(mysql::date_time(bytes)?)?),
        }
    }
}

fn from_days(days: i64) -> Result<NaiveDate, ValueError> {
    days.checked_add(i64::from(EPOCH_DAYS_FROM_CE))
        .and_then(|days| i32::try_from(days).ok())
        .and_then(NaiveDate::from_num_days_from_ce_opt)
        .ok_or_else(|| ValueError::range(format_args!("day {days} since 1970"), "NaiveDate"))
}

/// The date of what MySQL sent.
pub(super) fn from_mysql(sent: mysql::DateTime) -> Result<NaiveDate, ValueError> {
    NaiveDate::from_ymd_opt(sent.year.into(), sent.month.into(), sent.day.into()).ok_or_else(|| {
        let date = format_args!("{}-{:02}-{:02}", sent.year, sent.month, sent.day).to_string();
        ValueError::range(date, "NaiveDate")
    })
}
