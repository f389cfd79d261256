//! `()`, for PostgreSQL functions that return nothing.

use onepool_proto::ScalarType;
use sqlx_core::decode::Decode;
use sqlx_core::error::BoxDynError;
use sqlx_core::types::Type;

use super::columns;
use super::oid;
use crate::{Onepool, OnepoolTypeInfo, OnepoolValueRef};

impl Type<Onepool> for () {
    fn type_info() -> OnepoolTypeInfo {
        OnepoolTypeInfo::scalar(ScalarType::Named("void".to_owned()))
    }

    fn compatible(ty: &OnepoolTypeInfo) -> bool {
        matches!(columns::oid_of(ty), oid::VOID | oid::RECORD)
    }
}

impl Decode<'_, Onepool> for () {
    fn decode(_: OnepoolValueRef<'_>) -> Result<Self, BoxDynError> {
        Ok(())
    }
}
