//! Bytes.

use std::borrow::Cow;
use std::rc::Rc;
use std::sync::Arc;

use bytes::Bytes;
use onepool_proto::{Format, Scalar, ScalarType};
use sqlx_core::decode::Decode;
use sqlx_core::encode::{Encode, IsNull};
use sqlx_core::error::BoxDynError;
use sqlx_core::types::Type;

use super::ValueError;
use super::cell::Cell;
use super::delegate::{bind, read};
use crate::{Onepool, OnepoolArgumentBuffer, OnepoolTypeInfo, OnepoolValueRef};

impl_type!([u8] => Bytes, Vec<u8> => Bytes);

impl<const N: usize> Type<Onepool> for [u8; N] {
    fn type_info() -> OnepoolTypeInfo {
        OnepoolTypeInfo::scalar(ScalarType::Bytes)
    }
}

impl Encode<'_, Onepool> for Vec<u8> {
    fn encode(self, buf: &mut OnepoolArgumentBuffer) -> Result<IsNull, BoxDynError> {
        buf.put(Scalar::Bytes(Bytes::from(self)));
        Ok(IsNull::No)
    }

    fn encode_by_ref(&self, buf: &mut OnepoolArgumentBuffer) -> Result<IsNull, BoxDynError> {
        buf.put(Scalar::Bytes(Bytes::copy_from_slice(self)));
        Ok(IsNull::No)
    }
}

impl Encode<'_, Onepool> for Box<[u8]> {
    fn encode(self, buf: &mut OnepoolArgumentBuffer) -> Result<IsNull, BoxDynError> {
        buf.put(Scalar::Bytes(Bytes::from(self)));
        Ok(IsNull::No)
    }

    fn encode_by_ref(&self, buf: &mut OnepoolArgumentBuffer) -> Result<IsNull, BoxDynError> {
        buf.put(Scalar::Bytes(Bytes::copy_from_slice(self)));
        Ok(IsNull::No)
    }
}

macro_rules! impl_encode_bytes {
    ($($rust:ty),+ $(,)?) => {$(
        impl Encode<'_, Onepool> for $rust {
            fn encode_by_ref(
                &self,
                buf: &mut OnepoolArgumentBuffer,
            ) -> Result<IsNull, BoxDynError> {
                buf.put(Scalar::Bytes(Bytes::copy_from_slice(&**self)));
                Ok(IsNull::No)
            }
        }
    )+};
}

impl_encode_bytes!(&'_ [u8], Arc<[u8]>, Rc<[u8]>, Cow<'_, [u8]>);

impl<const N: usize> Encode<'_, Onepool> for [u8; N] {
    fn encode_by_ref(&self, buf: &mut OnepoolArgumentBuffer) -> Result<IsNull, BoxDynError> {
        bind(self.as_slice(), buf)
    }
}

impl<'r> Decode<'r, Onepool> for &'r [u8] {
    fn decode(value: OnepoolValueRef<'r>) -> Result<Self, BoxDynError> {
        match value.cell()? {
            Cell::Sqlite(cell) => Ok(cell.bytes()?),
            Cell::Postgres(Format::Binary, bytes) | Cell::MySql(_, bytes) => Ok(bytes),
            Cell::Postgres(Format::Text, _) => Err(ValueError::Unsupported(
                "a BYTEA in the text format cannot be read as `&[u8]`; read it as `Vec<u8>`, or \
                 bind an argument to get the binary format",
            )
            .into()),
        }
    }
}

impl Decode<'_, Onepool> for Vec<u8> {
    fn decode(value: OnepoolValueRef<'_>) -> Result<Self, BoxDynError> {
        match value.cell()? {
            Cell::Postgres(Format::Text, bytes) => Ok(from_hex(bytes)?),
            _ => read::<&[u8]>(value).map(ToOwned::to_owned),
        }
    }
}

impl<const N: usize> Decode<'_, Onepool> for [u8; N] {
    fn decode(value: OnepoolValueRef<'_>) -> Result<Self, BoxDynError> {
        match value.cell()? {
            Cell::Postgres(Format::Text, bytes) => Ok(from_hex(bytes)?.as_slice().try_into()?),
            _ => Ok(read::<&[u8]>(value)?.try_into()?),
        }
    }
}

/// Reads PostgreSQL's text form of bytes: `\x`, then two hexadecimal digits for each.
fn from_hex(text: &[u8]) -> Result<Vec<u8>, ValueError> {
    let syntax = || ValueError::syntax("a BYTEA in hexadecimal", String::from_utf8_lossy(text));
    let digits = text.strip_prefix(b"\\x").ok_or_else(syntax)?;
    let digit = |byte: u8| char::from(byte).to_digit(16);
    let byte = |pair: &[u8]| match pair {
        [high, low] => u8::try_from(digit(*high)? << 4 | digit(*low)?).ok(),
        _ => None,
    };
    digits
        .chunks(2)
        .map(|pair| byte(pair).ok_or_else(syntax))
        .collect()
}
