//! `NaiveTime`.

use ::chrono::{NaiveTime, Timelike};
use onepool_proto::{Format, Scalar};
use sqlx_core::decode::Decode;
use sqlx_core::encode::{Encode, IsNull};
use sqlx_core::error::BoxDynError;

use crate::types::ValueError;
use crate::types::cell::{Cell, utf8};
use crate::types::temporal::{mysql, postgres};
use crate::{Onepool, OnepoolArgumentBuffer, OnepoolValueRef};

/// The forms of a time in SQLite's documentation, the one that is written first.
const SQLITE_FORMS: [&str; 6] = ["%T%.f", "%R", "%RZ", "%T%.fZ", "%R%:z", "%T%.f%:z"];

impl_type!(NaiveTime => Time);

impl Encode<'_, Onepool> for NaiveTime {
    fn encode_by_ref(&self, buf: &mut OnepoolArgumentBuffer) -> Result<IsNull, BoxDynError> {
        let time = *self;
        let nanos = nanos_of_day(time);
        buf.put_with_sqlite(Scalar::Time { nanos }, move || {
            Ok(time.format("%T%.f").to_string())
        });
        Ok(IsNull::No)
    }
}

impl Decode<'_, Onepool> for NaiveTime {
    fn decode(value: OnepoolValueRef<'_>) -> Result<Self, BoxDynError> {
        match value.cell()? {
            Cell::Sqlite(cell) => Ok(from_sqlite(cell.text()?)?),
            Cell::Postgres(Format::Text, bytes) => {
                Ok(Self::parse_from_str(utf8(bytes)?, "%H:%M:%S%.f")?)
            }
            Cell::Postgres(Format::Binary, bytes) => {
                Ok(from_micros(postgres::micros_of_day(bytes)?)?)
            }
            Cell::MySql(format, bytes) => {
                let micros = mysql::micros_of_day(format, bytes, "NaiveTime")?;
                Ok(from_micros(micros)?)
            }
        }
    }
}

/// Nanoseconds since midnight; a leap second goes on from the second before it.
pub(in crate::types::temporal) fn nanos_of_day(time: NaiveTime) -> u64 {
    u64::from(time.num_seconds_from_midnight()) * 1_000_000_000 + u64::from(time.nanosecond())
}

pub(in crate::types::temporal) fn from_micros(micros: u64) -> Result<NaiveTime, ValueError> {
    let seconds = u32::try_from(micros / 1_000_000).ok();
    let nanos = u32::try_from(micros % 1_000_000 * 1000).ok();
    seconds
        .zip(nanos)
        .and_then(|(seconds, nanos)| NaiveTime::from_num_seconds_from_midnight_opt(seconds, nanos))
        .ok_or_else(|| {
            ValueError::range(format_args!("microsecond {micros} of the day"), "NaiveTime")
        })
}

fn from_sqlite(text: &str) -> Result<NaiveTime, ValueError> {
    SQLITE_FORMS
        .iter()
        .find_map(|form| NaiveTime::parse_from_str(text, form).ok())
        .ok_or_else(|| ValueError::syntax("a time", text))
}
