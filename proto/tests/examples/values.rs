//! Arguments.

use bytes::Bytes;
use onepool_proto::value::{Array, Edge, Range, Scalar, ScalarType, Value, ValueType};

/// Every scalar.
pub fn scalars() -> Vec<Scalar> {
    vec![
        Scalar::Bool(true),
        Scalar::I8(i8::MIN),
        Scalar::I16(i16::MIN),
        Scalar::I32(i32::MIN),
        Scalar::I64(i64::MIN),
        Scalar::U8(u8::MAX),
        Scalar::U16(u16::MAX),
        Scalar::U32(u32::MAX),
        Scalar::U64(u64::MAX),
        Scalar::F32(1.5),
        Scalar::F64(-0.0),
        Scalar::Decimal("-12.50".to_owned()),
        Scalar::Text("text".to_owned()),
        Scalar::Bytes(Bytes::from_static(b"\0\xff")),
        Scalar::Uuid([7; 16]),
        Scalar::Date { days: -1 },
        Scalar::Time {
            nanos: 86_399_999_999_999,
        },
        Scalar::TimeTz {
            nanos: 1,
            offset_s: -3600,
        },
        Scalar::Timestamp {
            seconds: -62_135_596_800,
            nanos: 999_999_999,
        },
        Scalar::TimestampTz {
            seconds: 253_402_300_799,
            nanos: 1,
            offset_s: 19_800,
        },
        Scalar::Interval {
            months: -1,
            days: 2,
            micros: -3,
        },
        Scalar::Json("{}".to_owned()),
        Scalar::Inet {
            address: Bytes::from_static(&[127, 0, 0, 1]),
            prefix: 8,
        },
        Scalar::Named {
            type_name: "mood".to_owned(),
            text: "happy".to_owned(),
        },
    ]
}

/// Every shape of value.
pub fn values() -> Vec<Value> {
    let mut values: Vec<_> = scalars().into_iter().map(Value::Scalar).collect();
    values.push(Value::Null(ValueType::scalar(ScalarType::Named(
        "mood".to_owned(),
    ))));
    values.push(Value::Null(ValueType::array(ScalarType::I32)));
    values.push(Value::Null(ValueType::range(ScalarType::Date)));
    values.push(Value::Array(Array {
        element: ScalarType::I32,
        dimensions: vec![1, 2],
        elements: vec![Some(Scalar::I32(1)), None],
    }));
    let edges = Some((
        Edge::Included(Scalar::I32(1)),
        Edge::Excluded(Scalar::I32(5)),
    ));
    values.push(Value::Range(Range {
        element: ScalarType::I32,
        edges,
    }));
    let edges = Some((Edge::Unbounded, Edge::Unbounded));
    values.push(Value::Range(Range {
        element: ScalarType::I64,
        edges,
    }));
    values.push(Value::Range(Range {
        element: ScalarType::I64,
        edges: None,
    }));
    values
}
