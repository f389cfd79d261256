//! The text of PostgreSQL's arrays: `{1,NULL,"two, or \"three\""}`.

use std::borrow::Cow;

use super::binary::{MORE_DIMENSIONS, OTHER_LOWER_BOUND};
use crate::types::ValueError;

/// The elements of an array of one dimension that begins at one; `None` is NULL.
pub(super) fn elements(
    text: &str,
) -> Result<impl Iterator<Item = Result<Option<Cow<'_, str>>, ValueError>>, ValueError> {
    // Bounds are written only where they are not those of an ordinary array.
    if text.starts_with('[') {
        return Err(OTHER_LOWER_BOUND);
    }
    let inner = text
        .strip_prefix('{')
        .and_then(|text| text.strip_suffix('}'))
        .ok_or_else(|| ValueError::syntax("an array", text))?;
    let mut elements = Elements {
        rest: (!inner.is_empty()).then_some(inner),
        whole: text,
    };
    Ok(std::iter::from_fn(move || elements.next()))
}

struct Elements<'r> {
    /// What follows the last comma.
    rest: Option<&'r str>,
    whole: &'r str,
}

impl<'r> Elements<'r> {
    fn next(&mut self) -> Option<Result<Option<Cow<'r, str>>, ValueError>> {
        let rest = self.rest.take()?;
        Some(match rest.strip_prefix('"') {
            Some(quoted) => self.quoted(quoted).map(Some),
            None => self.bare(rest),
        })
    }

    fn bare(&mut self, rest: &'r str) -> Result<Option<Cow<'r, str>>, ValueError> {
        let (element, after) = match rest.split_once(',') {
            Some((element, after)) => (element, Some(after)),
            None => (rest, None),
        };
        self.rest = after;
        if element.starts_with('{') {
            return Err(MORE_DIMENSIONS);
        }
        if element.is_empty() || element.contains(['{', '}', '"', '\\']) {
            return Err(self.wrong());
        }
        Ok((element != "NULL").then_some(Cow::Borrowed(element)))
    }

    fn quoted(&mut self, rest: &'r str) -> Result<Cow<'r, str>, ValueError> {
        let (element, after) = unquote(rest).ok_or_else(|| self.wrong())?;
        self.rest = match after.strip_prefix(',') {
            Some(after) => Some(after),
            None if after.is_empty() => None,
            None => return Err(self.wrong()),
        };
        Ok(element)
    }

    fn wrong(&self) -> ValueError {
        ValueError::syntax("an array", self.whole)
    }
}

/// Reads to the closing quote; gives what is quoted and what comes after it.
fn unquote(text: &str) -> Option<(Cow<'_, str>, &str)> {
    let mut unescaped = String::new();
    let mut rest = text;
    loop {
        let at = rest.find(['"', '\\'])?;
        let (before, special) = rest.split_at_checked(at)?;
        let mut chars = special.chars();
        if chars.next() == Some('"') {
            let element = if unescaped.is_empty() {
                Cow::Borrowed(before)
            } else {
                Cow::Owned(unescaped + before)
            };
            return Some((element, chars.as_str()));
        }
        unescaped.push_str(before);
        unescaped.push(chars.next()?);
        rest = chars.as_str();
    }
}
