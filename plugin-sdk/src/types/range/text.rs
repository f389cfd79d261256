//! The text of PostgreSQL's ranges: `[1,10)`, `("a, b",)`, `empty`.

use std::ops::Bound;

/// The lower and the upper bound; the empty range has none.
pub(super) fn edges(text: &str) -> Option<(Bound<String>, Bound<String>)> {
    if text == "empty" {
        return Some((Bound::Unbounded, Bound::Unbounded));
    }
    let (lower_included, rest) = match text.strip_prefix('[') {
        Some(rest) => (true, rest),
        None => (false, text.strip_prefix('(')?),
    };
    let (lower, rest) = bound(rest)?;
    let (upper, rest) = bound(rest.strip_prefix(',')?)?;
    let upper_included = match rest {
        "]" => true,
        ")" => false,
        _ => return None,
    };
    Some((edge(lower, lower_included), edge(upper, upper_included)))
}

fn edge(value: Option<String>, included: bool) -> Bound<String> {
    match value {
        None => Bound::Unbounded,
        Some(value) if included => Bound::Included(value),
        Some(value) => Bound::Excluded(value),
    }
}

/// Reads to the comma or the bracket that ends a bound, and gives what comes from there. Within
/// quotes a quote is doubled; anywhere a backslash takes the next character as it is.
fn bound(text: &str) -> Option<(Option<String>, &str)> {
    let mut value = String::new();
    let (mut is_there, mut is_quoted) = (false, false);
    let mut chars = text.chars();
    loop {
        let rest = chars.as_str();
        let next = chars.next()?;
        match next {
            ',' | ')' | ']' if !is_quoted => return Some((is_there.then_some(value), rest)),
            '"' if is_quoted && chars.as_str().starts_with('"') => {
                chars.next();
                value.push('"');
            }
            '"' => is_quoted = !is_quoted,
            '\\' => value.push(chars.next()?),
            _ => value.push(next),
        }
        is_there = true;
    }
}
