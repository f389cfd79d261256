//! chrono's dates and times.

use chrono::{DateTime, FixedOffset, Local, NaiveDate, NaiveDateTime, NaiveTime, Utc};
use onepool_proto::Scalar;
use sqlx_core::types::Type;

use super::arguments::{binds, binds_on_sqlite};
use super::cell::{
    fails, lite_blob, lite_integer, lite_real, lite_text, my, my_binary, my_text, pg, pg_binary,
    pg_text, reads,
};

fn date(text: &str) -> NaiveDate {
    text.parse().unwrap()
}

fn time(text: &str) -> NaiveTime {
    text.parse().unwrap()
}

fn naive(text: &str) -> NaiveDateTime {
    text.parse().unwrap()
}

fn instant(text: &str) -> DateTime<FixedOffset> {
    DateTime::parse_from_rfc3339(text).unwrap()
}

#[test]
fn dates_of_postgres() {
    for (hexadecimal, text, expected) in [
        ("00000000", "2000-01-01", "2000-01-01"),
        ("ffffd533", "1970-01-01", "1970-01-01"),
        ("fff4dbf9", "0001-01-01", "0001-01-01"),
        ("002c95d3", "9999-12-31", "9999-12-31"),
    ] {
        reads(pg_binary(pg::DATE, hexadecimal), date(expected));
        reads(pg_text(pg::DATE, text), date(expected));
    }
    // 44 BC is the year -43; its text is not read, as with the direct driver.
    let ides = NaiveDate::from_ymd_opt(-43, 3, 15).unwrap();
    reads(pg_binary(pg::DATE, "fff49d7b"), ides);
    fails::<NaiveDate>(pg_text(pg::DATE, "0044-03-15 BC"), "trailing input");
    fails::<NaiveDate>(
        pg_binary(pg::DATE, "7fffffff"),
        "out of range for `NaiveDate`",
    );
    fails::<NaiveDate>(
        pg_binary(pg::DATE, "80000000"),
        "out of range for `NaiveDate`",
    );
    fails::<NaiveDate>(pg_text(pg::DATE, "infinity"), "");
}

#[test]
fn times_of_postgres() {
    reads(
        pg_binary(pg::TIME, "0000000a8be62614"),
        time("12:34:56.789012"),
    );
    reads(
        pg_text(pg::TIME, "12:34:56.789012"),
        time("12:34:56.789012"),
    );
    reads(pg_text(pg::TIME, "12:34:56"), time("12:34:56"));
    // 24:00:00
    reads(pg_binary(pg::TIME, "000000141dd76000"), time("00:00:00"));
}

#[test]
fn instants_of_postgres() {
    for (hexadecimal, text, expected) in [
        (
            "00029b8f5ef0fb72",
            "2023-04-05 06:07:08.901234",
            "2023-04-05T06:07:08.901234",
        ),
        (
            "ffffffffffffffff",
            "1999-12-31 23:59:59.999999",
            "1999-12-31T23:59:59.999999",
        ),
        (
            "ff1fe2ffc59c6000",
            "0001-01-01 00:00:00",
            "0001-01-01T00:00:00",
        ),
        (
            "0380e70b913b7fff",
            "9999-12-31 23:59:59.999999",
            "9999-12-31T23:59:59.999999",
        ),
    ] {
        reads(pg_binary(pg::TIMESTAMP, hexadecimal), naive(expected));
        reads(pg_text(pg::TIMESTAMP, text), naive(expected));
        let utc = naive(expected).and_utc();
        reads(pg_binary(pg::TIMESTAMPTZ, hexadecimal), utc);
        reads(
            pg_binary(pg::TIMESTAMPTZ, hexadecimal),
            utc.with_timezone(&Local),
        );
        reads(pg_text(pg::TIMESTAMPTZ, &format!("{text}+00")), utc);
    }
    reads(
        pg_text(pg::TIMESTAMPTZ, "2023-04-05 06:07:08.5+05:30"),
        instant("2023-04-05T06:07:08.5+05:30"),
    );
    for infinity in ["7fffffffffffffff", "8000000000000000"] {
        fails::<NaiveDateTime>(pg_binary(pg::TIMESTAMP, infinity), "out of range");
        fails::<DateTime<Utc>>(pg_binary(pg::TIMESTAMPTZ, infinity), "out of range");
    }
    fails::<DateTime<Utc>>(
        pg_binary(pg::TIMESTAMP, "0000000000000000"),
        "mismatched types",
    );
    fails::<NaiveDateTime>(
        pg_binary(pg::TIMESTAMPTZ, "0000000000000000"),
        "mismatched types",
    );
}

#[test]
fn dates_and_times_of_mysql() {
    reads(my_binary(my::DATE, "04e7070405"), date("2023-04-05"));
    reads(my_text(my::DATE, "2023-04-05"), date("2023-04-05"));
    reads(my_binary(my::TIME, "0800000000000c2238"), time("12:34:56"));
    reads(
        my_binary(my::TIME, "0c00000000000c2238140a0c00"),
        time("12:34:56.789012"),
    );
    reads(my_binary(my::TIME, "00"), time("00:00:00"));
    reads(my_text(my::TIME, "12:34:56.5"), time("12:34:56.5"));
    reads(
        my_binary(my::DATETIME, "04e7070405"),
        naive("2023-04-05T00:00:00"),
    );
    reads(
        my_binary(my::DATETIME, "07e7070405060708"),
        naive("2023-04-05T06:07:08"),
    );
    reads(
        my_binary(my::DATETIME, "0be707040506070872c00d00"),
        naive("2023-04-05T06:07:08.901234"),
    );
    reads(
        my_text(my::DATETIME, "2023-04-05 06:07:08.901234"),
        naive("2023-04-05T06:07:08.901234"),
    );
    let utc = naive("2023-04-05T06:07:08").and_utc();
    reads(my_binary(my::TIMESTAMP, "07e7070405060708"), utc);
    reads(
        my_binary(my::DATETIME, "07e7070405060708"),
        utc.fixed_offset(),
    );
    reads(
        my_text(my::TIMESTAMP, "2023-04-05 06:07:08"),
        utc.with_timezone(&Local),
    );
    fails::<NaiveDateTime>(
        my_binary(my::TIMESTAMP, "07e7070405060708"),
        "mismatched types",
    );
}

#[test]
fn what_is_no_date_or_time_in_mysql() {
    // 0000-00-00 counts as NULL.
    reads(my_binary(my::DATE, "00"), None::<NaiveDate>);
    reads(my_binary(my::DATETIME, "00"), None::<NaiveDateTime>);
    fails::<NaiveDate>(my_binary(my::DATE, "00"), "unexpected null");
    fails::<NaiveDate>(
        my_binary(my::DATE, "04e7070000"),
        "2023-00-00 is out of range",
    );
    fails::<NaiveDateTime>(my_binary(my::DATETIME, "07e7070405063c08"), "out of range");
    fails::<NaiveDate>(my_binary(my::DATE, "04e707"), "for a DATE");
    fails::<NaiveDate>(my_binary(my::DATE, ""), "for a DATE");
    // -12:34:56, 24:00:00 and 838:59:59 are spans but no times of day.
    fails::<NaiveTime>(my_binary(my::TIME, "0801000000000c2238"), "out of range");
    fails::<NaiveTime>(my_binary(my::TIME, "080001000000000000"), "out of range");
    fails::<NaiveTime>(my_text(my::TIME, "838:59:59"), "out of range");
    fails::<NaiveTime>(my_text(my::TIME, "-00:00:01"), "out of range");
}

#[test]
fn texts_of_sqlite() {
    for text in [
        "2023-04-05 06:07",
        "2023-04-05T06:07Z",
        "2023-04-05 06:07:00",
    ] {
        reads(lite_text(text), naive("2023-04-05T06:07:00"));
        reads(lite_text(text), naive("2023-04-05T06:07:00").and_utc());
    }
    reads(
        lite_text("2023-04-05T06:07:08.901234567+02:00"),
        instant("2023-04-05T06:07:08.901234567+02:00"),
    );
    reads(
        lite_text("2023-04-05 06:07:08.5-02:30"),
        instant("2023-04-05T06:07:08.5-02:30").to_utc(),
    );
    reads(lite_text("12:34"), time("12:34:00"));
    reads(lite_text("12:34:56.789012345"), time("12:34:56.789012345"));
    reads(lite_text("0001-01-01"), date("0001-01-01"));
    reads(lite_integer(1_680_674_828), naive("2023-04-05T06:07:08"));
    reads(lite_real(2_440_587.75), naive("1970-01-01T06:00:00"));
    fails::<NaiveDateTime>(lite_text("yesterday"), "`yesterday` is not a date and time");
    fails::<NaiveTime>(lite_text("25:00"), "`25:00` is not a time");
    fails::<NaiveDateTime>(lite_integer(i64::MAX), "out of range");
    fails::<NaiveDateTime>(lite_real(f64::INFINITY), "out of range");
    fails::<NaiveDateTime>(lite_blob(b"x"), "mismatched types");
    fails::<NaiveDateTime>(lite_text("").null(), "unexpected null");
    reads(lite_text("").null(), None::<NaiveDateTime>);
}

#[test]
fn dates_and_times_bind() {
    binds(date("1969-12-31"), Scalar::Date { days: -1 });
    binds(date("9999-12-31"), Scalar::Date { days: 2_932_896 });
    binds(
        time("23:59:59.999999999"),
        Scalar::Time {
            nanos: 86_399_999_999_999,
        },
    );
    binds(
        naive("1969-12-31T23:59:59.5"),
        Scalar::Timestamp {
            seconds: -1,
            nanos: 500_000_000,
        },
    );
    binds(
        instant("2023-04-05T06:07:08.000000001+02:00"),
        Scalar::TimestampTz {
            seconds: 1_680_667_628,
            nanos: 1,
            offset_s: 7200,
        },
    );
}

#[test]
fn sqlite_is_given_the_texts_of_the_direct_driver() {
    binds_on_sqlite(date("0001-01-01"), "0001-01-01");
    binds_on_sqlite(time("12:34:56"), "12:34:56");
    binds_on_sqlite(time("12:34:56.5"), "12:34:56.500");
    binds_on_sqlite(naive("2023-04-05T06:07:08"), "2023-04-05 06:07:08");
    binds_on_sqlite(
        naive("2023-04-05T06:07:08.901234567"),
        "2023-04-05 06:07:08.901234567",
    );
    binds_on_sqlite(
        naive("2023-04-05T06:07:08.9").and_utc(),
        "2023-04-05T06:07:08.900+00:00",
    );
    binds_on_sqlite(
        instant("2023-04-05T06:07:08-02:30"),
        "2023-04-05T06:07:08-02:30",
    );
}

#[test]
fn a_leap_second_is_the_second_after_it_but_on_sqlite() {
    let leap = NaiveDate::from_ymd_opt(2016, 12, 31)
        .unwrap()
        .and_hms_milli_opt(23, 59, 59, 1_500)
        .unwrap();
    binds(
        leap,
        Scalar::Timestamp {
            seconds: 1_483_228_800,
            nanos: 500_000_000,
        },
    );
    binds_on_sqlite(leap, "2016-12-31 23:59:60.500");
}

#[test]
fn an_instant_has_one_type_in_every_time_zone() {
    let utc = <DateTime<Utc> as Type<crate::Onepool>>::type_info();
    assert_eq!(utc, <DateTime<Local> as Type<crate::Onepool>>::type_info());
}
