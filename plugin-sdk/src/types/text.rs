//! Text, and types that are kept as their text.

use std::borrow::Cow;
use std::fmt::Display;
use std::rc::Rc;
use std::str::FromStr;
use std::sync::Arc;

use onepool_proto::Scalar;
use sqlx_core::decode::Decode;
use sqlx_core::encode::{Encode, IsNull};
use sqlx_core::error::BoxDynError;
use sqlx_core::types::{Text, Type};

use super::cell::{Cell, utf8};
use super::delegate::{bind, read};
use crate::{Onepool, OnepoolArgumentBuffer, OnepoolTypeInfo, OnepoolValueRef};

impl_type!(str => Text, String => Text);

impl Encode<'_, Onepool> for String {
    fn encode(self, buf: &mut OnepoolArgumentBuffer) -> Result<IsNull, BoxDynError> {
        buf.put(Scalar::Text(self));
        Ok(IsNull::No)
    }

    fn encode_by_ref(&self, buf: &mut OnepoolArgumentBuffer) -> Result<IsNull, BoxDynError> {
        bind(self.clone(), buf)
    }
}

macro_rules! impl_encode_text {
    ($($rust:ty),+ $(,)?) => {$(
        impl Encode<'_, Onepool> for $rust {
            fn encode_by_ref(
                &self,
                buf: &mut OnepoolArgumentBuffer,
            ) -> Result<IsNull, BoxDynError> {
                buf.put(Scalar::Text(String::from(&**self)));
                Ok(IsNull::No)
            }
        }
    )+};
}

impl_encode_text!(&'_ str, Box<str>, Arc<str>, Rc<str>, Cow<'_, str>);

impl<'r> Decode<'r, Onepool> for &'r str {
    fn decode(value: OnepoolValueRef<'r>) -> Result<Self, BoxDynError> {
        match value.cell()? {
            Cell::Sqlite(cell) => cell.text(),
            Cell::Postgres(_, bytes) | Cell::MySql(_, bytes) => utf8(bytes),
        }
    }
}

impl Decode<'_, Onepool> for String {
    fn decode(value: OnepoolValueRef<'_>) -> Result<Self, BoxDynError> {
        read::<&str>(value).map(ToOwned::to_owned)
    }
}

impl<T> Type<Onepool> for Text<T> {
    fn type_info() -> OnepoolTypeInfo {
        <String as Type<Onepool>>::type_info()
    }
}

impl<T: Display> Encode<'_, Onepool> for Text<T> {
    fn encode_by_ref(&self, buf: &mut OnepoolArgumentBuffer) -> Result<IsNull, BoxDynError> {
        buf.put(Scalar::Text(self.0.to_string()));
        Ok(IsNull::No)
    }
}

impl<T> Decode<'_, Onepool> for Text<T>
where
    T: FromStr,
    BoxDynError: From<T::Err>,
{
    fn decode(value: OnepoolValueRef<'_>) -> Result<Self, BoxDynError> {
        Ok(Self(read::<&str>(value)?.parse()?))
    }
}
