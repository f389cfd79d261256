//! chrono's dates and times.

mod date;
mod date_time;
mod time;

pub(in crate::types::temporal) use time::{from_micros, nanos_of_day};
