//! Intervals and durations.

use std::time::Duration;

use chrono::TimeDelta;
use onepool_proto::Scalar;
use sqlx_core::arguments::Arguments;

use super::arguments::binds;
use super::cell::{fails, lite_integer, my, my_binary, my_text, pg, pg_binary, pg_text, reads};
use crate::OnepoolArguments;
use crate::types::OnepoolInterval;

const fn interval(months: i32, days: i32, microseconds: i64) -> OnepoolInterval {
    OnepoolInterval {
        months,
        days,
        microseconds,
    }
}

#[test]
fn intervals_of_postgres() {
    for (hexadecimal, text, expected) in [
        (
            "000000036c97ca88000000030000000e",
            "1 year 2 mons 3 days 04:05:06.789",
            interval(14, 3, 14_706_789_000),
        ),
        (
            "fffffffffffffffffffffffeffffffff",
            "-1 mons -2 days -00:00:00.000001",
            interval(-1, -2, -1),
        ),
        (
            "80000000000000008000000080000000",
            "-178956970 years -8 mons -2147483648 days -2562047788:00:54.775808",
            interval(i32::MIN, i32::MIN, i64::MIN),
        ),
        (
            "00000000000000000000000000000000",
            "00:00:00",
            interval(0, 0, 0),
        ),
        (
            "00000000000000000000000100000000",
            "1 day",
            interval(0, 1, 0),
        ),
        (
            "000000000007a120fffffffe00000001",
            "1 mon -2 days +00:00:00.5",
            interval(1, -2, 500_000),
        ),
        (
            "0001476cb545c800000000000000000c",
            "1 year 100002:00:00",
            interval(12, 0, 360_007_200_000_000),
        ),
    ] {
        reads(pg_binary(pg::INTERVAL, hexadecimal), expected);
        reads(pg_text(pg::INTERVAL, text), expected);
    }
    for wrong in [
        "",
        "1",
        "1 fortnight",
        "x days",
        "1:2:3",
        "00:00:00 1 day",
        "00:61:00",
    ] {
        fails::<OnepoolInterval>(pg_text(pg::INTERVAL, wrong), "is not an INTERVAL");
    }
    fails::<OnepoolInterval>(pg_binary(pg::INTERVAL, "00"), "expected 16 bytes");
}

#[test]
fn times_of_mysql_are_intervals() {
    for (hexadecimal, text, micros) in [
        ("00", "00:00:00", 0),
        ("0800000000000c2238", "12:34:56", 45_296_000_000),
        ("0801000000000c2238", "-12:34:56", -45_296_000_000),
        (
            "0c01000000000000012 0a10700",
            "-00:00:01.500000",
            -1_500_000,
        ),
        ("080022000000163b3b", "838:59:59", 3_020_399_000_000),
    ] {
        let hexadecimal = hexadecimal.replace(' ', "");
        reads(my_binary(my::TIME, &hexadecimal), interval(0, 0, micros));
        reads(my_text(my::TIME, text), interval(0, 0, micros));
        reads(
            my_binary(my::TIME, &hexadecimal),
            TimeDelta::microseconds(micros),
        );
        reads(
            my_text(my::TIME, text),
            time::Duration::microseconds(micros),
        );
        match u64::try_from(micros) {
            Ok(micros) => reads(my_text(my::TIME, text), Duration::from_micros(micros)),
            Err(_) => fails::<Duration>(my_text(my::TIME, text), "out of range"),
        }
    }
    fails::<OnepoolInterval>(
        my_binary(my::TIME, "0802000000000c2238"),
        "the sign of a TIME",
    );
    fails::<OnepoolInterval>(my_binary(my::TIME, "08"), "for a TIME");
    fails::<OnepoolInterval>(my_binary(my::TIME, ""), "for a TIME");
    fails::<OnepoolInterval>(my_text(my::TIME, "12:34"), "is not a TIME");
}

#[test]
fn durations_are_read_where_the_length_is_fixed() {
    let second = pg_binary(pg::INTERVAL, "00000000000f42400000000000000000");
    reads(second.clone(), Duration::from_secs(1));
    reads(second.clone(), TimeDelta::seconds(1));
    reads(second, time::Duration::SECOND);
    let day = pg_text(pg::INTERVAL, "1 day");
    fails::<Duration>(day.clone(), "0 months and 1 days is out of range");
    fails::<TimeDelta>(day.clone(), "out of range for `chrono::TimeDelta`");
    fails::<time::Duration>(day, "out of range for `time::Duration`");
    fails::<OnepoolInterval>(lite_integer(1), "mismatched types");
}

#[test]
fn durations_bind_as_microseconds() {
    let scalar = |micros| Scalar::Interval {
        months: 0,
        days: 0,
        micros,
    };
    binds(Duration::from_micros(27_000), scalar(27_000));
    binds(TimeDelta::microseconds(-1_500_000), scalar(-1_500_000));
    binds(TimeDelta::microseconds(i64::MIN), scalar(i64::MIN));
    binds(time::Duration::microseconds(-1), scalar(-1));
    binds(
        interval(i32::MIN, i32::MAX, i64::MIN),
        Scalar::Interval {
            months: i32::MIN,
            days: i32::MAX,
            micros: i64::MIN,
        },
    );
}

#[test]
fn what_would_lose_a_part_is_refused() {
    let mut arguments = OnepoolArguments::default();
    assert!(arguments.add(Duration::from_nanos(1_001)).is_err());
    assert!(arguments.add(Duration::MAX).is_err());
    assert!(arguments.add(TimeDelta::nanoseconds(-1)).is_err());
    assert!(arguments.add(TimeDelta::MIN).is_err());
    assert!(arguments.add(time::Duration::nanoseconds(1)).is_err());
    assert!(arguments.add(time::Duration::MIN).is_err());
    assert_eq!(arguments.len(), 0);
}
