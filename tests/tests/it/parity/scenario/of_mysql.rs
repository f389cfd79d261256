//! What MySQL and MariaDB have beside.

use sqlx::Connection;
use sqlx::types::{BigDecimal, Decimal, Uuid};

use super::Stage;
use super::scenario::values::{read_as, through};
use super::scenario::{counter, run};

pub async fn unsigned(stage: &mut Stage) {
    through(stage, "TINYINT", [i8::MIN, 0, i8::MAX]).await;
    through(stage, "TINYINT UNSIGNED", [0, u8::MAX]).await;
    through(stage, "SMALLINT UNSIGNED", [0, u16::MAX]).await;
    through(stage, "INT UNSIGNED", [0, u32::MAX]).await;
    through(stage, "BIGINT UNSIGNED", [0, 1 << 63, u64::MAX]).await;
    through(stage, "BIGINT", [u64::MAX]).await;
    through(stage, "BIGINT UNSIGNED", [-1_i64]).await;
    through(stage, "BIT(64)", [0, 1, u64::MAX]).await;
    through(stage, "BIT(1)", [true, false]).await;
    through(stage, "YEAR", [1901_u16, 2155]).await;
}

pub async fn decimals(stage: &mut Stage) {
    let texts = [
        "0",
        "-0.00001",
        "1.10",
        "12345678901234567890.12345",
        "-99999999999999999999.99999",
    ];
    through(
        stage,
        "DECIMAL(30, 5)",
        texts.map(|text| text.parse::<Decimal>().unwrap()),
    )
    .await;
    through(
        stage,
        "DECIMAL(30, 5)",
        texts.map(|text| text.parse::<BigDecimal>().unwrap()),
    )
    .await;
}

/// Columns of every kind read as whatever comes to mind.
pub async fn conversions(stage: &mut Stage) {
    let pool = stage.pool.clone();
    run(
        &pool,
        "CREATE TABLE m (tiny TINYINT, utiny TINYINT UNSIGNED, small SMALLINT, med MEDIUMINT, \
         num INT UNSIGNED, big BIGINT, ubig BIGINT UNSIGNED, year YEAR, bits BIT(9), \
         colour ENUM('red', 'green'), flags SET('a', 'b'), fixed DECIMAL(9, 3), bin BINARY(4), \
         chars CHAR(4), blob_ BLOB, day DATE, moment DATETIME(3), stamp TIMESTAMP, at_ TIME)",
    )
    .await;
    run(
        &pool,
        "INSERT INTO m VALUES (-1, 1, -2, 3, 4, -5, 6, 2024, b'101', 'green', 'a,b', 1.5, 'bi', \
         'ch', 'bl', '2024-02-29', '2024-02-29 12:30:00.125', '2024-02-29 12:30:00', '12:30:00')",
    )
    .await;
    for row in [
        sqlx::query("SELECT * FROM m")
            .fetch_one(&pool)
            .await
            .unwrap(),
        sqlx::raw_sql("SELECT * FROM m")
            .fetch_one(&pool)
            .await
            .unwrap(),
    ] {
        read_as!(
            stage,
            &row,
            i8,
            i16,
            i32,
            i64,
            u8,
            u16,
            u32,
            u64,
            f32,
            f64,
            bool,
            String,
            Vec<u8>,
            Decimal,
            sqlx::types::chrono::NaiveDate,
            sqlx::types::chrono::NaiveTime,
            sqlx::types::chrono::NaiveDateTime,
            sqlx::types::chrono::DateTime<sqlx::types::chrono::Utc>,
            sqlx::types::time::Date,
            sqlx::types::time::Time,
            sqlx::types::time::PrimitiveDateTime,
            sqlx::types::time::OffsetDateTime,
        );
    }
}

pub async fn uuids_as_text(stage: &mut Stage) {
    let uuid = Uuid::from_u128(0x0123_4567_89ab_cdef_0123_4567_89ab_cdef);
    through(stage, "VARCHAR(36)", [uuid.hyphenated()]).await;
    through(stage, "VARCHAR(36)", [uuid.simple()]).await;
}

/// `SET TRANSACTION` is for the next transaction of this very connection, and for no other.
pub async fn modes_of_the_next_transaction(stage: &mut Stage) {
    let pool = counter(stage).await;
    let change = || sqlx::query("UPDATE counter SET n = n + 1 WHERE id = 2");
    let mut connection = pool.acquire().await.unwrap();
    for modes in [
        "SET TRANSACTION READ ONLY",
        "SET @@tx_read_only = 1",
        "SET TRANSACTION ISOLATION LEVEL SERIALIZABLE, READ ONLY",
    ] {
        stage.worked(modes, sqlx::query(modes).execute(&mut *connection).await);
        for which in ["the next", "the one after it"] {
            let mut transaction = connection.begin().await.unwrap();
            stage.worked(which, change().execute(&mut *transaction).await);
            stage.worked("end", transaction.commit().await);
        }
    }
    let modes = "SET TRANSACTION ISOLATION LEVEL READ UNCOMMITTED";
    let read = || sqlx::query_scalar::<_, i32>("SELECT n FROM counter WHERE id = 1");
    let mut writer = pool.begin().await.unwrap();
    run(&mut *writer, "UPDATE counter SET n = 77 WHERE id = 1").await;
    stage.worked(modes, sqlx::query(modes).execute(&mut *connection).await);
    run(&mut *connection, "SET SESSION group_concat_max_len = 2000").await;
    for which in ["dirty", "clean"] {
        let mut transaction = connection.begin().await.unwrap();
        stage.result(which, read().fetch_one(&mut *transaction).await);
        let inside = sqlx::query(modes).execute(&mut *transaction).await;
        stage.worked("inside", inside);
        transaction.rollback().await.unwrap();
    }
    writer.rollback().await.unwrap();
    for text in ["SET TRANSACTION READ ONLY", "BEGIN"] {
        run(&mut *connection, text).await;
    }
    stage.worked("by text", change().execute(&mut *connection).await);
    run(&mut *connection, "ROLLBACK").await;
    stage.worked("after it", change().execute(&mut *connection).await);
    let modes = "SET SESSION tx_isolation = 'READ-COMMITTED'; SET SESSION TRANSACTION READ ONLY; \
                 SET SESSION TRANSACTION ISOLATION LEVEL SERIALIZABLE";
    run(&mut *connection, modes).await;
    let show = "SELECT concat(@@tx_isolation, ' ', @@tx_read_only)";
    let shown = sqlx::query_scalar::<_, String>(show);
    stage.result("of the session", shown.fetch_one(&mut *connection).await);
    stage.worked("read only", change().execute(&mut *connection).await);
}
