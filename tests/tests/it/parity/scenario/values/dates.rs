//! Dates and times, of both crates.

use sqlx::types::chrono::{DateTime, NaiveDate, NaiveDateTime, NaiveTime, Utc};
use sqlx::types::time::{Date, OffsetDateTime, PrimitiveDateTime, Time, UtcOffset};

use super::{Stage, through};

/// The instants that MySQL's TIMESTAMP can hold, in seconds.
const IN_MYSQL: std::ops::Range<i64> = 1..1 << 31;

pub async fn of_chrono(stage: &mut Stage) {
    let date = |year, month, day| NaiveDate::from_ymd_opt(year, month, day).unwrap();
    let time =
        |second: u32, nano| NaiveTime::from_num_seconds_from_midnight_opt(second, nano).unwrap();
    let dates = [
        date(1, 1, 1),
        date(1582, 10, 10),
        date(1970, 1, 1),
        date(2024, 2, 29),
        date(9999, 12, 31),
    ];
    let times = [
        time(0, 0),
        time(1, 1000),
        time(43_200, 500_000_000),
        time(86_399, 999_999_000),
        time(3, 123_456_789),
    ];
    through(stage, "DATE", dates).await;
    through(stage, stage.per("TIME", "TIME", "TIME(6)"), times).await;
    let moments: Vec<NaiveDateTime> = dates
        .iter()
        .flat_map(|date| times.map(|time| date.and_time(time)))
        .collect();
    through(
        stage,
        stage.per("DATETIME", "TIMESTAMP", "DATETIME(6)"),
        moments.clone(),
    )
    .await;
    let instants: Vec<DateTime<Utc>> = moments
        .iter()
        .map(NaiveDateTime::and_utc)
        .filter(|instant| IN_MYSQL.contains(&instant.timestamp()))
        .collect();
    let sql_type = stage.per("DATETIME", "TIMESTAMPTZ", "TIMESTAMP(6)");
    through(stage, sql_type, instants.clone()).await;
    through(
        stage,
        stage.per("TEXT", "TIMESTAMP", "DATETIME(6)"),
        instants,
    )
    .await;
}

pub async fn of_time(stage: &mut Stage) {
    let date = |year, day_of_year| Date::from_ordinal_date(year, day_of_year).unwrap();
    let time =
        |hour, minute, second, nano| Time::from_hms_nano(hour, minute, second, nano).unwrap();
    let dates = [
        date(1, 1),
        date(1582, 283),
        date(1970, 1),
        date(2024, 60),
        date(9999, 365),
    ];
    let times = [
        time(0, 0, 0, 0),
        time(0, 0, 1, 1000),
        time(12, 0, 0, 500_000_000),
        time(23, 59, 59, 999_999_000),
        time(0, 0, 3, 123_456_789),
    ];
    through(stage, "DATE", dates).await;
    through(stage, stage.per("TIME", "TIME", "TIME(6)"), times).await;
    let moments: Vec<PrimitiveDateTime> = dates
        .iter()
        .flat_map(|date| times.map(|time| date.with_time(time)))
        .collect();
    through(
        stage,
        stage.per("DATETIME", "TIMESTAMP", "DATETIME(6)"),
        moments.clone(),
    )
    .await;
    let instants: Vec<OffsetDateTime> = moments
        .iter()
        .map(|moment| moment.assume_utc())
        .filter(|instant| IN_MYSQL.contains(&instant.unix_timestamp()))
        .collect();
    let sql_type = stage.per("DATETIME", "TIMESTAMPTZ", "TIMESTAMP(6)");
    through(stage, sql_type, instants.clone()).await;
    let east = UtcOffset::from_hms(5, 30, 0).unwrap();
    through(
        stage,
        sql_type,
        instants.iter().map(|instant| instant.to_offset(east)),
    )
    .await;
}
