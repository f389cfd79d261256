//! What SQLite does otherwise: every cell has a type of its own.

use sqlx::types::Uuid;
use sqlx::types::chrono::DateTime;

use super::Stage;
use super::scenario::run;
use super::scenario::values::{read_as, through};

pub async fn small_integers(stage: &mut Stage) {
    through(stage, "INTEGER", [i8::MIN, 0, i8::MAX]).await;
    through(stage, "INTEGER", [0, u8::MAX]).await;
    through(stage, "INTEGER", [0, u16::MAX]).await;
    through(stage, "INTEGER", [0, u32::MAX]).await;
}

/// One column, cells of all types; and columns of all types with cells of others.
pub async fn conversions(stage: &mut Stage) {
    let pool = stage.pool.clone();
    run(
        &pool,
        "CREATE TABLE s (id INTEGER PRIMARY KEY, free, i INTEGER, r REAL, t TEXT, b BLOB, \
         yes BOOLEAN, n NUMERIC, d DATE, at DATETIME, x SOMETHING)",
    )
    .await;
    for cell in [
        "1",
        "-2.5",
        "'3'",
        "'text'",
        "''",
        "x'00ff'",
        "NULL",
        "1e300",
        "'2024-02-29'",
        "'2024-02-29 12:30:00'",
        "'2024-02-29T12:30:00.5Z'",
        "9223372036854775807",
    ] {
        run(
            &pool,
            format!(
                "INSERT INTO s (free, i, r, t, b, yes, n, d, at, x) VALUES \
                 ({cell}, {cell}, {cell}, {cell}, {cell}, {cell}, {cell}, {cell}, {cell}, {cell})"
            ),
        )
        .await;
    }
    const ALL: &str = "SELECT *, i + 1 AS sum, typeof(free) AS of FROM s ORDER BY id";
    for rows in [
        sqlx::query(ALL).fetch_all(&pool).await.unwrap(),
        sqlx::raw_sql(ALL).fetch_all(&pool).await.unwrap(),
    ] {
        for row in &rows {
            read_as!(
                stage,
                row,
                i32,
                i64,
                u8,
                u32,
                f64,
                bool,
                String,
                Vec<u8>,
                sqlx::types::chrono::NaiveDate,
                sqlx::types::chrono::NaiveDateTime,
                sqlx::types::chrono::DateTime<sqlx::types::chrono::Utc>,
                sqlx::types::time::Date,
                sqlx::types::time::PrimitiveDateTime,
                sqlx::types::time::OffsetDateTime,
            );
        }
    }
}

pub async fn dates_with_an_offset(stage: &mut Stage) {
    let moment = DateTime::parse_from_rfc3339("2024-02-29T23:30:00.000001-05:30").unwrap();
    through(stage, "TEXT", [moment]).await;
    through(stage, "DATETIME", [moment]).await;
}

pub async fn uuids_as_text(stage: &mut Stage) {
    let uuid = Uuid::from_u128(0x0123_4567_89ab_cdef_0123_4567_89ab_cdef);
    through(stage, "TEXT", [uuid.hyphenated()]).await;
    through(stage, "TEXT", [uuid.simple()]).await;
}
