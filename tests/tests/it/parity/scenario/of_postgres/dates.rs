//! Dates, in time zones and at the ends of the calendar.

use sqlx::Row;
use sqlx::types::chrono::{DateTime, NaiveDate, NaiveDateTime, NaiveTime};
use sqlx::types::time::{Date, OffsetDateTime, PrimitiveDateTime};

use super::scenario::run;
use super::scenario::values::{read_as, through};
use super::{Stage, TimeTz, pool_connection, through_named};

pub async fn dates(stage: &mut Stage) {
    let moment = DateTime::parse_from_rfc3339("2024-02-29T23:30:00.000001-05:30").unwrap();
    through(stage, "TIMESTAMPTZ", [moment]).await;
    let (date, time) = (
        NaiveDate::from_ymd_opt(-4000, 5, 6).unwrap(),
        NaiveTime::from_hms_nano_opt(1, 2, 3, 4_005_678).unwrap(),
    );
    through(stage, "DATE", [date]).await;
    through(stage, "TIMESTAMP", [date.and_time(time)]).await;
    through(
        stage,
        "DATE",
        [Date::from_ordinal_date(-4000, 127).unwrap()],
    )
    .await;
    let offset = |offset: i32| TimeTz {
        time,
        offset: chrono_offset(offset),
    };
    let plain = |time_tz: TimeTz<_, _>| (time_tz.time, time_tz.offset);
    through_named(
        stage,
        "TIMETZ",
        [offset(0), offset(19_800), offset(-3600)],
        plain,
    )
    .await;
    // Dates of one crate, read by the other, in the time zone of the connection.
    let mut connection = pool_connection(stage).await;
    run(&mut *connection, "SET TIME ZONE 'America/St_Johns'").await;
    let sql = "SELECT '2024-02-29 12:30:00.5+00'::timestamptz, '2024-02-29 12:30'::timestamp, \
               '0044-03-15 BC'::date, '24:00'::time";
    for (way, row) in [
        (
            "binary",
            sqlx::query(sql).fetch_one(&mut *connection).await.unwrap(),
        ),
        (
            "text",
            sqlx::raw_sql(sql)
                .fetch_one(&mut *connection)
                .await
                .unwrap(),
        ),
    ] {
        stage.result(
            "DateTime",
            row.try_get::<DateTime<sqlx::types::chrono::Utc>, _>(0),
        );
        stage.result(
            &format!("OffsetDateTime as {way}"),
            row.try_get::<OffsetDateTime, _>(0),
        );
        stage.result("NaiveDateTime", row.try_get::<NaiveDateTime, _>(1));
        stage.result("PrimitiveDateTime", row.try_get::<PrimitiveDateTime, _>(1));
    }
    run(&mut *connection, "RESET TIME ZONE").await;
}

fn chrono_offset(seconds: i32) -> sqlx::types::chrono::FixedOffset {
    sqlx::types::chrono::FixedOffset::east_opt(seconds).unwrap()
}

/// What the direct driver reads without a panic.
pub async fn special_dates(stage: &mut Stage) {
    let pool = stage.pool.clone();
    let sql = "SELECT 'epoch'::timestamptz AS a, '4713-01-01 BC'::date AS b, '4713-01-01 BC'::timestamp AS c, \
               '9999-12-31 23:59:59.999999'::timestamp AS d";
    let row = sqlx::query(sql).fetch_one(&pool).await.unwrap();
    read_as!(
        stage,
        &row,
        NaiveDate,
        NaiveDateTime,
        DateTime<sqlx::types::chrono::Utc>,
        Date,
        PrimitiveDateTime,
        OffsetDateTime,
    );
}
