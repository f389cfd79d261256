//! A span of calendar units and time.

use onepool_proto::{Format, Scalar};
use sqlx_core::decode::Decode;
use sqlx_core::encode::{Encode, IsNull};
use sqlx_core::error::BoxDynError;

use super::text;
use crate::types::ValueError;
use crate::types::cell::{Cell, utf8};
use crate::types::integer;
use crate::types::temporal::span_micros;
use crate::{Onepool, OnepoolArgumentBuffer, OnepoolValueRef};

/// A span of time: `INTERVAL` of PostgreSQL, or `TIME` of MySQL, which has no months and no days.
///
/// The three parts are counted apart, because months and days have no fixed length. Each may be
/// negative.
///
/// ```
/// use onepool_sdk::types::OnepoolInterval;
///
/// let hour = OnepoolInterval::try_from(std::time::Duration::from_secs(3600))?;
/// assert_eq!(hour.microseconds, 3_600_000_000);
/// # Ok::<(), onepool_sdk::types::ValueError>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct OnepoolInterval {
    /// Calendar months.
    pub months: i32,
    /// Calendar days.
    pub days: i32,
    /// Microseconds.
    pub microseconds: i64,
}

impl_type!(OnepoolInterval => Interval);

impl Encode<'_, Onepool> for OnepoolInterval {
    fn encode_by_ref(&self, buf: &mut OnepoolArgumentBuffer) -> Result<IsNull, BoxDynError> {
        buf.put(Scalar::Interval {
            months: self.months,
            days: self.days,
            micros: self.microseconds,
        });
        Ok(IsNull::No)
    }
}

impl Decode<'_, Onepool> for OnepoolInterval {
    fn decode(value: OnepoolValueRef<'_>) -> Result<Self, BoxDynError> {
        match value.cell()? {
            Cell::Sqlite(_) => Err(ValueError::Unsupported("SQLite has no intervals").into()),
            Cell::Postgres(Format::Binary, bytes) => Self::from_postgres(bytes),
            Cell::Postgres(Format::Text, bytes) => {
                let text = utf8(bytes)?;
                let interval = text::parse(text);
                Ok(interval.ok_or_else(|| ValueError::syntax("an INTERVAL", text))?)
            }
            Cell::MySql(format, bytes) => Ok(Self {
                microseconds: span_micros(format, bytes)?,
                ..Self::default()
            }),
        }
    }
}

impl OnepoolInterval {
    /// Reads microseconds, days and months.
    fn from_postgres(bytes: &[u8]) -> Result<Self, BoxDynError> {
        let length = || ValueError::Length {
            what: "an INTERVAL",
            expected: "16",
            got: bytes.len(),
        };
        let (microseconds, rest) = bytes.split_at_checked(8).ok_or_else(length)?;
        let (days, months) = rest.split_at_checked(4).ok_or_else(length)?;
        if months.len() != 4 {
            return Err(length().into());
        }
        let read = |bytes| integer::postgres(Format::Binary, bytes);
        Ok(Self {
            months: read(months)?.try_into()?,
            days: read(days)?.try_into()?,
            microseconds: read(microseconds)?,
        })
    }
}
