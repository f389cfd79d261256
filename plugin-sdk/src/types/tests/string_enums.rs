//! Enums by name.

use onepool_proto::value::{Array, Value};
use onepool_proto::{DatabaseKind, Scalar, ScalarType, ValueType};
use sqlx_core::arguments::Arguments;

use super::arguments::{binds, binds_on_sqlite, value_of};
use super::cell::{fails, lite_integer, lite_text, my, my_text, pg, pg_binary, pg_text, reads};
use crate::OnepoolArguments;

#[derive(Clone, Copy, Debug, PartialEq)]
enum Mood {
    Sad,
    Happy,
}

crate::impl_string_enum!(Mood as "mood" {
    Sad = "sad",
    Happy = "happy",
});

fn named(text: &str) -> Scalar {
    Scalar::Named {
        type_name: "mood".to_owned(),
        text: text.to_owned(),
    }
}

#[test]
fn read_by_name() {
    reads(pg_text(pg::MOOD, "happy"), Mood::Happy);
    reads(pg_binary(pg::MOOD, "736164"), Mood::Sad);
    reads(pg_text((16_400, 0, "\"mood\""), "sad"), Mood::Sad);
    reads(pg_text(pg::UNRESOLVED, "sad"), Mood::Sad);
    reads(my_text(my::ENUM, "happy"), Mood::Happy);
    reads(my_text(my::VARCHAR, "happy"), Mood::Happy);
    reads(lite_text("sad"), Mood::Sad);
    reads(pg_text(pg::MOOD, "").null(), None::<Mood>);
    fails::<Mood>(lite_text("angry"), "`angry` is not Mood");
    fails::<Mood>(pg_text((16_400, 0, "\"Mood\""), "sad"), "mismatched types");
    fails::<Mood>(pg_text(pg::TEXT, "sad"), "mismatched types");
    fails::<Mood>(lite_integer(1), "mismatched types");
    fails::<String>(pg_text(pg::MOOD, "sad"), "mismatched types");
}

#[test]
fn arrays_of_them() {
    reads(
        pg_text(pg::MOOD_ARRAY, "{sad,NULL}"),
        vec![Some(Mood::Sad), None],
    );
    fails::<Vec<Mood>>(pg_text(pg::TEXT_ARRAY, "{sad}"), "mismatched types");
    assert_eq!(
        value_of(vec![Mood::Sad]),
        Value::Array(Array {
            element: ScalarType::Named("mood".into()),
            dimensions: vec![1],
            elements: vec![Some(named("sad"))],
        })
    );
}

#[test]
fn bind_by_name() {
    binds(Mood::Happy, named("happy"));
    binds_on_sqlite(Mood::Happy, "happy");
    let mut arguments = OnepoolArguments::default();
    arguments.add(None::<Mood>).unwrap();
    assert_eq!(
        arguments.into_values(DatabaseKind::Postgres).unwrap(),
        [Value::Null(ValueType::scalar(ScalarType::Named(
            "mood".into()
        )))]
    );
}
