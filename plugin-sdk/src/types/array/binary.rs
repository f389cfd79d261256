//! PostgreSQL's binary arrays.
//!
//! ```text
//! array     = dimensions flags element_oid  (length lower_bound) for each dimension  elements
//! element   = bytes value                   all numbers 32 bits, big-endian
//! ```
//! `bytes` is -1 for NULL. An array without dimensions is empty.

use bytes::Buf;

use crate::types::ValueError;

/// The elements of an array of one dimension that begins at one; `None` is NULL.
pub(super) fn elements(
    bytes: &[u8],
) -> Result<impl Iterator<Item = Result<Option<&[u8]>, ValueError>>, ValueError> {
    let mut elements = Elements::begin(bytes)?;
    Ok(std::iter::from_fn(move || elements.next()))
}

struct Elements<'r> {
    left: u32,
    rest: &'r [u8],
}

impl<'r> Elements<'r> {
    fn begin(mut bytes: &'r [u8]) -> Result<Self, ValueError> {
        let whole = bytes.len();
        let mut word = || {
            bytes.try_get_i32().map_err(|_| ValueError::Length {
                what: "an array",
                expected: "12, or 20 or more,",
                got: whole,
            })
        };
        let dimensions = word()?;
        if dimensions == 0 {
            return Ok(Self { left: 0, rest: &[] });
        }
        if dimensions != 1 {
            return Err(MORE_DIMENSIONS);
        }
        let (_flags, _element_oid) = (word()?, word()?);
        let (length, lower_bound) = (word()?, word()?);
        let left = u32::try_from(length)
            .map_err(|_| ValueError::range(length, "the length of an array"))?;
        if left > 0 && lower_bound != 1 {
            return Err(OTHER_LOWER_BOUND);
        }
        Ok(Self { left, rest: bytes })
    }

    fn next(&mut self) -> Option<Result<Option<&'r [u8]>, ValueError>> {
        self.left = self.left.checked_sub(1)?;
        let element = sized(&mut self.rest);
        if element.is_err() {
            self.left = 0;
        }
        Some(element)
    }
}

pub(super) const MORE_DIMENSIONS: ValueError =
    ValueError::Unsupported("only arrays of one dimension can be read");
pub(super) const OTHER_LOWER_BOUND: ValueError =
    ValueError::Unsupported("only arrays that begin at one can be read");

/// Takes a value that its length goes before; `None` is NULL.
pub(in crate::types) fn sized<'r>(rest: &mut &'r [u8]) -> Result<Option<&'r [u8]>, ValueError> {
    let whole = rest.len();
    let too_short = |_| ValueError::Length {
        what: "an element and its length",
        expected: "more",
        got: whole,
    };
    let length = rest.try_get_i32().map_err(too_short)?;
    if length == -1 {
        return Ok(None);
    }
    let length = usize::try_from(length)
        .map_err(|_| ValueError::range(length, "the length of an element"))?;
    let (value, after) = rest.split_at_checked(length).ok_or(ValueError::Length {
        what: "an element and its length",
        expected: "more",
        got: whole,
    })?;
    *rest = after;
    Ok(Some(value))
}
