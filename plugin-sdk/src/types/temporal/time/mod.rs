//! time's dates and times.

mod date;
mod date_time;
mod sqlite;
mod time_of_day;

pub(in crate::types::temporal) use time_of_day::{from_micros, nanos_of_day};
