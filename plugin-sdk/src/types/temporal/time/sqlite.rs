//! The texts that SQLite keeps, in all forms that the direct driver reads.

use ::time::format_description::BorrowedFormatItem;
use ::time::format_description::well_known::Rfc3339;
use ::time::macros::format_description;
use ::time::{OffsetDateTime, PrimitiveDateTime, Time};

use crate::types::ValueError;

type Form = &'static [BorrowedFormatItem<'static>];

const WITH_OFFSET: Form = format_description!(
    version = 2,
    "[year]-[month]-[day][optional [ ]][optional [T]][hour]:[minute]\
     [optional [:]][optional [[second]]][optional [.]][optional [[subsecond]]]\
     [optional [[offset_hour sign:mandatory]]][optional [:]][optional [[offset_minute]]]"
);

const WITHOUT_OFFSET: [Form; 3] = [
    format_description!("[year]-[month]-[day] [hour]:[minute]:[second].[subsecond]"),
    format_description!(
        version = 2,
        "[year]-[month]-[day] [hour]:[minute]\
         [optional [:]][optional [[second]]][optional [.]][optional [[subsecond]]][optional [Z]]"
    ),
    format_description!(
        version = 2,
        "[year]-[month]-[day]T[hour]:[minute]\
         [optional [:]][optional [[second]]][optional [.]][optional [[subsecond]]][optional [Z]]"
    ),
];

const TIME: [Form; 3] = [
    format_description!("[hour]:[minute]:[second].[subsecond]"),
    format_description!("[hour]:[minute]:[second]"),
    format_description!("[hour]:[minute]"),
];

/// Reads an instant; without an offset it is in UTC.
pub(super) fn offset_date_time(text: &str) -> Result<OffsetDateTime, ValueError> {
    OffsetDateTime::parse(text, &Rfc3339)
        .or_else(|_| OffsetDateTime::parse(text, WITH_OFFSET))
        .or_else(|_| date_time(text).map(PrimitiveDateTime::assume_utc))
}

/// Reads a date and time without an offset.
pub(super) fn date_time(text: &str) -> Result<PrimitiveDateTime, ValueError> {
    WITHOUT_OFFSET
        .iter()
        .find_map(|form| PrimitiveDateTime::parse(text, form).ok())
        .ok_or_else(|| ValueError::syntax("a date and time", text))
}

/// Reads a time of day.
pub(super) fn time(text: &str) -> Result<Time, ValueError> {
    TIME.iter()
        .find_map(|form| Time::parse(text, form).ok())
        .ok_or_else(|| ValueError::syntax("a time", text))
}
