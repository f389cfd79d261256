//! time's dates and times.

use onepool_proto::{DatabaseKind, Scalar};
use sqlx_core::arguments::Arguments;
use time::macros::{date, datetime, time};
use time::{Date, OffsetDateTime, PrimitiveDateTime, Time};

use super::arguments::{binds, binds_on_sqlite};
use super::cell::{
    fails, lite_integer, lite_real, lite_text, my, my_binary, my_text, pg, pg_binary, pg_text,
    reads,
};
use crate::OnepoolArguments;

#[test]
fn dates_of_postgres() {
    for (hexadecimal, text, expected) in [
        ("00000000", "2000-01-01", date!(2000 - 01 - 01)),
        ("ffffd533", "1970-01-01", date!(1970 - 01 - 01)),
        ("fff4dbf9", "0001-01-01", date!(0001 - 01 - 01)),
        ("002c95d3", "9999-12-31", date!(9999 - 12 - 31)),
    ] {
        reads(pg_binary(pg::DATE, hexadecimal), expected);
        reads(pg_text(pg::DATE, text), expected);
    }
    reads(pg_binary(pg::DATE, "fff49d7b"), date!(-0043 - 03 - 15));
    fails::<Date>(
        pg_binary(pg::DATE, "7fffffff"),
        "out of range for `time::Date`",
    );
    fails::<Date>(
        pg_binary(pg::DATE, "80000000"),
        "out of range for `time::Date`",
    );
    fails::<Date>(pg_text(pg::DATE, "infinity"), "");
}

#[test]
fn times_of_postgres() {
    reads(
        pg_binary(pg::TIME, "0000000a8be62614"),
        time!(12:34:56.789012),
    );
    reads(pg_text(pg::TIME, "12:34:56.789012"), time!(12:34:56.789012));
    reads(pg_text(pg::TIME, "12:34:56"), time!(12:34:56));
    reads(pg_binary(pg::TIME, "000000141dd76000"), time!(0:00));
}

#[test]
fn instants_of_postgres() {
    for (hexadecimal, text, expected) in [
        (
            "00029b8f5ef0fb72",
            "2023-04-05 06:07:08.901234",
            datetime!(2023-04-05 06:07:08.901234),
        ),
        (
            "ffffffffffffffff",
            "1999-12-31 23:59:59.999999",
            datetime!(1999-12-31 23:59:59.999999),
        ),
        (
            "ff1fe2ffc59c6000",
            "0001-01-01 00:00:00",
            datetime!(0001-01-01 0:00),
        ),
        (
            "0380e70b913b7fff",
            "9999-12-31 23:59:59.999999",
            datetime!(9999-12-31 23:59:59.999999),
        ),
    ] {
        reads(pg_binary(pg::TIMESTAMP, hexadecimal), expected);
        reads(pg_text(pg::TIMESTAMP, text), expected);
        reads(
            pg_binary(pg::TIMESTAMPTZ, hexadecimal),
            expected.assume_utc(),
        );
        reads(
            pg_text(pg::TIMESTAMPTZ, &format!("{text}+00")),
            expected.assume_utc(),
        );
    }
    reads(
        pg_text(pg::TIMESTAMPTZ, "2023-04-05 06:07:08-02:30"),
        datetime!(2023-04-05 06:07:08 -2:30),
    );
    for infinity in ["7fffffffffffffff", "8000000000000000"] {
        fails::<PrimitiveDateTime>(pg_binary(pg::TIMESTAMP, infinity), "out of range");
        fails::<OffsetDateTime>(pg_binary(pg::TIMESTAMPTZ, infinity), "out of range");
    }
}

#[test]
fn dates_and_times_of_mysql() {
    reads(my_binary(my::DATE, "04e7070405"), date!(2023 - 04 - 05));
    reads(my_text(my::DATE, "2023-04-05"), date!(2023 - 04 - 05));
    reads(
        my_binary(my::TIME, "0c00000000000c2238140a0c00"),
        time!(12:34:56.789012),
    );
    reads(my_text(my::TIME, "12:34:56"), time!(12:34:56));
    reads(
        my_binary(my::DATETIME, "04e7070405"),
        datetime!(2023-04-05 0:00),
    );
    reads(
        my_binary(my::DATETIME, "0be707040506070872c00d00"),
        datetime!(2023-04-05 06:07:08.901234),
    );
    reads(
        my_text(my::DATETIME, "2023-04-05 06:07:08"),
        datetime!(2023-04-05 06:07:08),
    );
    reads(
        my_binary(my::TIMESTAMP, "07e7070405060708"),
        datetime!(2023-04-05 06:07:08 UTC),
    );
    reads(my_binary(my::TIMESTAMP, "00"), None::<OffsetDateTime>);
    fails::<Date>(my_binary(my::DATE, "00"), "unexpected null");
    fails::<Date>(my_binary(my::DATE, "04e7070000"), "");
    fails::<Time>(my_binary(my::TIME, "0801000000000c2238"), "out of range");
    fails::<PrimitiveDateTime>(my_binary(my::DATETIME, "07e7070405063c08"), "");
}

#[test]
fn texts_of_sqlite() {
    for text in [
        "2023-04-05 06:07",
        "2023-04-05T06:07:00Z",
        "2023-04-05 06:07:00.0",
        "2023-04-05T06:07",
    ] {
        reads(lite_text(text), datetime!(2023-04-05 06:07));
        reads(lite_text(text), datetime!(2023-04-05 06:07 UTC));
    }
    reads(
        lite_text("2023-04-05T06:07:08.901234567+02:00"),
        datetime!(2023-04-05 06:07:08.901234567 +2),
    );
    reads(
        lite_text("2023-04-05 06:07:08-02"),
        datetime!(2023-04-05 06:07:08 -2),
    );
    reads(lite_integer(1_680_674_828), datetime!(2023-04-05 06:07:08));
    reads(lite_text("12:34"), time!(12:34));
    reads(lite_text("12:34:56.5"), time!(12:34:56.5));
    reads(lite_text("-0043-03-15"), date!(-0043 - 03 - 15));
    fails::<OffsetDateTime>(lite_text("now"), "`now` is not a date and time");
    fails::<OffsetDateTime>(lite_integer(i64::MAX), "");
    fails::<OffsetDateTime>(lite_real(2_440_587.5), "mismatched types");
    fails::<OffsetDateTime>(lite_text("").null(), "unexpected null");
}

#[test]
fn dates_and_times_bind() {
    binds(date!(1969 - 12 - 31), Scalar::Date { days: -1 });
    binds(
        time!(23:59:59.999999999),
        Scalar::Time {
            nanos: 86_399_999_999_999,
        },
    );
    binds(
        datetime!(1969-12-31 23:59:59.5),
        Scalar::Timestamp {
            seconds: -1,
            nanos: 500_000_000,
        },
    );
    binds(
        datetime!(2023-04-05 06:07:08.000000001 +2),
        Scalar::TimestampTz {
            seconds: 1_680_667_628,
            nanos: 1,
            offset_s: 7200,
        },
    );
}

#[test]
fn sqlite_is_given_the_texts_of_the_direct_driver() {
    binds_on_sqlite(date!(0001 - 01 - 01), "0001-01-01");
    binds_on_sqlite(time!(12:34:56), "12:34:56.0");
    binds_on_sqlite(time!(12:34:56.5), "12:34:56.5");
    binds_on_sqlite(datetime!(2023-04-05 06:07:08), "2023-04-05 06:07:08.0");
    binds_on_sqlite(
        datetime!(2023-04-05 06:07:08.901234567),
        "2023-04-05 06:07:08.901234567",
    );
    binds_on_sqlite(
        datetime!(2023-04-05 06:07:08.9 UTC),
        "2023-04-05T06:07:08.9Z",
    );
    binds_on_sqlite(
        datetime!(2023-04-05 06:07:08 -2:30),
        "2023-04-05T06:07:08-02:30",
    );
}

#[test]
fn what_has_no_text_fails_on_sqlite_alone() {
    let before_christ = datetime!(-0043-03-15 12:00 UTC);
    let mut arguments = OnepoolArguments::default();
    arguments.add(before_christ).unwrap();
    assert!(
        arguments
            .clone()
            .into_values(DatabaseKind::Postgres)
            .is_ok()
    );
    let error = arguments.into_values(DatabaseKind::Sqlite).unwrap_err();
    assert!(error.to_string().contains("year"), "{error}");
}
