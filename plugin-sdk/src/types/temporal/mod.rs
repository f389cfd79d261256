//! Dates and times, of chrono and of time.

mod span;
mod time_of_day;

#[cfg(feature = "chrono")]
mod chrono;
#[cfg(any(feature = "chrono", feature = "time"))]
mod mysql;
#[cfg(any(feature = "chrono", feature = "time"))]
mod postgres;
#[cfg(feature = "time")]
mod time;
#[cfg(any(feature = "chrono", feature = "time"))]
mod time_tz;

pub(super) use span::span_micros;
pub(super) use time_of_day::parse_signed;
#[cfg(any(feature = "chrono", feature = "time"))]
pub use time_tz::OnepoolTimeTz;
