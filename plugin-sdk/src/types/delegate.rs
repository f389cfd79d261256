//! Reading and binding a type by way of another.

use sqlx_core::decode::Decode;
use sqlx_core::encode::{Encode, IsNull};
use sqlx_core::error::BoxDynError;

use crate::{Onepool, OnepoolArgumentBuffer, OnepoolValueRef};

/// Reads a cell as a `T`.
pub(super) fn read<'r, T>(value: OnepoolValueRef<'r>) -> Result<T, BoxDynError>
where
    T: Decode<'r, Onepool>,
{
    T::decode(value)
}

/// Binds a `T`.
pub(super) fn bind<'q, T>(value: T, buf: &mut OnepoolArgumentBuffer) -> Result<IsNull, BoxDynError>
where
    T: Encode<'q, Onepool>,
{
    value.encode(buf)
}
