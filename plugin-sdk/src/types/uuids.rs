//! Uuids: `Uuid`, and its text forms `Hyphenated` and `Simple`.

use onepool_proto::{Format, Scalar, ScalarType};
use sqlx_core::decode::Decode;
use sqlx_core::encode::{Encode, IsNull};
use sqlx_core::error::BoxDynError;
use sqlx_core::type_info::TypeInfo;
use sqlx_core::types::Type;
use uuid::Uuid;
use uuid::fmt::{Hyphenated, Simple};

use super::ValueError;
use super::cell::{Cell, utf8};
use super::columns;
use super::delegate::read;
use super::oid;
use crate::{Onepool, OnepoolArgumentBuffer, OnepoolTypeInfo, OnepoolValueRef};

impl_type!(Uuid => Uuid);

impl Encode<'_, Onepool> for Uuid {
    fn encode_by_ref(&self, buf: &mut OnepoolArgumentBuffer) -> Result<IsNull, BoxDynError> {
        buf.put(Scalar::Uuid(self.into_bytes()));
        Ok(IsNull::No)
    }
}

impl Decode<'_, Onepool> for Uuid {
    fn decode(value: OnepoolValueRef<'_>) -> Result<Self, BoxDynError> {
        let bytes = match value.cell()? {
            Cell::Sqlite(cell) => cell.bytes()?,
            Cell::Postgres(Format::Text, bytes) => return Ok(utf8(bytes)?.parse()?),
            Cell::Postgres(Format::Binary, bytes) | Cell::MySql(_, bytes) => bytes,
        };
        let sixteen = bytes.try_into().map_err(|_| ValueError::Length {
            what: "a uuid (one kept as text is read as `uuid::fmt::Hyphenated`)",
            expected: "16",
            got: bytes.len(),
        })?;
        Ok(Self::from_bytes(sixteen))
    }
}

/// The text forms bind as text everywhere, and are read from text or from PostgreSQL's UUID.
macro_rules! impl_text_form {
    ($($rust:ty => $form:ident),+) => {$(
        impl Type<Onepool> for $rust {
            fn type_info() -> OnepoolTypeInfo {
                OnepoolTypeInfo::scalar(ScalarType::Text)
            }

            fn compatible(ty: &OnepoolTypeInfo) -> bool {
                <Self as Type<Onepool>>::type_info().type_compatible(ty)
                    || columns::oid_of(ty) == oid::UUID
            }
        }

        impl Encode<'_, Onepool> for $rust {
            fn encode_by_ref(
                &self,
                buf: &mut OnepoolArgumentBuffer,
            ) -> Result<IsNull, BoxDynError> {
                buf.put(Scalar::Text(self.to_string()));
                Ok(IsNull::No)
            }
        }

        impl Decode<'_, Onepool> for $rust {
            fn decode(value: OnepoolValueRef<'_>) -> Result<Self, BoxDynError> {
                if columns::oid_of(&value.type_info) == oid::UUID {
                    return Ok(read::<Uuid>(value)?.$form());
                }
                let text = read::<&str>(value)?;
                Ok(Uuid::parse_str(text)?.$form())
            }
        }
    )+};
}

impl_text_form!(Hyphenated => hyphenated, Simple => simple);
