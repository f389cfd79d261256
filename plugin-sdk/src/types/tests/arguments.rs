//! What values bind as.

use std::borrow::Cow;
use std::fmt::Debug;
use std::net::IpAddr;
use std::num::NonZeroU8;
use std::rc::Rc;
use std::sync::Arc;

use bigdecimal::BigDecimal;
use bytes::Bytes;
use onepool_proto::value::Value;
use onepool_proto::{DatabaseKind, Scalar, ScalarType, ValueType};
use rust_decimal::Decimal;
use serde_json::json;
use sqlx_core::any::AnyArguments;
use sqlx_core::arguments::Arguments;
use sqlx_core::encode::Encode;
use sqlx_core::types::{Json, Text, Type};
use uuid::Uuid;

use crate::{Onepool, OnepoolArguments};

const ALL: [DatabaseKind; 3] = [
    DatabaseKind::Postgres,
    DatabaseKind::MySql,
    DatabaseKind::Sqlite,
];

fn values<'q, T>(value: T, kind: DatabaseKind) -> Vec<Value>
where
    T: Encode<'q, Onepool> + Type<Onepool>,
{
    let mut arguments = OnepoolArguments::default();
    arguments.add(value).unwrap();
    arguments.into_values(kind).unwrap()
}

/// What a server is sent for the value.
pub(super) fn value_of<'q, T>(value: T) -> Value
where
    T: Encode<'q, Onepool> + Type<Onepool>,
{
    values(value, DatabaseKind::Postgres).remove(0)
}

/// PostgreSQL and MySQL are sent this scalar, whose type is the one that NULL would have.
#[track_caller]
pub(super) fn binds<'q, T>(value: T, scalar: Scalar)
where
    T: Encode<'q, Onepool> + Type<Onepool> + Clone,
{
    assert_eq!(
        values(value.clone(), DatabaseKind::MySql),
        [scalar.clone().into()]
    );
    let of = ValueType::scalar(scalar.scalar_type());
    assert_eq!(T::type_info().to_value_type(), Some(of));
    assert_eq!(value_of(value), scalar.into());
}

/// SQLite is sent this text.
#[track_caller]
pub(super) fn binds_on_sqlite<'q, T>(value: T, text: &str)
where
    T: Encode<'q, Onepool> + Type<Onepool>,
{
    let expected = Scalar::Text(text.to_owned());
    assert_eq!(values(value, DatabaseKind::Sqlite), [expected.into()]);
}

#[test]
fn numbers_bind_in_their_own_width() {
    binds(true, Scalar::Bool(true));
    binds(i8::MIN, Scalar::I8(i8::MIN));
    binds(i16::MIN, Scalar::I16(i16::MIN));
    binds(i32::MIN, Scalar::I32(i32::MIN));
    binds(i64::MIN, Scalar::I64(i64::MIN));
    binds(u8::MAX, Scalar::U8(u8::MAX));
    binds(u16::MAX, Scalar::U16(u16::MAX));
    binds(u32::MAX, Scalar::U32(u32::MAX));
    binds(u64::MAX, Scalar::U64(u64::MAX));
    binds(1.5_f32, Scalar::F32(1.5));
    binds(f64::NEG_INFINITY, Scalar::F64(f64::NEG_INFINITY));
    binds(NonZeroU8::MAX, Scalar::U8(u8::MAX));
    binds(&7_i64, Scalar::I64(7));
    binds(Some(7_i64), Scalar::I64(7));
}

#[test]
fn text_and_bytes_bind_from_every_holder() {
    let text = Scalar::Text("é".into());
    binds("é", text.clone());
    binds(String::from("é"), text.clone());
    binds(Box::<str>::from("é"), text.clone());
    binds(Arc::<str>::from("é"), text.clone());
    binds(Rc::<str>::from("é"), text.clone());
    binds(Cow::Borrowed("é"), text.clone());
    binds(Arc::new(String::from("é")), text);
    let bytes = Scalar::Bytes(Bytes::from_static(&[0, 255]));
    binds(&[0_u8, 255][..], bytes.clone());
    binds([0_u8, 255], bytes.clone());
    binds(vec![0_u8, 255], bytes.clone());
    binds(Box::<[u8]>::from([0_u8, 255]), bytes.clone());
    binds(Arc::<[u8]>::from([0_u8, 255]), bytes.clone());
    binds(Cow::Borrowed(&[0_u8, 255][..]), bytes.clone());
    binds(Arc::new(vec![0_u8, 255]), bytes);
    binds(Text(42), Scalar::Text("42".into()));
}

#[test]
fn decimals_bind_in_plain_notation() {
    let plain = |text: &str| Scalar::Decimal(text.into());
    for text in ["0", "1.50", "-0.0000000000000000000000000001"] {
        binds(text.parse::<Decimal>().unwrap(), plain(text));
        binds(text.parse::<BigDecimal>().unwrap(), plain(text));
        binds_on_sqlite(text.parse::<Decimal>().unwrap(), text);
    }
    binds("1e3".parse::<BigDecimal>().unwrap(), plain("1000"));
    binds("-12e-7".parse::<BigDecimal>().unwrap(), plain("-0.0000012"));
    binds(Decimal::MAX, plain("79228162514264337593543950335"));
}

#[test]
fn a_decimal_that_would_fill_the_memory_is_refused() {
    let mut arguments = OnepoolArguments::default();
    for huge in [
        "1e1000000000000",
        "1e-1000000000000",
        "1e131072",
        "1e-32768",
    ] {
        let huge: BigDecimal = huge.parse().unwrap();
        let error = arguments.add(huge).unwrap_err();
        assert!(error.to_string().contains("out of range"), "{error}");
    }
    arguments
        .add("1e131071".parse::<BigDecimal>().unwrap())
        .unwrap();
    arguments
        .add("1e-32767".parse::<BigDecimal>().unwrap())
        .unwrap();
}

#[test]
fn uuids_are_bytes_on_sqlite() {
    let uuid = Uuid::from_u128(7);
    binds(uuid, Scalar::Uuid(uuid.into_bytes()));
    let bytes = Bytes::copy_from_slice(uuid.as_bytes());
    assert_eq!(
        values(uuid, DatabaseKind::Sqlite),
        [Scalar::Bytes(bytes).into()]
    );
    let hyphenated = uuid.hyphenated().to_string();
    binds_on_sqlite(uuid.hyphenated(), &hyphenated);
    binds(uuid.simple(), Scalar::Text(uuid.simple().to_string()));
}

#[test]
fn json_and_addresses_are_text_on_sqlite() {
    let document = json!({"a": [1, null]});
    let text = r#"{"a":[1,null]}"#;
    binds(Json(document.clone()), Scalar::Json(text.into()));
    binds(document.clone(), Scalar::Json(text.into()));
    binds_on_sqlite(document, text);
    let address: IpAddr = "10.0.0.1".parse().unwrap();
    let bytes = Bytes::from_static(&[10, 0, 0, 1]);
    binds(
        address,
        Scalar::Inet {
            address: bytes,
            prefix: 32,
        },
    );
    binds_on_sqlite(address, "10.0.0.1");
    binds_on_sqlite(ipnetwork::IpNetwork::from(address), "10.0.0.1/32");
}

#[test]
fn arguments_of_any_database_become_ours() {
    let mut any = AnyArguments::default();
    any.add(None::<i64>).unwrap();
    any.add("x").unwrap();
    any.add(vec![1_u8]).unwrap();
    let arguments: OnepoolArguments = any.convert_into().unwrap();
    assert_eq!(
        arguments.into_values(DatabaseKind::MySql).unwrap(),
        [
            Value::Null(ValueType::scalar(ScalarType::I64)),
            Scalar::Text("x".into()).into(),
            Scalar::Bytes(Bytes::from_static(&[1])).into(),
        ]
    );
}

#[test]
fn null_says_its_type() {
    fn null_of<T>(scalar: ScalarType)
    where
        T: for<'q> Encode<'q, Onepool> + Type<Onepool> + Debug + 'static,
    {
        for kind in ALL {
            let null = Value::Null(ValueType::scalar(scalar.clone()));
            assert_eq!(values(None::<T>, kind), [null]);
        }
    }
    null_of::<bool>(ScalarType::Bool);
    null_of::<i64>(ScalarType::I64);
    null_of::<String>(ScalarType::Text);
    null_of::<Vec<u8>>(ScalarType::Bytes);
    null_of::<chrono::NaiveDate>(ScalarType::Date);
    null_of::<time::OffsetDateTime>(ScalarType::TimestampTz);
    null_of::<Json<Vec<i32>>>(ScalarType::Json);
    null_of::<Text<i32>>(ScalarType::Text);
}
