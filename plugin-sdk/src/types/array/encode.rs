//! Binding arrays.

use onepool_proto::value::{Array, Value};
use onepool_proto::{Scalar, ValueType};
use sqlx_core::encode::{Encode, IsNull};
use sqlx_core::error::BoxDynError;
use sqlx_core::types::Type;

use super::OnepoolArrayElement;
use crate::types::delegate::bind;
use crate::types::{ValueError, range};
use crate::{Onepool, OnepoolArgumentBuffer};

impl<'q, T> Encode<'q, Onepool> for &'_ [T]
where
    T: Encode<'q, Onepool> + OnepoolArrayElement,
{
    fn encode_by_ref(&self, buf: &mut OnepoolArgumentBuffer) -> Result<IsNull, BoxDynError> {
        let elements = self.iter().map(element).collect::<Result<Vec<_>, _>>()?;
        let ValueType { scalar, .. } = <[T] as Type<Onepool>>::type_info()
            .to_value_type()
            .ok_or(NO_SCALAR)?;
        let dimensions = match u32::try_from(self.len())? {
            0 => Vec::new(),
            length => vec![length],
        };
        buf.put(Value::Array(Array {
            element: scalar,
            dimensions,
            elements,
        }));
        Ok(IsNull::No)
    }
}

impl<'q, T> Encode<'q, Onepool> for Vec<T>
where
    T: Encode<'q, Onepool> + OnepoolArrayElement,
{
    fn encode_by_ref(&self, buf: &mut OnepoolArgumentBuffer) -> Result<IsNull, BoxDynError> {
        bind(self.as_slice(), buf)
    }
}

impl<'q, T, const N: usize> Encode<'q, Onepool> for [T; N]
where
    T: Encode<'q, Onepool> + OnepoolArrayElement,
{
    fn encode_by_ref(&self, buf: &mut OnepoolArgumentBuffer) -> Result<IsNull, BoxDynError> {
        bind(self.as_slice(), buf)
    }
}

const NO_SCALAR: ValueError =
    ValueError::Unsupported("an element of an array or range must bind as one scalar");

/// The scalar that a value binds as; `None` is NULL.
pub(in crate::types) fn scalar<'q, T>(value: &T) -> Result<Option<Scalar>, BoxDynError>
where
    T: Encode<'q, Onepool>,
{
    match one(value)? {
        None => Ok(None),
        Some(Value::Scalar(scalar)) => Ok(Some(scalar)),
        Some(_) => Err(NO_SCALAR.into()),
    }
}

/// The same for an element, which may be a range.
fn element<'q, T>(value: &T) -> Result<Option<Scalar>, BoxDynError>
where
    T: Encode<'q, Onepool>,
{
    match one(value)? {
        None => Ok(None),
        Some(Value::Scalar(scalar)) => Ok(Some(scalar)),
        Some(Value::Range(range)) => Ok(Some(range::element(&range)?)),
        Some(_) => Err(NO_SCALAR.into()),
    }
}

/// What a value binds as; `None` is NULL.
fn one<'q, T>(value: &T) -> Result<Option<Value>, BoxDynError>
where
    T: Encode<'q, Onepool>,
{
    let mut buf = OnepoolArgumentBuffer::default();
    if value.encode_by_ref(&mut buf)?.is_null() {
        return Ok(None);
    }
    match (buf.take_last(), buf.take_last()) {
        (Some(value), None) => Ok(Some(value)),
        _ => Err(NO_SCALAR.into()),
    }
}
