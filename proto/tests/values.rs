//! Values survive the wire, whatever they are.

#[expect(dead_code, reason = "each test uses a part of it")]
mod examples;

use bytes::Bytes;
use onepool_proto::value::{Array, Edge, Range, Scalar, ScalarType, Value, ValueType};
use proptest::prelude::*;

fn scalar() -> impl Strategy<Value = Scalar> {
    let number = any::<i64>().prop_map(Scalar::I64);
    let float = any::<f64>()
        .prop_filter("comparable", |x| !x.is_nan())
        .prop_map(Scalar::F64);
    let text = any::<String>().prop_map(Scalar::Text);
    let bytes = any::<Vec<u8>>().prop_map(|bytes| Scalar::Bytes(Bytes::from(bytes)));
    let named = (any::<String>(), any::<String>())
        .prop_map(|(type_name, text)| Scalar::Named { type_name, text });
    let instant =
        (any::<i64>(), any::<u32>(), any::<i32>()).prop_map(|(seconds, nanos, offset_s)| {
            Scalar::TimestampTz {
                seconds,
                nanos,
                offset_s,
            }
        });
    let fixed = proptest::sample::select(examples::values::scalars());
    prop_oneof![number, float, text, bytes, named, instant, fixed]
}

fn value() -> impl Strategy<Value = Value> {
    let array = (
        proptest::collection::vec(any::<u32>(), 0..4),
        proptest::collection::vec(proptest::option::of(scalar()), 0..20),
    )
        .prop_map(|(dimensions, elements)| {
            Value::Array(Array {
                element: ScalarType::Text,
                dimensions,
                elements,
            })
        });
    let edge = prop_oneof![
        Just(Edge::Unbounded),
        scalar().prop_map(Edge::Included),
        scalar().prop_map(Edge::Excluded)
    ];
    let range = proptest::option::of((edge.clone(), edge)).prop_map(|edges| {
        Value::Range(Range {
            element: ScalarType::Date,
            edges,
        })
    });
    let null =
        any::<String>().prop_map(|name| Value::Null(ValueType::array(ScalarType::Named(name))));
    prop_oneof![scalar().prop_map(Value::Scalar), array, range, null]
}

proptest! {
    #[test]
    fn a_value_comes_back_as_it_went(value in value()) {
        let wire = postcard::to_stdvec(&value).unwrap();
        prop_assert_eq!(&postcard::from_bytes::<Value>(&wire).unwrap(), &value);
        prop_assert!(wire.len() <= value.wire_bytes());
    }

    #[test]
    fn garbage_is_an_error_and_not_a_panic(bytes in any::<Vec<u8>>()) {
        let _ = postcard::from_bytes::<Value>(&bytes);
    }
}
