//! `Time`.

use ::time::Time;
use ::time::macros::format_description;
use onepool_proto::{Format, Scalar};
use sqlx_core::decode::Decode;
use sqlx_core::encode::{Encode, IsNull};
use sqlx_core::error::BoxDynError;

use super::sqlite;
use crate::types::ValueError;
use crate::types::cell::{Cell, utf8};
use crate::types::temporal::{mysql, postgres};
use crate::{Onepool, OnepoolArgumentBuffer, OnepoolValueRef};

impl_type!(Time => Time);

impl Encode<'_, Onepool> for Time {
    fn encode_by_ref(&self, buf: &mut OnepoolArgumentBuffer) -> Result<IsNull, BoxDynError> {
        let time = *self;
        let nanos = nanos_of_day(time);
        buf.put_with_sqlite(Scalar::Time { nanos }, move || {
            Ok(time.format(format_description!("[hour]:[minute]:[second].[subsecond]"))?)
        });
        Ok(IsNull::No)
    }
}

impl Decode<'_, Onepool> for Time {
    fn decode(value: OnepoolValueRef<'_>) -> Result<Self, BoxDynError> {
        match value.cell()? {
            Cell::Sqlite(cell) => Ok(sqlite::time(cell.text()?)?),
            // The decimal point is left out where there are no decimal places.
            Cell::Postgres(Format::Text, bytes) => Ok(Self::parse(
                utf8(bytes)?,
                format_description!("[hour]:[minute]:[second][optional [.[subsecond]]]"),
            )?),
            Cell::Postgres(Format::Binary, bytes) => {
                Ok(from_micros(postgres::micros_of_day(bytes)?)?)
            }
            Cell::MySql(format, bytes) => {
                let micros = mysql::micros_of_day(format, bytes, "time::Time")?;
                Ok(from_micros(micros)?)
            }
        }
    }
}

/// Nanoseconds since midnight.
pub(in crate::types::temporal) fn nanos_of_day(time: Time) -> u64 {
    let (hour, minute, second, nanos) = time.as_hms_nano();
    let minutes = u64::from(hour) * 60 + u64::from(minute);
    (minutes * 60 + u64::from(second)) * 1_000_000_000 + u64::from(nanos)
}

pub(in crate::types::temporal) fn from_micros(micros: u64) -> Result<Time, ValueError> {
    let seconds = micros / 1_000_000;
    let part = |count: u64| u8::try_from(count).ok();
    let time = || {
        let (hour, minute) = (part(seconds / 3600)?, part(seconds / 60 % 60)?);
        let micros = u32::try_from(micros % 1_000_000).ok()?;
        Time::from_hms_micro(hour, minute, part(seconds % 60)?, micros).ok()
    };
    time().ok_or_else(|| {
        ValueError::range(
            format_args!("microsecond {micros} of the day"),
            "time::Time",
        )
    })
}
