//! Times of day with an offset from UTC.

use chrono::{FixedOffset, NaiveTime};
use onepool_proto::Scalar;
use time::macros::{offset, time};
use time::{Time, UtcOffset};

use super::arguments::binds;
use super::cell::{fails, lite_text, my, my_text, pg, pg_binary, pg_text, reads};
use crate::types::OnepoolTimeTz;

#[test]
fn with_chrono() {
    let expected = |text: &str, east: i32| OnepoolTimeTz {
        time: text.parse().unwrap(),
        offset: FixedOffset::east_opt(east).unwrap(),
    };
    let half_past = expected("12:34:56.789012", 19_800);
    reads(pg_binary(pg::TIMETZ, "0000000a8be62614ffffb2a8"), half_past);
    reads(pg_text(pg::TIMETZ, "12:34:56.789012+05:30"), half_past);
    reads(
        pg_binary(pg::TIMETZ, "00000000dde878c000007080"),
        expected("01:02:03", -28_800),
    );
    reads(
        pg_text(pg::TIMETZ, "01:02:03-08"),
        expected("01:02:03", -28_800),
    );
    reads(
        pg_text(pg::TIMETZ, "01:02:03+00:00:30"),
        expected("01:02:03", 30),
    );
    type TimeTz = OnepoolTimeTz<NaiveTime, FixedOffset>;
    fails::<TimeTz>(pg_binary(pg::TIMETZ, "0000000a8be62614"), "expected");
    fails::<TimeTz>(
        pg_binary(pg::TIMETZ, "0000000a8be6261480000000"),
        "out of range",
    );
    fails::<TimeTz>(pg_text(pg::TIMETZ, "01:02:03"), "is not a TIMETZ");
    fails::<TimeTz>(pg_text(pg::TIMETZ, "01:02:03+99"), "out of range");
    binds(
        expected("12:34:56.789012", 19_800),
        Scalar::TimeTz {
            nanos: 45_296_789_012_000,
            offset_s: 19_800,
        },
    );
}

#[test]
fn with_time() {
    let half_past: OnepoolTimeTz = OnepoolTimeTz {
        time: time!(12:34:56.789012),
        offset: offset!(+5:30),
    };
    reads(pg_binary(pg::TIMETZ, "0000000a8be62614ffffb2a8"), half_past);
    reads(pg_text(pg::TIMETZ, "12:34:56.789012+05:30"), half_past);
    type TimeTz = OnepoolTimeTz<Time, UtcOffset>;
    fails::<TimeTz>(
        pg_binary(pg::TIMETZ, "0000000a8be626147fffffff"),
        "out of range",
    );
    binds(
        half_past,
        Scalar::TimeTz {
            nanos: 45_296_789_012_000,
            offset_s: 19_800,
        },
    );
}

#[test]
fn only_postgres_has_them() {
    fails::<OnepoolTimeTz>(my_text(my::TIME, "01:02:03"), "mismatched types");
    fails::<OnepoolTimeTz>(lite_text("01:02:03+00"), "mismatched types");
}
