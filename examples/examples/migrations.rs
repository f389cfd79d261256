//! Migrations: several plugins bring their own tables up to date, at the same time, in one
//! database. Each has a table of its own for what it has applied.
//!
//! `cargo run -p onepool-examples --example migrations`

use std::borrow::Cow;

use onepool_host::testing::TestHost;
use onepool_sdk::{OnepoolConnectOptions, OnepoolPool, OnepoolPoolOptions};
use sqlx::SqlSafeStr;
use sqlx::migrate::{Migration, MigrationType, Migrator};

const USERS: &[&str] =
    &["CREATE TABLE users (name TEXT)", "ALTER TABLE users ADD COLUMN age INTEGER"];
const MAILS: &[&str] =
    &["CREATE TABLE mails (body TEXT)", "ALTER TABLE mails ADD COLUMN topic TEXT"];

type Result<T = ()> = std::result::Result<T, Box<dyn std::error::Error>>;

#[tokio::main]
async fn main() -> Result {
    let host = onepool_host::testing::host().await;

    // With plain sqlx the second of these would find the first one's migrations in
    // `_sqlx_migrations`, and refuse to go on.
    let (users, mails) =
        tokio::try_join!(migrate(&host, "users", USERS), migrate(&host, "mails", &MAILS[..1]))?;
    sqlx::query("INSERT INTO users (name, age) VALUES ('Ada', 36)").execute(&users).await?;
    sqlx::query("INSERT INTO mails (body) VALUES ('hello')").execute(&mails).await?;

    // Another run has nothing to do; a longer list is applied from where it ended.
    let mails = migrate(&host, "mails", MAILS).await?;
    sqlx::query("UPDATE mails SET topic = 'first'").execute(&mails).await?;

    let tables: Vec<String> =
        sqlx::query_scalar("SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name")
            .fetch_all(&mails)
            .await?;
    eprintln!("the tables now: {tables:?}");
    assert_eq!(tables.iter().filter(|table| table.contains("migrations")).count(), 2);
    Ok(())
}

/// What a plugin does when it starts. `sqlx::migrate!()` works as well.
async fn migrate(
    host: &TestHost,
    plugin: &str,
    steps: &'static [&'static str],
) -> Result<OnepoolPool> {
    // The name tells the tables apart. A plugin process has it from its environment.
    let options = OnepoolConnectOptions::from(host.dialer(plugin)).plugin(plugin);
    let pool = OnepoolPoolOptions::new().connect_with(options).await?;
    let migrations = (1..).zip(steps).map(|(version, sql)| {
        let description = Cow::from(format!("step {version}"));
        Migration::new(version, description, MigrationType::Simple, sql.into_sql_str(), false)
    });
    Migrator::with_migrations(migrations.collect()).run(&pool).await?;
    Ok(pool)
}
