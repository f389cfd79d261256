//! Ranges.

use std::ops::{Bound, RangeBounds};

use chrono::{DateTime, NaiveDate, Utc};
use onepool_proto::value::{Array, Edge, Range, Value};
use onepool_proto::{Scalar, ScalarType};
use rust_decimal::Decimal;

use super::arguments::value_of;
use super::cell::{fails, lite_text, my, my_text, pg, pg_binary, pg_text, reads};
use crate::types::OnepoolRange;

#[test]
fn ranges_are_read_in_both_formats() {
    let ten = OnepoolRange::from(1..10);
    reads(
        pg_binary(pg::INT4_RANGE, "020000000400000001000000040000000a"),
        ten,
    );
    reads(pg_text(pg::INT4_RANGE, "[1,10)"), ten);
    let below = OnepoolRange::from(..5_i64);
    reads(
        pg_binary(pg::INT8_RANGE, "08000000080000000000000005"),
        below,
    );
    reads(pg_text(pg::INT8_RANGE, "(,5)"), below);
    let all = OnepoolRange::<NaiveDate>::from((Bound::Unbounded, Bound::Unbounded));
    reads(pg_binary(pg::DATE_RANGE, "18"), all);
    reads(pg_text(pg::DATE_RANGE, "(,)"), all);
    let decimal = |text: &str| text.parse::<Decimal>().unwrap();
    let half_open = OnepoolRange::from([
        Bound::Excluded(decimal("1.5")),
        Bound::Included(decimal("2.50")),
    ]);
    reads(
        pg_binary(
            pg::NUM_RANGE,
            "040000000c0002000000000001000113880000000c000200000000000200021388",
        ),
        half_open,
    );
    reads(pg_text(pg::NUM_RANGE, "(1.5,2.50]"), half_open);
    reads(
        pg_text(pg::TSTZ_RANGE, r#"["2020-01-01 00:00:00+00",)"#),
        OnepoolRange::from("2020-01-01T00:00:00Z".parse::<DateTime<Utc>>().unwrap()..),
    );
}

#[test]
fn an_empty_range_is_read_as_one_without_bounds() {
    let unbounded = OnepoolRange::<i32>::from((Bound::Unbounded, Bound::Unbounded));
    reads(pg_binary(pg::INT4_RANGE, "01"), unbounded);
    reads(pg_text(pg::INT4_RANGE, "empty"), unbounded);
}

#[test]
fn ranges_made_by_create_type() {
    reads(
        pg_text(pg::FLOAT_RANGE, "[1.5,2]"),
        OnepoolRange::from(1.5..=2.0),
    );
    fails::<OnepoolRange<i32>>(pg_text(pg::FLOAT_RANGE, "[1,2]"), "mismatched types");
}

#[test]
fn quotes_and_escapes() {
    let words = |start: &str, end: &str| OnepoolRange::from(start.to_owned()..end.to_owned());
    let column = (16_421, 25, "textrange");
    reads(pg_text(column, r#"["a,b","c""d")"#), words("a,b", "c\"d"));
    reads(pg_text(column, r#"["",z\\)"#), words("", "z\\"));
    reads(pg_text(column, r#"["a\"b",")")"#), words("a\"b", ")"));
}

#[test]
fn what_is_no_range() {
    for wrong in [
        "", "[", "1,2", "[1,2", "[1 2)", "[1,2,3)", "[1,2)x", "[\"1,2)", "[1,2\\",
    ] {
        fails::<OnepoolRange<i32>>(pg_text(pg::INT4_RANGE, wrong), "is not a range");
    }
    for wrong in ["", "1800", "02000000040000000100000004000000"] {
        assert!(
            pg_binary(pg::INT4_RANGE, wrong)
                .get::<OnepoolRange<i32>>()
                .is_err(),
            "{wrong}"
        );
    }
    fails::<OnepoolRange<i64>>(pg_text(pg::INT4_RANGE, "[1,2)"), "mismatched types");
    fails::<OnepoolRange<i32>>(pg_text(pg::INT4, "1"), "mismatched types");
    fails::<OnepoolRange<i32>>(my_text(my::VARCHAR, "[1,2)"), "mismatched types");
    fails::<OnepoolRange<i32>>(lite_text("[1,2)"), "mismatched types");
}

#[test]
fn ranges_bind() {
    let range = |edges| {
        Value::Range(Range {
            element: ScalarType::I32,
            edges: Some(edges),
        })
    };
    let one = Scalar::I32(1);
    let two = Scalar::I32(2);
    for (bound, expected) in [
        (
            OnepoolRange::from(1..2),
            (Edge::Included(one.clone()), Edge::Excluded(two.clone())),
        ),
        (
            OnepoolRange::from(1..=2),
            (Edge::Included(one.clone()), Edge::Included(two.clone())),
        ),
        (
            OnepoolRange::from(1..),
            (Edge::Included(one), Edge::Unbounded),
        ),
        (
            OnepoolRange::from(..2),
            (Edge::Unbounded, Edge::Excluded(two.clone())),
        ),
        (
            OnepoolRange::from(..=2),
            (Edge::Unbounded, Edge::Included(two)),
        ),
    ] {
        assert_eq!(value_of(bound), range(expected));
    }
}

#[test]
fn a_range_says_what_it_contains_and_prints_as_postgres_does() {
    let range = OnepoolRange::from([Bound::Excluded(1), Bound::Included(3)]);
    assert!(range.contains(&3) && !range.contains(&1));
    assert_eq!(range.to_string(), "(1,3]");
    assert_eq!(OnepoolRange::from(..3).to_string(), "(,3)");
    assert_eq!(OnepoolRange::from(3..).to_string(), "[3,)");
}

#[test]
fn ranges_in_arrays_are_text_of_their_type() {
    let element = |type_name: &str, text: &str| {
        Some(Scalar::Named {
            type_name: format!("pg_catalog.{type_name}"),
            text: text.to_owned(),
        })
    };
    let array = |type_name: &str, elements: Vec<Option<Scalar>>| {
        Value::Array(Array {
            element: ScalarType::Named(format!("pg_catalog.{type_name}")),
            dimensions: vec![u32::try_from(elements.len()).unwrap()],
            elements,
        })
    };
    assert_eq!(
        value_of(vec![
            Some(OnepoolRange::from(-1..2)),
            None,
            Some(OnepoolRange::from(..=3))
        ]),
        array(
            "int4range",
            vec![
                element("int4range", r#"["-1","2")"#),
                None,
                element("int4range", r#"(,"3"]"#),
            ],
        )
    );
    let moment = |text: &str| text.parse::<DateTime<Utc>>().unwrap();
    let around =
        OnepoolRange::from(moment("1969-12-31T23:59:58.5Z")..moment("2000-01-01T12:00:00Z"));
    assert_eq!(
        value_of(vec![around]),
        array(
            "tstzrange",
            vec![element(
                "tstzrange",
                r#"["J2440587 23:59:58.500000+00","J2451545 12:00:00.000000+00")"#,
            )],
        )
    );
}
