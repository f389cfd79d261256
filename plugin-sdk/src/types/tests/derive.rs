//! sqlx's own derive macros.

use sqlx::{FromRow, Row};

use super::arguments::binds;
use super::cell::{fails, lite_integer, my, my_binary, pg, pg_binary, pg_text, reads};
use crate::OnepoolRow;
use crate::types::{OnepoolArrayElement, Scalar};

#[derive(Clone, Copy, Debug, PartialEq, sqlx::Type)]
#[sqlx(transparent)]
struct UserId(i64);

impl OnepoolArrayElement for UserId {}

#[derive(Clone, Debug, PartialEq, sqlx::Type)]
#[sqlx(transparent)]
struct Named<T> {
    name: T,
}

#[derive(Clone, Copy, Debug, PartialEq, sqlx::Type)]
#[repr(i32)]
enum Level {
    Low = 1,
    High = 2,
}

#[test]
fn a_newtype_is_what_it_wraps() {
    reads(pg_binary(pg::INT8, "0000000000000007"), UserId(7));
    reads(my_binary(my::BIGINT, "0700000000000000"), UserId(7));
    reads(lite_integer(7), UserId(7));
    binds(UserId(7), Scalar::I64(7));
    fails::<UserId>(pg_binary(pg::INT4, "00000007"), "mismatched types");
    let name = "x".to_owned();
    reads(pg_text(pg::TEXT, "x"), Named { name });
    reads(
        pg_text((1016, 20, "INT8[]"), "{1,2}"),
        vec![UserId(1), UserId(2)],
    );
}

#[test]
fn an_enum_of_integers_is_its_integers() {
    reads(pg_binary(pg::INT4, "00000002"), Level::High);
    reads(my_binary(my::INT, "01000000"), Level::Low);
    reads(lite_integer(2), Level::High);
    binds(Level::Low, Scalar::I32(1));
    fails::<Level>(lite_integer(3), "invalid value 3 for enum Level");
}

#[derive(Debug, FromRow)]
struct User {
    #[expect(dead_code, reason = "only that it is read is asked")]
    id: UserId,
    #[expect(dead_code, reason = "only that it is read is asked")]
    level: Option<Level>,
}

#[test]
fn rows_become_structs() {
    fn is_read<T: for<'r> FromRow<'r, OnepoolRow>>() {}
    is_read::<User>();
    is_read::<(UserId, Option<Level>)>();
    fn has_columns<R: Row>() {}
    has_columns::<OnepoolRow>();
}
