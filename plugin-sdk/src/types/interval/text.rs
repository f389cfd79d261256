//! The text of an INTERVAL in PostgreSQL's default style: `1 year 2 mons -3 days 04:05:06.789`.

use super::OnepoolInterval;
use crate::types::temporal::parse_signed;

pub(super) fn parse(text: &str) -> Option<OnepoolInterval> {
    let mut interval = OnepoolInterval::default();
    let mut words = text.split(' ');
    while let Some(word) = words.next() {
        if word.contains(':') {
            interval.microseconds = parse_signed(word)?;
            // The time comes last.
            return words.next().is_none().then_some(interval);
        }
        let count: i32 = word.parse().ok()?;
        match words.next()? {
            "year" | "years" => interval.months = count.checked_mul(12)?,
            "mon" | "mons" => interval.months = interval.months.checked_add(count)?,
            "day" | "days" => interval.days = count,
            _ => return None,
        }
    }
    Some(interval)
}
