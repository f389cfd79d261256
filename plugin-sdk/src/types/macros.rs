//! Macros for types that bind as one scalar.

/// Implements `Type`: the columns that it is read from follow from the scalar that it binds as.
macro_rules! impl_type {
    ($($rust:ty => $scalar:ident),+ $(,)?) => {$(
        impl sqlx_core::types::Type<$crate::Onepool> for $rust {
            fn type_info() -> $crate::OnepoolTypeInfo {
                $crate::OnepoolTypeInfo::scalar(onepool_proto::ScalarType::$scalar)
            }
        }
    )+};
}

/// Implements `Encode` for types that are copied into the scalar of that name.
macro_rules! impl_encode_copy {
    ($($rust:ty => $scalar:ident),+ $(,)?) => {$(
        impl sqlx_core::encode::Encode<'_, $crate::Onepool> for $rust {
            fn encode_by_ref(
                &self,
                buf: &mut $crate::OnepoolArgumentBuffer,
            ) -> Result<sqlx_core::encode::IsNull, sqlx_core::error::BoxDynError> {
                buf.put(onepool_proto::Scalar::$scalar(*self));
                Ok(sqlx_core::encode::IsNull::No)
            }
        }
    )+};
}
