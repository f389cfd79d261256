//! PostgreSQL's TIMETZ.

use onepool_proto::Format;
use sqlx_core::error::BoxDynError;

use super::{postgres, time_of_day};
use crate::OnepoolValueRef;
use crate::types::ValueError;
use crate::types::cell::{Cell, utf8};

#[cfg(feature = "time")]
type DefaultTime = ::time::Time;
#[cfg(feature = "time")]
type DefaultOffset = ::time::UtcOffset;
#[cfg(not(feature = "time"))]
type DefaultTime = ::chrono::NaiveTime;
#[cfg(not(feature = "time"))]
type DefaultOffset = ::chrono::FixedOffset;

/// A time of day with an offset from UTC: `TIMETZ` of PostgreSQL, which alone has it.
///
/// It is for tables that have such a column. New ones do better with `TIMESTAMPTZ`, because an
/// offset without a date does not say whether it is summer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct OnepoolTimeTz<Time = DefaultTime, Offset = DefaultOffset> {
    /// The local time.
    pub time: Time,
    /// How far it is from UTC.
    pub offset: Offset,
}

/// Reads microseconds since midnight, and seconds east of UTC.
fn read(value: &OnepoolValueRef<'_>) -> Result<(u64, i32), BoxDynError> {
    match value.cell()? {
        Cell::Postgres(Format::Binary, bytes) => postgres::micros_and_offset(bytes),
        Cell::Postgres(Format::Text, bytes) => {
            let text = utf8(bytes)?;
            Ok(from_text(text).ok_or_else(|| ValueError::syntax("a TIMETZ", text))?)
        }
        Cell::Sqlite(_) | Cell::MySql(..) => {
            Err(ValueError::Unsupported("only PostgreSQL has TIMETZ").into())
        }
    }
}

/// Reads `HH:MM:SS.ffffff`, a sign, and hours with maybe minutes and seconds.
fn from_text(text: &str) -> Option<(u64, i32)> {
    let sign_at = text.find(['+', '-'])?;
    let (time, offset) = text.split_at_checked(sign_at)?;
    let micros = u64::try_from(time_of_day::parse_signed(time)?).ok()?;
    let sign = if offset.starts_with('-') { -1 } else { 1 };
    let parts = offset.get(1..)?.split(':');
    let seconds = parts
        .zip([3600, 60, 1])
        .try_fold(0, |seconds, (part, factor)| {
            Some(seconds + time_of_day::digits(part)? * factor)
        })?;
    let east = i32::try_from(sign * seconds).ok()?;
    Some((micros % postgres::DAY_MICROS, east))
}

macro_rules! impl_time_tz {
    ($time:ty, $offset:ty, $module:path, $east:expr, $from_east:expr) => {
        const _: () = {
            use onepool_proto::Scalar;
            use sqlx_core::decode::Decode;
            use sqlx_core::encode::{Encode, IsNull};
            use $module as times;

            use crate::{Onepool, OnepoolArgumentBuffer};

    impl_type!(OnepoolTimeTz<$time, $offset> => TimeTz);

            impl Encode<'_, Onepool> for OnepoolTimeTz<$time, $offset> {
                fn encode_by_ref(
                    &self,
                    buf: &mut OnepoolArgumentBuffer,
                ) -> Result<IsNull, BoxDynError> {
                    buf.put(Scalar::TimeTz {
                        nanos: times::nanos_of_day(self.time),
                        offset_s: $east(self.offset),
                    });
                    Ok(IsNull::No)
                }
            }

            impl Decode<'_, Onepool> for OnepoolTimeTz<$time, $offset> {
                fn decode(value: OnepoolValueRef<'_>) -> Result<Self, BoxDynError> {
                    let (micros, east) = read(&value)?;
                    let offset: Option<$offset> = $from_east(east);
                    Ok(Self {
                        time: times::from_micros(micros)?,
                        offset: offset.ok_or_else(|| {
                            ValueError::range(format_args!("an offset of {east} s"), "TIMETZ")
                        })?,
                    })
                }
            }
        };
    };
}

#[cfg(feature = "chrono")]
impl_time_tz!(
    ::chrono::NaiveTime,
    ::chrono::FixedOffset,
    super::chrono,
    |offset: ::chrono::FixedOffset| offset.local_minus_utc(),
    ::chrono::FixedOffset::east_opt
);

#[cfg(feature = "time")]
impl_time_tz!(
    ::time::Time,
    ::time::UtcOffset,
    super::time,
    |offset: ::time::UtcOffset| offset.whole_seconds(),
    |east| ::time::UtcOffset::from_whole_seconds(east).ok()
);
