//! Reading arrays.

use std::borrow::Cow;

use onepool_proto::{DatabaseKind, Format};
use sqlx_core::decode::Decode;
use sqlx_core::error::BoxDynError;

use super::{OnepoolArrayElement, binary, text};
use crate::types::cell::{Cell, utf8};
use crate::types::delegate::read;
use crate::types::{ValueError, columns};
use crate::{Onepool, OnepoolTypeInfo, OnepoolValueRef};

impl<T> Decode<'_, Onepool> for Vec<T>
where
    T: for<'a> Decode<'a, Onepool> + OnepoolArrayElement,
{
    fn decode(value: OnepoolValueRef<'_>) -> Result<Self, BoxDynError> {
        let Cell::Postgres(format, bytes) = value.cell()? else {
            return Err(ValueError::Unsupported("only PostgreSQL has arrays").into());
        };
        let element = columns::array_element(&value.type_info).unwrap_or_else(T::type_info);
        match format {
            Format::Binary => binary::elements(bytes)?
                .map(|bytes| T::decode(element_ref(&element, format, bytes?)))
                .collect(),
            Format::Text => text::elements(utf8(bytes)?)?
                .map(|text| {
                    let text = text?;
                    let bytes = text.as_deref().map(str::as_bytes);
                    T::decode(element_ref(&element, format, bytes))
                })
                .collect(),
        }
    }
}

impl<T, const N: usize> Decode<'_, Onepool> for [T; N]
where
    T: for<'a> Decode<'a, Onepool> + OnepoolArrayElement,
{
    fn decode(value: OnepoolValueRef<'_>) -> Result<Self, BoxDynError> {
        let elements = read::<Vec<T>>(value)?;
        elements.try_into().map_err(|elements: Vec<T>| {
            let value = format!("an array of {} elements", elements.len());
            ValueError::range(value, "an array of another length").into()
        })
    }
}

/// An element of an array, or a bound of a range, as a cell.
pub(in crate::types) fn element_ref<'r>(
    type_info: &'r OnepoolTypeInfo,
    format: Format,
    bytes: Option<&'r [u8]>,
) -> OnepoolValueRef<'r> {
    OnepoolValueRef {
        kind: DatabaseKind::Postgres,
        format,
        type_info: Cow::Borrowed(type_info),
        bytes,
        memory: None,
    }
}
