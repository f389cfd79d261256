//! Texts, bytes, identifiers and documents.

use sqlx::types::{Json, JsonValue, Text, Uuid};
use sqlx::{AssertSqlSafe, Row};

use super::{Cell, Stage, run, through};

/// Ten megabytes.
const LARGE_BYTES: usize = 10 * 1024 * 1024;

pub async fn texts(stage: &mut Stage) {
    let texts = [
        "",
        " ",
        "a",
        "grün ☃ 𝄞",
        "'\"\\;--%_",
        "line\nline\ttab\r",
        "null",
        "\u{1}1\u{2}",
    ];
    let texts = texts.map(str::to_owned);
    through(stage, "TEXT", texts.clone()).await;
    through(stage, "VARCHAR(20)", texts.clone()).await;
    through(stage, "CHAR(20)", texts).await;
    through(stage, "TEXT", ["a\0b".to_owned()]).await;
    through(stage, "TEXT", [Text(std::net::Ipv4Addr::LOCALHOST)]).await;
}

pub async fn bytes(stage: &mut Stage) {
    let sql_type = stage.per("BLOB", "BYTEA", "BLOB");
    let every: Vec<u8> = (0..=255).collect();
    through(
        stage,
        sql_type,
        [
            vec![],
            vec![0],
            vec![0xff, 0, 0xfe],
            b"text".to_vec(),
            every,
        ],
    )
    .await;
}

pub async fn large_ones(stage: &mut Stage) {
    let text: String = "0123456789abcdeƒ"
        .chars()
        .cycle()
        .take(LARGE_BYTES)
        .collect();
    large(stage, stage.per("TEXT", "TEXT", "LONGTEXT"), text).await;
    let bytes: Vec<u8> = (0..=250).cycle().take(LARGE_BYTES).collect();
    large(stage, stage.per("BLOB", "BYTEA", "LONGBLOB"), bytes).await;
}

/// In and out, with something before and after it.
async fn large<T: Cell + PartialEq>(stage: &mut Stage, sql_type: &str, value: T) {
    let (pool, table) = (stage.pool.clone(), format!("large{}", stage.number()));
    run(
        &pool,
        format!("CREATE TABLE {table} (a INTEGER, v {sql_type}, b INTEGER)"),
    )
    .await;
    for id in 1..=2 {
        let insert = stage.sql(&format!("INSERT INTO {table} VALUES (?, ?, ?)"));
        let insert = sqlx::query(insert).bind(id).bind(value.clone()).bind(-id);
        stage.result(
            "put",
            insert.execute(&pool).await.map(|done| done.rows_affected()),
        );
    }
    let all = || AssertSqlSafe(format!("SELECT a, v, b FROM {table} ORDER BY a"));
    for rows in [
        sqlx::query(all()).fetch_all(&pool).await.unwrap(),
        sqlx::raw_sql(all()).fetch_all(&pool).await.unwrap(),
    ] {
        for row in &rows {
            let whole = row.get::<T, _>(1) == value;
            stage.note("row", (row.get::<i32, _>(0), whole, row.get::<i32, _>(2)));
        }
    }
    let bare = stage.sql(&format!("SELECT ? AS {table}"));
    let bare = sqlx::query_scalar::<_, T>(bare)
        .bind(value.clone())
        .fetch_one(&pool)
        .await;
    stage.result("bare", bare.map(|bare| bare == value));
}

pub async fn large_literals(stage: &mut Stage) {
    let pool = stage.pool.clone();
    run(
        &pool,
        format!(
            "CREATE TABLE t (t {})",
            stage.per("TEXT", "TEXT", "LONGTEXT")
        ),
    )
    .await;
    let text: String = "0123456789abcdeƒ"
        .chars()
        .cycle()
        .take(LARGE_BYTES)
        .collect();
    for prepared in [true, false] {
        let insert = AssertSqlSafe(format!("INSERT INTO t VALUES ('{text}')"));
        let done = match prepared {
            true => sqlx::query(insert).execute(&pool).await,
            false => sqlx::raw_sql(insert).execute(&pool).await,
        };
        stage.result("put", done.map(|done| done.rows_affected()));
    }
    let rows: Vec<String> = sqlx::query_scalar("SELECT t FROM t")
        .fetch_all(&pool)
        .await
        .unwrap();
    stage.note(
        "whole",
        rows.iter().map(|row| *row == text).collect::<Vec<_>>(),
    );
}

pub async fn uuids(stage: &mut Stage) {
    let uuids = [
        Uuid::nil(),
        Uuid::max(),
        Uuid::from_u128(0x0123_4567_89ab_cdef_0123_4567_89ab_cdef),
    ];
    through(stage, stage.per("BLOB", "UUID", "BINARY(16)"), uuids).await;
}

pub async fn documents(stage: &mut Stage) {
    let documents = [
        "null",
        "true",
        "-0.5",
        "18446744073709551615",
        "\"grün\"",
        "[]",
        "{}",
        r#"{"a": [1, {"b": null}], "c": "x'y"}"#,
    ];
    let documents = documents.map(|text| text.parse::<JsonValue>().unwrap());
    through(stage, stage.per("TEXT", "JSON", "JSON"), documents.clone()).await;
    through(stage, stage.per("TEXT", "JSONB", "JSON"), documents).await;
    through(
        stage,
        stage.per("TEXT", "JSONB", "JSON"),
        [Json(vec![1, 2, 3]), Json(vec![])],
    )
    .await;
}
