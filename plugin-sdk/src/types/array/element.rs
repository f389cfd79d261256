//! What an array can be of.

use std::borrow::Cow;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::num::{NonZeroI8, NonZeroI16, NonZeroI32, NonZeroI64, NonZeroU16, NonZeroU32, NonZeroU64};
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use onepool_proto::ValueType;
use onepool_proto::value::Shape;
use sqlx_core::type_info::TypeInfo;
use sqlx_core::types::{Text, Type};

use crate::type_info::Repr;
use crate::types::{OnepoolInterval, OnepoolRange, columns, range};
use crate::{Onepool, OnepoolTypeInfo};

/// A type of which `Vec<T>`, `&[T]` and `[T; N]` are arrays, on PostgreSQL.
///
/// Everything that binds as one scalar has it but `u8`, because `Vec<u8>` is bytes; and ranges. A type of
/// your own needs one line beside its `#[derive(sqlx::Type)]`:
///
/// ```
/// # #[derive(sqlx::Type)]
/// # #[sqlx(transparent)]
/// # struct UserId(i64);
/// impl onepool_sdk::types::OnepoolArrayElement for UserId {}
///
/// fn is_type<T: sqlx::Type<onepool_sdk::Onepool>>() {}
/// is_type::<Vec<UserId>>();
/// ```
pub trait OnepoolArrayElement: Type<Onepool> {}

macro_rules! impl_element {
    ($($rust:ty),+ $(,)?) => {
        $(impl OnepoolArrayElement for $rust {})+
    };
}

impl_element!(bool, i8, i16, i32, i64, u16, u32, u64, f32, f64);
impl_element!(
    NonZeroI8, NonZeroI16, NonZeroI32, NonZeroI64, NonZeroU16, NonZeroU32, NonZeroU64
);
impl_element!(str, String, [u8], Vec<u8>);
impl_element!(IpAddr, Ipv4Addr, Ipv6Addr);
impl_element!(OnepoolInterval, Duration);

#[cfg(feature = "uuid")]
impl_element!(uuid::Uuid, uuid::fmt::Hyphenated, uuid::fmt::Simple);
#[cfg(feature = "chrono")]
impl_element!(
    chrono::NaiveDate,
    chrono::NaiveTime,
    chrono::NaiveDateTime,
    chrono::TimeDelta,
    crate::types::OnepoolTimeTz<chrono::NaiveTime, chrono::FixedOffset>,
);
#[cfg(feature = "time")]
impl_element!(
    time::Date,
    time::Time,
    time::PrimitiveDateTime,
    time::OffsetDateTime,
    time::Duration,
    crate::types::OnepoolTimeTz<time::Time, time::UtcOffset>,
);
#[cfg(feature = "rust_decimal")]
impl_element!(rust_decimal::Decimal);
#[cfg(feature = "bigdecimal")]
impl_element!(bigdecimal::BigDecimal);
#[cfg(feature = "ipnetwork")]
impl_element!(ipnetwork::IpNetwork);
#[cfg(feature = "json")]
impl_element!(sqlx_core::types::JsonValue, sqlx_core::types::JsonRawValue);

#[cfg(feature = "json")]
impl<T> OnepoolArrayElement for sqlx_core::types::Json<T> {}
#[cfg(feature = "chrono")]
impl<Tz: chrono::TimeZone> OnepoolArrayElement for chrono::DateTime<Tz> {}
impl<const N: usize> OnepoolArrayElement for [u8; N] {}
impl<T> OnepoolArrayElement for Text<T> {}
impl<T: Type<Onepool>> OnepoolArrayElement for OnepoolRange<T> {}

impl<T: OnepoolArrayElement> OnepoolArrayElement for Option<T> {}
impl<T: OnepoolArrayElement + ?Sized> OnepoolArrayElement for &T {}
impl<T: OnepoolArrayElement + ?Sized> OnepoolArrayElement for Box<T> {}
impl<T: OnepoolArrayElement + ?Sized> OnepoolArrayElement for Arc<T> {}
impl<T: OnepoolArrayElement + ?Sized> OnepoolArrayElement for Rc<T> {}
impl<T: OnepoolArrayElement + ToOwned + ?Sized> OnepoolArrayElement for Cow<'_, T> {}

macro_rules! impl_array_type {
    ($({$($generics:tt)+} $rust:ty),+ $(,)?) => {$(
        impl<$($generics)+> Type<Onepool> for $rust {
            fn type_info() -> OnepoolTypeInfo {
                array_of(T::type_info())
            }

            fn compatible(ty: &OnepoolTypeInfo) -> bool {
                columns::array_element(ty).is_some_and(|element| T::compatible(&element))
            }
        }
    )+};
}

impl_array_type! {
    {T: OnepoolArrayElement} [T],
    {T: OnepoolArrayElement} Vec<T>,
    {T: OnepoolArrayElement, const N: usize} [T; N],
}

fn array_of(element: OnepoolTypeInfo) -> OnepoolTypeInfo {
    match element.0 {
        Repr::Argument(ValueType {
            scalar,
            shape: Shape::Range,
        }) => OnepoolTypeInfo::array_of(range::type_name(&scalar).unwrap_or("anyrange")),
        Repr::Argument(of) => OnepoolTypeInfo::argument(ValueType::array(of.scalar)),
        Repr::Database { .. } | Repr::SqliteCell(_) => OnepoolTypeInfo::array_of(element.name()),
    }
}
