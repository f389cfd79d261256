//! Errors: what the database reports reads as with its own driver, and what onepool itself has to
//! say has a code and advice.
//!
//! `cargo run -p onepool-examples --example errors`

use std::time::Duration;

use onepool_sdk::{Code, OnepoolError, OnepoolPoolOptions};

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let host = onepool_host::testing::host().await;
    let pool = OnepoolPoolOptions::new()
        .connect_with(host.dialer("errors").into())
        .await?;
    let table = "CREATE TABLE users (email TEXT PRIMARY KEY, age INTEGER CHECK (age >= 0))";
    sqlx::raw_sql(table).execute(&pool).await?;
    let insert = |email, age| {
        sqlx::query("INSERT INTO users VALUES (?, ?)")
            .bind::<&str>(email)
            .bind::<i32>(age)
    };
    insert("ada@example.com", 36).execute(&pool).await?;

    // Constraint violations, as ever.
    let error = insert("ada@example.com", 36)
        .execute(&pool)
        .await
        .err()
        .ok_or("it passed")?;
    eprintln!("the database says: {error}");
    assert!(
        error
            .as_database_error()
            .is_some_and(|error| error.is_unique_violation())
    );
    let error = insert("new@example.com", -1)
        .execute(&pool)
        .await
        .err()
        .ok_or("it passed")?;
    eprintln!("the database says: {error}");
    assert!(
        error
            .as_database_error()
            .is_some_and(|error| error.is_check_violation())
    );

    // A row that is not there.
    let none = sqlx::query("SELECT * FROM users WHERE age = 99")
        .fetch_one(&pool)
        .await;
    assert!(matches!(none, Err(sqlx::Error::RowNotFound)));

    // onepool's own errors are `sqlx::Error::Database` too, and downcast.
    let too_long = "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n)
                    SELECT COUNT(*) FROM n";
    let endless = sqlx::query_scalar::<_, i64>(too_long).fetch_one(&pool);
    let limit = Duration::from_millis(100);
    let error = onepool_sdk::with_deadline(limit, endless)
        .await
        .err()
        .ok_or("it ended")?;
    let own = OnepoolError::of(&error).ok_or("not an error of onepool")?;
    eprintln!(
        "onepool says: {own}\n  advice: {}",
        own.advice().unwrap_or("none")
    );
    assert_eq!(own.code(), Code::DEADLINE_EXCEEDED);
    Ok(())
}
