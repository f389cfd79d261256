//! Prepared statements that two plugins share on one backend.
//!
//! The driver keeps them by their text alone. The same text with arguments of another type once
//! ran with the types of whoever came first: an error at best, and a wrong value at worst.

use onepool_sdk::{DatabaseKind, OnepoolPool};
use sqlx::types::chrono::{DateTime, Utc};

use super::place::{Place, plugin, soon};

#[tokio::test]
async fn one_text_with_arguments_of_many_types() {
    let place = Place::new(DatabaseKind::Postgres, 1).await;
    let host = place.host().start().await.unwrap();
    let pools = [plugin(&host, "one").await, plugin(&host, "other").await];
    let now = DateTime::<Utc>::from_timestamp_micros(1_700_000_000_123_456).unwrap();
    for round in 0..30_i64 {
        for pool in &pools {
            let number: i64 = select(pool, round).await;
            assert_eq!(number, round);
            let text: String = select(pool, format!("text {round}")).await;
            assert_eq!(text, format!("text {round}"));
            let time: DateTime<Utc> = select(pool, now).await;
            assert_eq!(time, now);
            let small: i32 = select(pool, 7_i32).await;
            assert_eq!(small, 7);
            let bytes: Vec<u8> = select(pool, vec![1_u8, 2, 3]).await;
            assert_eq!(bytes, [1, 2, 3]);
            let none: Option<bool> = select(pool, None::<bool>).await;
            assert_eq!(none, None);
        }
    }
    place.finish(host).await;
}

async fn select<T>(pool: &OnepoolPool, value: impl Into<T>) -> T
where
    T: for<'a> sqlx::Encode<'a, onepool_sdk::Onepool>
        + for<'a> sqlx::Decode<'a, onepool_sdk::Onepool>
        + sqlx::Type<onepool_sdk::Onepool>
        + Send
        + Unpin
        + 'static,
{
    let select = sqlx::query_scalar("SELECT $1").bind(value.into());
    soon("SELECT $1", select.fetch_one(pool)).await.unwrap()
}

/// Both at once, as tasks of two plugins over two backends: whoever is on whichever.
#[tokio::test]
async fn one_text_with_arguments_of_many_types_at_once() {
    let place = Place::new(DatabaseKind::Postgres, 2).await;
    let host = place.host().start().await.unwrap();
    let (one, other) = (plugin(&host, "one").await, plugin(&host, "other").await);
    let numbers = async {
        for round in 0..200_i64 {
            assert_eq!(select::<i64>(&one, round).await, round);
        }
    };
    let now = DateTime::<Utc>::from_timestamp_micros(1_700_000_000_123_456).unwrap();
    let times = async {
        for _ in 0..200 {
            assert_eq!(select::<DateTime<Utc>>(&other, now).await, now);
        }
    };
    let texts = async {
        for round in 0..200 {
            let text = round.to_string();
            assert_eq!(select::<String>(&other, text.clone()).await, text);
        }
    };
    tokio::join!(numbers, times, texts);
    place.finish(host).await;
}

/// A prepared `SELECT *` whose table another plugin changes: the next run shows the new columns.
#[tokio::test]
async fn a_table_that_changes_under_a_prepared_statement() {
    const READ: &str = "SELECT * FROM changing WHERE id = 1";
    for kind in [
        DatabaseKind::Postgres,
        DatabaseKind::MySql,
        DatabaseKind::Sqlite,
    ] {
        let place = Place::new(kind, 2).await;
        let host = place.host().start().await.unwrap();
        let (one, other) = (plugin(&host, "one").await, plugin(&host, "other").await);
        for sql in [
            "CREATE TABLE changing (id INT)",
            "INSERT INTO changing VALUES (1)",
        ] {
            sqlx::raw_sql(sql).execute(&other).await.unwrap();
        }
        for (columns, change) in [
            (2, "ALTER TABLE changing ADD COLUMN a INT"),
            (
                3,
                "ALTER TABLE changing ADD COLUMN b VARCHAR(10) DEFAULT 'b'",
            ),
            (2, "ALTER TABLE changing DROP COLUMN a"),
        ] {
            // On every backend there is.
            let (first, second) = tokio::join!(
                sqlx::query(READ).fetch_one(&one),
                sqlx::query(READ).fetch_one(&one)
            );
            first.and(second).unwrap();
            sqlx::raw_sql(change).execute(&other).await.unwrap();
            for _ in 0..4 {
                let (first, second) = tokio::join!(
                    sqlx::query(READ).fetch_one(&one),
                    sqlx::query(READ).fetch_one(&one)
                );
                for row in [first, second] {
                    let row = row.unwrap_or_else(|error| panic!("{kind}, {change}: {error}"));
                    assert_eq!(sqlx::Row::columns(&row).len(), columns, "{kind}, {change}");
                }
            }
        }
        place.finish(host).await;
    }
}
