//! Numbers and truth values.

use super::{Stage, read_as, run, through};

pub async fn integers(stage: &mut Stage) {
    through(
        stage,
        stage.per("BOOLEAN", "BOOLEAN", "BOOLEAN"),
        [true, false],
    )
    .await;
    through(stage, "SMALLINT", [i16::MIN, -1, 0, 1, i16::MAX]).await;
    through(stage, "INTEGER", [i32::MIN, -1, 0, 1, i32::MAX]).await;
    through(
        stage,
        "BIGINT",
        [i64::MIN, i64::MIN + 1, -1, 0, 1, i64::MAX],
    )
    .await;
    through(stage, "INTEGER", [1_i16, -1]).await;
    through(stage, "BIGINT", [1_i32, -1]).await;
    through(stage, "VARCHAR(30)", [true]).await;
    through(stage, "SMALLINT", [i64::MAX]).await;
    through(stage, "SMALLINT", [7_i64]).await;
}

pub async fn floats(stage: &mut Stage) {
    let doubles = [
        0.0,
        -0.0,
        1.0 / 3.0,
        f64::MIN,
        f64::MAX,
        f64::MIN_POSITIVE,
        5e-324,
        f64::NAN,
        f64::INFINITY,
        f64::NEG_INFINITY,
    ];
    let singles = [
        0.0,
        -0.0,
        1.0 / 3.0,
        f32::MIN,
        f32::MAX,
        f32::MIN_POSITIVE,
        f32::NAN,
        f32::INFINITY,
        f32::NEG_INFINITY,
    ];
    through(stage, "DOUBLE PRECISION", doubles).await;
    through(stage, stage.per("REAL", "REAL", "FLOAT"), singles).await;
    through(stage, "DOUBLE PRECISION", [1.5_f32]).await;
    through(stage, "INTEGER", [1.5_f64, 2.0]).await;
}

/// Numbers read as other numbers.
pub async fn conversions(stage: &mut Stage) {
    let pool = stage.pool.clone();
    run(
        &pool,
        "CREATE TABLE n (small SMALLINT, medium INTEGER, large BIGINT, single REAL, \
         twice DOUBLE PRECISION, yes BOOLEAN, digits VARCHAR(30), exact NUMERIC(20, 5))",
    )
    .await;
    run(&pool, "INSERT INTO n VALUES (7, 7, 7, 7, 7, TRUE, '7', 7)").await;
    run(
        &pool,
        "INSERT INTO n VALUES (-3, -70000, -5000000000, -0.5, -1e300, FALSE, 'x', -0.5)",
    )
    .await;
    const ALL: &str = "SELECT * FROM n ORDER BY small";
    for rows in [
        sqlx::query(ALL).fetch_all(&pool).await.unwrap(),
        sqlx::raw_sql(ALL).fetch_all(&pool).await.unwrap(),
    ] {
        for row in &rows {
            read_as!(
                stage,
                row,
                i8,
                i16,
                i32,
                i64,
                f32,
                f64,
                bool,
                String,
                Vec<u8>
            );
        }
    }
}
