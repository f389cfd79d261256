//! Arrays.

use bytes::Bytes;
use onepool_proto::value::{Array, Value};
use onepool_proto::{Scalar, ScalarType};
use serde_json::json;
use sqlx_core::types::{JsonValue, Text};

use super::arguments::value_of;
use super::cell::{TestCell, fails, lite_text, my, my_text, pg, pg_binary, pg_text, reads};

const NUMBERS: &str =
    "000000010000000100000017000000030000000100000004000000010000000400000002ffffffff";
const EMPTY: &str = "000000000000000000000017";

#[test]
fn one_dimension() {
    let numbers = vec![Some(1), Some(2), None];
    reads(pg_binary(pg::INT4_ARRAY, NUMBERS), numbers.clone());
    reads(pg_text(pg::INT4_ARRAY, "{1,2,NULL}"), numbers.clone());
    reads(
        pg_text(pg::INT4_ARRAY, "{1,2,NULL}"),
        [Some(1), Some(2), None],
    );
    reads(pg_binary(pg::INT4_ARRAY, EMPTY), Vec::<i32>::new());
    reads(pg_text(pg::INT4_ARRAY, "{}"), Vec::<i32>::new());
    fails::<Vec<i32>>(pg_binary(pg::INT4_ARRAY, NUMBERS), "unexpected null");
    fails::<[i32; 2]>(pg_text(pg::INT4_ARRAY, "{1}"), "an array of 1 elements");
    reads(pg_text(pg::INT4_ARRAY, "").null(), None::<Vec<i32>>);
}

#[test]
fn elements_are_read_as_cells_of_their_type() {
    let words = [Some("a"), Some(""), None, Some("NULL")].map(|word| word.map(str::to_owned));
    let binary =
        "0000000100000001000000190000000400000001000000016100000000ffffffff000000044e554c4c";
    reads(pg_binary(pg::TEXT_ARRAY, binary), words.to_vec());
    reads(
        pg_text(pg::TEXT_ARRAY, r#"{a,"",NULL,"NULL"}"#),
        words.to_vec(),
    );
    reads(
        pg_text(
            pg::TEXT_ARRAY,
            r#"{"a b","q\"q","b\\s","{x}","a,b"," ","é"}"#,
        ),
        ["a b", "q\"q", "b\\s", "{x}", "a,b", " ", "é"].map(str::to_owned),
    );
    reads(pg_text(pg::TEXT_ARRAY, "{1,2}"), vec![Text(1_u8), Text(2)]);
    reads(
        pg_text(pg::BYTEA_ARRAY, r#"{"\\xdead"}"#),
        vec![vec![0xde, 0xad]],
    );
    // The version of a JSONB is before each element too.
    let jsonb = "000000010000000000000eda0000000100000001000000030131 20".replace(' ', "");
    reads::<Vec<JsonValue>>(pg_binary(pg::JSONB_ARRAY, &jsonb), vec![json!(1)]);
    let moods = vec!["sad".to_owned()];
    reads(pg_text((1015, 1043, "VARCHAR[]"), "{sad}"), moods);
}

#[test]
fn what_is_no_simple_array() {
    let matrix = "000000020000000000000017000000020000000100000002000000010000000400000001000000040000000200000004000000030000000400000004";
    for cell in [
        pg_binary(pg::INT4_ARRAY, matrix),
        pg_text(pg::INT4_ARRAY, "{{1,2},{3,4}}"),
    ] {
        fails::<Vec<i32>>(cell, "only arrays of one dimension");
    }
    for cell in [
        pg_binary(
            pg::INT4_ARRAY,
            "000000010000000000000017000000020000000000000004000000070000000400000008",
        ),
        pg_text(pg::INT4_ARRAY, "[0:1]={7,8}"),
    ] {
        fails::<Vec<i32>>(cell, "only arrays that begin at one");
    }
}

#[test]
fn what_is_no_array() {
    for wrong in [
        "", "{", "}", "1,2", "{1,}", "{,}", "{1", "{\"1}", "{\"1\"2}", "{1}2", "{a\\b}",
    ] {
        fails::<Vec<String>>(pg_text(pg::TEXT_ARRAY, wrong), "is not an array");
    }
    for wrong in [
        "",
        "00000001",
        "ffffffff",
        &NUMBERS[..NUMBERS.len() - 2],
        &NUMBERS[..40],
    ] {
        assert!(
            pg_binary(pg::INT4_ARRAY, wrong)
                .get::<Vec<Option<i32>>>()
                .is_err(),
            "{wrong}"
        );
    }
    // Billions of elements that are not there.
    let claimed = "0000000100000000000000177fffffff00000001";
    fails::<Vec<i32>>(pg_binary(pg::INT4_ARRAY, claimed), "an element");
    fails::<Vec<i32>>(pg_binary(pg::TEXT_ARRAY, EMPTY), "mismatched types");
    fails::<Vec<i32>>(my_text(my::VARCHAR, "{1}"), "mismatched types");
    fails::<Vec<i32>>(lite_text("{1}"), "mismatched types");
}

#[test]
fn arrays_bind_flat() {
    let expected = |elements: Vec<Option<Scalar>>, dimensions: Vec<u32>| {
        Value::Array(Array {
            element: ScalarType::I32,
            dimensions,
            elements,
        })
    };
    let two = vec![Some(Scalar::I32(1)), None];
    assert_eq!(
        value_of(vec![Some(1), None]),
        expected(two.clone(), vec![2])
    );
    assert_eq!(value_of([Some(1), None]), expected(two.clone(), vec![2]));
    assert_eq!(value_of(&[Some(1), None][..]), expected(two, vec![2]));
    assert_eq!(value_of(Vec::<i32>::new()), expected(vec![], vec![]));
    assert_eq!(
        value_of(vec!["a"]),
        Value::Array(Array {
            element: ScalarType::Text,
            dimensions: vec![1],
            elements: vec![Some(Scalar::Text("a".into()))],
        })
    );
    assert_eq!(
        value_of(vec![vec![1_u8, 2]]),
        Value::Array(Array {
            element: ScalarType::Bytes,
            dimensions: vec![1],
            elements: vec![Some(Scalar::Bytes(Bytes::from_static(&[1, 2])))],
        })
    );
    assert_eq!(
        value_of(None::<Vec<i32>>),
        Value::Null(onepool_proto::ValueType::array(ScalarType::I32))
    );
}

#[test]
fn an_array_of_an_unresolved_type_is_read_by_name_alone() {
    let cell: TestCell = pg_text(pg::UNRESOLVED, "{sad}");
    reads(cell, vec!["sad".to_owned()]);
}
