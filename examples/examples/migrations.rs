//! Migrations: several plugins bring their own tables up to date, at the same time, in one
//! database. Each has a table of its own for what it has applied.
//!
//! `cargo run -p onepool-examples --example migrations`

use std::borrow::Cow;

use onepool_host::testing::TestHost;
use onepool_sdk::{OnepoolConnectOptions, OnepoolPool, OnepoolPoolOptions};
use sqlx::SqlSafeStr;
use sqlx::migrate::{Migration, MigrationType, Migrator};

type Result<T = ()> = std::result::Result<T, Box<dyn std::error::Error>>;

const MAILS: [&str; 2] = [
    "CREATE TABLE mails (body TEXT)",
    "ALTER TABLE mails ADD COLUMN topic TEXT",
];

#[tokio::main]
async fn main() -> Result {
    let host = onepool_host::testing::host().await;

    // With plain sqlx the second of these would find the first one's migrations in
    // `_sqlx_migrations`, and refuse to go on.
    let (users, mails) = tokio::try_join!(
        migrate(&host, "users", vec!["CREATE TABLE users (name TEXT)"]),
        migrate(&host, "mails", vec![MAILS[0]])
    )?;
    let insert = sqlx::query("INSERT INTO users (name) VALUES ('Ada')");
    insert.execute(&users).await?;
    let insert = sqlx::query("INSERT INTO mails (body) VALUES ('hello')");
    insert.execute(&mails).await?;

    // The next version has more: what was applied stays, and the rest is added.
    let mails = migrate(&host, "mails", MAILS.to_vec()).await?;
    let update = sqlx::query("UPDATE mails SET topic = 'first'");
    update.execute(&mails).await?;

    let select = "SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name";
    let tables: Vec<String> = sqlx::query_scalar(select).fetch_all(&mails).await?;
    eprintln!("the tables now: {tables:?}");
    let own_tables = ["_sqlx_migrations_mails", "_sqlx_migrations_users"];
    assert!(tables.iter().take(2).eq(&own_tables));
    Ok(())
}

/// What a plugin does when it starts. `sqlx::migrate!()` works as well.
async fn migrate(host: &TestHost, plugin: &str, steps: Vec<&'static str>) -> Result<OnepoolPool> {
    // The name tells the tables apart. A plugin process has it from its environment.
    let options = OnepoolConnectOptions::from(host.dialer(plugin)).plugin(plugin);
    let pool = OnepoolPoolOptions::new().connect_with(options).await?;
    let migrations = (1..).zip(steps).map(|(version, sql)| {
        let (kind, sql) = (MigrationType::Simple, sql.into_sql_str());
        Migration::new(version, Cow::from("a step"), kind, sql, false)
    });
    let migrator = Migrator::with_migrations(migrations.collect());
    migrator.run(&pool).await?;
    Ok(pool)
}
