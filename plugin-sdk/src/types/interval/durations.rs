//! Durations of std, chrono and time.
//!
//! They bind as an interval of microseconds, and what has a finer part is refused, as it would be
//! lost. They are read from intervals without months and days, whose length is not fixed.

use std::time::Duration;

use sqlx_core::decode::Decode;
use sqlx_core::encode::{Encode, IsNull};
use sqlx_core::error::BoxDynError;

use super::OnepoolInterval;
use crate::types::ValueError;
use crate::types::delegate::{bind, read};
use crate::{Onepool, OnepoolArgumentBuffer, OnepoolValueRef};

impl OnepoolInterval {
    /// The interval of `micros`, or the error that `value` is none.
    fn from_micros(micros: Option<i64>, value: impl ToString) -> Result<Self, ValueError> {
        match micros {
            Some(microseconds) => Ok(Self {
                microseconds,
                ..Self::default()
            }),
            None => Err(ValueError::range(value, "an interval of microseconds")),
        }
    }

    /// The microseconds, if there is nothing else.
    fn to_micros(self, target: &'static str) -> Result<i64, ValueError> {
        if self.months == 0 && self.days == 0 {
            return Ok(self.microseconds);
        }
        let Self { months, days, .. } = self;
        let value = format_args!("an interval of {months} months and {days} days").to_string();
        Err(ValueError::range(value, target))
    }
}

macro_rules! impl_duration {
    ($($duration:ty, $name:literal, $to_micros:expr, $from_micros:expr);+ $(;)?) => {$(
        impl TryFrom<$duration> for OnepoolInterval {
            type Error = ValueError;

            fn try_from(duration: $duration) -> Result<Self, ValueError> {
                Self::from_micros($to_micros(duration), format!("{duration:?}"))
            }
        }

        impl TryFrom<OnepoolInterval> for $duration {
            type Error = ValueError;

            fn try_from(interval: OnepoolInterval) -> Result<Self, ValueError> {
                let micros = interval.to_micros($name)?;
                let duration: Option<$duration> = $from_micros(micros);
                duration.ok_or_else(|| ValueError::range(format!("{micros} microseconds"), $name))
            }
        }

        impl_type!($duration => Interval);

        impl Encode<'_, Onepool> for $duration {
            fn encode_by_ref(
                &self,
                buf: &mut OnepoolArgumentBuffer,
            ) -> Result<IsNull, BoxDynError> {
                bind(OnepoolInterval::try_from(*self)?, buf)
            }
        }

        impl Decode<'_, Onepool> for $duration {
            fn decode(value: OnepoolValueRef<'_>) -> Result<Self, BoxDynError> {
                Ok(read::<OnepoolInterval>(value)?.try_into()?)
            }
        }
    )+};
}

/// The count in thousands, if it is one of whole thousands.
fn thousands(nanos: i128) -> Option<i64> {
    (nanos % 1000 == 0).then(|| i64::try_from(nanos / 1000).ok())?
}

impl_duration! {
    Duration, "std::time::Duration",
    |duration: Duration| thousands(i128::try_from(duration.as_nanos()).ok()?),
    |micros| Some(Duration::from_micros(u64::try_from(micros).ok()?));
}

#[cfg(feature = "chrono")]
impl_duration! {
    chrono::TimeDelta, "chrono::TimeDelta",
    |duration: chrono::TimeDelta| {
        let seconds = i128::from(duration.num_seconds()) * 1_000_000_000;
        thousands(seconds + i128::from(duration.subsec_nanos()))
    },
    |micros| Some(chrono::TimeDelta::microseconds(micros));
}

#[cfg(feature = "time")]
impl_duration! {
    time::Duration, "time::Duration",
    |duration: time::Duration| thousands(duration.whole_nanoseconds()),
    |micros| Some(time::Duration::microseconds(micros));
}
