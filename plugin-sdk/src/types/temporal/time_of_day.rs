//! `HH:MM:SS.ffffff`, which all databases write.

/// Reads hours (of any number), minutes, seconds and at most six decimal places of them, after
/// maybe a sign, as microseconds.
pub(crate) fn parse_signed(text: &str) -> Option<i64> {
    let (sign, magnitude) = match text.strip_prefix('-') {
        Some(magnitude) => (-1, magnitude),
        None => (1, text.strip_prefix('+').unwrap_or(text)),
    };
    i64::try_from(sign * parse(magnitude)?).ok()
}

fn parse(text: &str) -> Option<i128> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, "0"));
    let mut parts = whole.split(':');
    let (hours, minutes, seconds) = (parts.next()?, parts.next()?, parts.next()?);
    if parts.next().is_some() || minutes.len() != 2 || seconds.len() != 2 {
        return None;
    }
    let (hours, minutes, seconds) = (digits(hours)?, digits(minutes)?, digits(seconds)?);
    if minutes > 59 || seconds > 59 {
        return None;
    }
    let places = 6_u32.checked_sub(u32::try_from(fraction.len()).ok()?)?;
    let micros = digits(fraction)? * 10_i128.pow(places);
    Some(((hours * 60 + minutes) * 60 + seconds) * 1_000_000 + micros)
}

/// Reads digits alone, where `parse` would take a sign. There are few enough of them that what
/// comes of them does not overflow.
pub(super) fn digits(text: &str) -> Option<i128> {
    let few = (1..=18).contains(&text.len());
    let all = few && text.bytes().all(|byte| byte.is_ascii_digit());
    all.then(|| text.parse().ok())?
}
