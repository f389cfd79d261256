//! Types: what the direct driver can bind and read, with the same meaning.
//!
//! `cargo run -p onepool-examples --example types`

use chrono::{DateTime, Utc};
use onepool_sdk::{OnepoolPoolOptions, impl_string_enum};
use sqlx::types::Json;
use uuid::Uuid;

/// An enum that the database keeps by name: this stands for `#[derive(sqlx::Type)]`.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Mood {
    Sad,
    Happy,
}

impl_string_enum!(Mood as "mood" {
    Sad = "sad",
    Happy = "happy",
});

/// One that it keeps as a number, and a newtype: these derives work as ever.
#[derive(Clone, Copy, Debug, PartialEq, sqlx::Type)]
#[repr(i32)]
enum Level {
    Low = 1,
    High = 2,
}

#[derive(Clone, Debug, PartialEq, sqlx::Type)]
#[sqlx(transparent)]
struct Name(String);

#[derive(Clone, Debug, PartialEq, sqlx::FromRow)]
struct Everything {
    id: Uuid,
    name: Name,
    mood: Mood,
    level: Level,
    seen: DateTime<Utc>,
    tags: Json<Vec<String>>,
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let host = onepool_host::testing::host().await;
    let pool = OnepoolPoolOptions::new()
        .connect_with(host.dialer("types").into())
        .await?;
    let table = "CREATE TABLE everything (
        id BLOB, name TEXT, mood TEXT, level INTEGER, seen DATETIME, tags TEXT
    )";
    sqlx::raw_sql(table).execute(&pool).await?;
    let written = Everything {
        id: Uuid::new_v4(),
        name: Name("Ada".to_owned()),
        mood: Mood::Happy,
        level: Level::High,
        seen: DateTime::from_timestamp_micros(1_700_000_000_123_456).ok_or("no such time")?,
        tags: Json(vec!["a".to_owned(), "b".to_owned()]),
    };
    let it = written.clone();
    sqlx::query("INSERT INTO everything VALUES (?, ?, ?, ?, ?, ?)")
        .bind(it.id)
        .bind(it.name)
        .bind(it.mood)
        .bind(it.level)
        .bind(it.seen)
        .bind(it.tags)
        .execute(&pool)
        .await?;
    let select = sqlx::query_as("SELECT * FROM everything WHERE mood <> ? AND level <> ?");
    let select = select.bind(Mood::Sad).bind(Level::Low);
    let read: Everything = select.fetch_one(&pool).await?;
    eprintln!("{read:?}");
    assert_eq!(read, written);
    Ok(())
}
