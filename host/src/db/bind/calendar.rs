//! Dates and times as the drivers of SQLite and MySQL take them.

use chrono::{DateTime, NaiveDate, NaiveDateTime, NaiveTime};

/// Why a date or time is refused.
pub(super) const TOO_FAR: &str = "cannot hold a value so far away";

/// The date so many days after 1970-01-01.
pub(super) fn date(days: i32) -> Option<NaiveDate> {
    NaiveDate::from_epoch_days(days)
}

/// The time of day so many nanoseconds after midnight.
pub(super) fn time(nanos: u64) -> Option<NaiveTime> {
    let seconds = u32::try_from(nanos / 1_000_000_000).ok()?;
    let nanos = u32::try_from(nanos % 1_000_000_000).ok()?;
    NaiveTime::from_num_seconds_from_midnight_opt(seconds, nanos)
}

/// The date and time so many seconds and nanoseconds after 1970-01-01 00:00.
pub(super) fn timestamp(seconds: i64, nanos: u32) -> Option<NaiveDateTime> {
    DateTime::from_timestamp(seconds, nanos).map(|instant| instant.naive_utc())
}
