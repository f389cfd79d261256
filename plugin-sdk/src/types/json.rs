//! JSON documents: `Json<T>`, and through sqlx `JsonValue` and `JsonRawValue`.

use onepool_proto::{Format, Scalar, ScalarType};
use serde::{Deserialize, Serialize};
use sqlx_core::decode::Decode;
use sqlx_core::encode::{Encode, IsNull};
use sqlx_core::error::BoxDynError;
use sqlx_core::types::{Json, Type};

use super::ValueError;
use super::cell::Cell;
use super::columns;
use super::oid;
use crate::{Onepool, OnepoolArgumentBuffer, OnepoolTypeInfo, OnepoolValueRef};

impl<T> Type<Onepool> for Json<T> {
    fn type_info() -> OnepoolTypeInfo {
        OnepoolTypeInfo::scalar(ScalarType::Json)
    }
}

impl<T: Serialize> Encode<'_, Onepool> for Json<T> {
    fn encode_by_ref(&self, buf: &mut OnepoolArgumentBuffer) -> Result<IsNull, BoxDynError> {
        buf.put(Scalar::Json(serde_json::to_string(&self.0)?));
        Ok(IsNull::No)
    }
}

impl<'r, T: Deserialize<'r> + 'r> Decode<'r, Onepool> for Json<T> {
    fn decode(value: OnepoolValueRef<'r>) -> Result<Self, BoxDynError> {
        let document = match value.cell()? {
            Cell::Sqlite(cell) => cell.bytes()?,
            Cell::Postgres(Format::Binary, bytes)
                if columns::oid_of(&value.type_info) == oid::JSONB =>
            {
                jsonb_text(bytes)?
            }
            Cell::Postgres(_, bytes) | Cell::MySql(_, bytes) => bytes,
        };
        Ok(Self(serde_json::from_slice(document)?))
    }
}

/// The text of a JSONB, which a byte with the format's version goes before.
fn jsonb_text(bytes: &[u8]) -> Result<&[u8], ValueError> {
    match bytes {
        [1, text @ ..] => Ok(text),
        [version, ..] => Err(ValueError::syntax(
            "a version of JSONB that can be read",
            version.to_string(),
        )),
        [] => Err(ValueError::Length {
            what: "a JSONB",
            expected: "1 or more",
            got: 0,
        }),
    }
}
