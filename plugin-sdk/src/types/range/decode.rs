//! Reading ranges.
//!
//! ```text
//! range = flags  (bytes:32 value) for each bound that there is
//! ```

use std::ops::Bound;

use onepool_proto::Format;
use sqlx_core::decode::Decode;
use sqlx_core::error::BoxDynError;
use sqlx_core::types::Type;

use super::{OnepoolRange, text};
use crate::types::array::{element_ref, sized};
use crate::types::cell::{Cell, utf8};
use crate::types::{ValueError, columns};
use crate::{Onepool, OnepoolTypeInfo, OnepoolValueRef};

const EMPTY: u8 = 0x01;
const LOWER_INCLUDED: u8 = 0x02;
const UPPER_INCLUDED: u8 = 0x04;
const LOWER_UNBOUNDED: u8 = 0x08;
const UPPER_UNBOUNDED: u8 = 0x10;

impl<T> Decode<'_, Onepool> for OnepoolRange<T>
where
    T: for<'a> Decode<'a, Onepool> + Type<Onepool>,
{
    fn decode(value: OnepoolValueRef<'_>) -> Result<Self, BoxDynError> {
        let Cell::Postgres(format, bytes) = value.cell()? else {
            return Err(ValueError::Unsupported("only PostgreSQL has ranges").into());
        };
        let element = columns::range_element(&value.type_info).unwrap_or_else(T::type_info);
        match format {
            Format::Binary => from_binary(&element, bytes),
            Format::Text => from_text(&element, utf8(bytes)?),
        }
    }
}

fn from_binary<T>(element: &OnepoolTypeInfo, bytes: &[u8]) -> Result<OnepoolRange<T>, BoxDynError>
where
    T: for<'a> Decode<'a, Onepool>,
{
    let wrong = || ValueError::syntax("a range", format!("{bytes:02x?}"));
    let Some((flags, mut rest)) = bytes.split_first() else {
        return Err(wrong().into());
    };
    let has = |flag| flags & flag != 0;
    let mut bound = |unbounded, included| {
        if has(EMPTY) || has(unbounded) {
            return Ok(Bound::Unbounded);
        }
        let value = T::decode(element_ref(element, Format::Binary, sized(&mut rest)?))?;
        Ok::<_, BoxDynError>(if has(included) {
            Bound::Included(value)
        } else {
            Bound::Excluded(value)
        })
    };
    let start = bound(LOWER_UNBOUNDED, LOWER_INCLUDED)?;
    let end = bound(UPPER_UNBOUNDED, UPPER_INCLUDED)?;
    if rest.is_empty() {
        Ok(OnepoolRange { start, end })
    } else {
        Err(wrong().into())
    }
}

fn from_text<T>(element: &OnepoolTypeInfo, text: &str) -> Result<OnepoolRange<T>, BoxDynError>
where
    T: for<'a> Decode<'a, Onepool>,
{
    let (lower, upper) = text::edges(text).ok_or_else(|| ValueError::syntax("a range", text))?;
    let decode =
        |text: String| T::decode(element_ref(element, Format::Text, Some(text.as_bytes())));
    let bound = |edge| {
        Ok::<_, BoxDynError>(match edge {
            Bound::Unbounded => Bound::Unbounded,
            Bound::Included(text) => Bound::Included(decode(text)?),
            Bound::Excluded(text) => Bound::Excluded(decode(text)?),
        })
    };
    Ok(OnepoolRange {
        start: bound(lower)?,
        end: bound(upper)?,
    })
}
