//! Which columns are read as which types.

use onepool_proto::{DatabaseKind, ScalarType};
use sqlx_core::type_info::TypeInfo;
use sqlx_core::types::Type;

use super::cell::{PgColumn, fails, lite_text, pg, pg_text, reads};
use crate::types::OnepoolRange;
use crate::{Onepool, OnepoolTypeInfo};

fn postgres((id, detail, name): PgColumn) -> OnepoolTypeInfo {
    let name = name.to_owned();
    OnepoolTypeInfo::database(
        DatabaseKind::Postgres,
        onepool_proto::ColumnType { id, detail, name },
    )
}

#[test]
fn a_mismatch_names_both_types() {
    fails::<i64>(
        pg_text(pg::TEXT, "1"),
        "Rust type `i64` (as SQL type `BIGINT`) is not compatible with SQL type `TEXT`",
    );
    fails::<i64>(lite_text("1"), "is not compatible with SQL type `TEXT`");
    fails::<String>(pg_text(pg::COMPOSITE, "(1,x)"), "with SQL type `item`");
    fails::<Vec<i32>>(pg_text(pg::INT4, "1"), "with SQL type `INT4`");
}

#[test]
fn a_domain_is_what_it_is_over() {
    assert!(<i32 as Type<Onepool>>::compatible(&postgres(
        pg::INT4_DOMAIN
    )));
    assert!(!<i64 as Type<Onepool>>::compatible(&postgres(
        pg::INT4_DOMAIN
    )));
    assert!(<String as Type<Onepool>>::compatible(&postgres(
        pg::TEXT_DOMAIN
    )));
    let by_name = OnepoolTypeInfo::with_name("natural_number");
    assert!(by_name.type_compatible(&postgres(pg::INT4_DOMAIN)));
    let int4_list = (16_412, 1007, "list_of_numbers");
    reads(pg_text(int4_list, "{1}"), vec![1]);
    let int4_span = (16_413, 3904, "span");
    reads(pg_text(int4_span, "[1,2)"), OnepoolRange::from(1..2));
    // What an array or a range is over is not what it is.
    assert!(!<i32 as Type<Onepool>>::compatible(&postgres(
        pg::INT4_ARRAY
    )));
    assert!(!<i32 as Type<Onepool>>::compatible(&postgres(
        pg::INT4_RANGE
    )));
}

#[test]
fn names_are_compared_as_postgres_does() {
    for (name, found, same) in [
        ("mood", "mood", true),
        ("Mood", "mood", true),
        ("mood", "\"mood\"", true),
        ("mood", "\"Mood\"", false),
        ("\"Mood\"", "\"Mood\"", true),
        ("a.mood", "a.mood", true),
        ("mood", "a.mood", false),
        ("moods", "mood", false),
        ("\"a\"\"b\"", "\"a\"\"b\"", true),
        ("mood", "?", true),
    ] {
        let type_info = OnepoolTypeInfo::with_name(name);
        let column = postgres((16_400, 0, found));
        assert_eq!(type_info.type_compatible(&column), same, "{name} {found}");
    }
    reads(pg_text((16_440, 0, "citext"), "x"), "x".to_owned());
}

#[test]
fn an_argument_is_its_own_type_alone() {
    let integer = OnepoolTypeInfo::scalar(ScalarType::I32);
    assert!(<i32 as Type<Onepool>>::compatible(&integer));
    assert!(!<i64 as Type<Onepool>>::compatible(&integer));
    assert!(integer.type_compatible(&postgres(pg::INT4)));
    assert!(!integer.type_compatible(&postgres(pg::INT8)));
    let moods = OnepoolTypeInfo::array_of("mood");
    assert!(moods.type_compatible(&postgres(pg::MOOD_ARRAY)));
    assert!(!moods.type_compatible(&postgres(pg::MOOD)));
}
