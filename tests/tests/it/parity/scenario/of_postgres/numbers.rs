//! Numbers of any length, and spans of time.

use sqlx::types::{BigDecimal, Decimal};

use super::scenario::values::{read_as, through};
use super::{Interval, Stage, through_named};

pub async fn intervals(stage: &mut Stage) {
    let interval = |months, days, microseconds| Interval {
        months,
        days,
        microseconds,
    };
    let intervals = [
        interval(0, 0, 0),
        interval(1, 2, 3),
        interval(-1, -2, -3),
        interval(14, -3, 4_000_005),
        interval(-14, 3, -86_400_000_000),
        interval(i32::MAX, i32::MAX, 1),
        interval(0, 0, i64::MAX),
        interval(0, 0, i64::MIN + 1),
    ];
    let plain = |interval: Interval| (interval.months, interval.days, interval.microseconds);
    through_named(stage, "INTERVAL", intervals, plain).await;
}

pub async fn decimals(stage: &mut Stage) {
    let texts = [
        "0",
        "0.0000",
        "-0.00001",
        "1.10",
        "12345678901234567890.12345",
        "-9999.9999",
        "10000",
        "100000000",
        "0.000000000000000000001",
        "79228162514264337593543950335",
    ];
    // Of a zero read as text, rust_decimal's parser forgets how many there were.
    let fitting = texts.iter().filter(|text| **text != "0.0000");
    through(
        stage,
        "NUMERIC",
        fitting.filter_map(|text| text.parse::<Decimal>().ok()),
    )
    .await;
    through(
        stage,
        "NUMERIC",
        texts.map(|text| text.parse::<BigDecimal>().unwrap()),
    )
    .await;
    through(
        stage,
        "NUMERIC",
        ["1e100", "1e-100", "123456789e20"].map(|text| text.parse::<BigDecimal>().unwrap()),
    )
    .await;
    let pool = stage.pool.clone();
    for text in ["NaN", "1e30"] {
        let sql = sqlx::AssertSqlSafe(format!("SELECT '{text}'::numeric AS n"));
        let row = sqlx::query(sql).fetch_one(&pool).await.unwrap();
        read_as!(stage, &row, BigDecimal, Decimal);
    }
}
