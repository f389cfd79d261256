//! The plugins' tables, made by migrations that are written when the plugin's name is known.

use std::borrow::Cow;

use sqlx::migrate::{Migration, MigrationType, Migrator};
use sqlx::{AssertSqlSafe, SqlSafeStr};

use super::kind::Kind;
use super::tables::Tables;

/// What a plugin of this kind brings its tables up to date with.
pub fn migrator(kind: Kind, tables: &Tables) -> Migrator {
    let steps = match kind {
        Kind::Bank => bank(tables),
        Kind::Scanner => scanner(tables),
        Kind::Inbox => inbox(tables),
    };
    let figures = tables.table("figures");
    let figures =
        format!("CREATE TABLE {figures} (name VARCHAR(40) PRIMARY KEY, amount BIGINT NOT NULL)");
    let steps = [("figures", figures)].into_iter().chain(steps);
    let migrations = (1..).zip(steps).map(|(version, (description, sql))| {
        let sql = AssertSqlSafe(sql).into_sql_str();
        let description = Cow::Borrowed(description);
        Migration::new(version, description, MigrationType::Simple, sql, false)
    });
    Migrator::with_migrations(migrations.collect())
}

type Step = (&'static str, String);

fn bank(tables: &Tables) -> Vec<Step> {
    let (accounts, transfers) = (tables.table("accounts"), tables.table("transfers"));
    vec![
        (
            "accounts",
            format!(
                "CREATE TABLE {accounts} (
                     id BIGINT PRIMARY KEY,
                     points BIGINT NOT NULL CHECK (points >= 0)
                 )"
            ),
        ),
        (
            "transfers",
            format!(
                "CREATE TABLE {transfers} (
                     id BIGINT PRIMARY KEY,
                     payer BIGINT NOT NULL,
                     payee BIGINT NOT NULL,
                     points BIGINT NOT NULL
                 )"
            ),
        ),
    ]
}

fn scanner(tables: &Tables) -> Vec<Step> {
    let readings = tables.table("readings");
    vec![(
        "readings",
        format!(
            "CREATE TABLE {readings} (
                 id BIGINT PRIMARY KEY,
                 sensor VARCHAR(40) NOT NULL,
                 measured DOUBLE PRECISION NOT NULL
             )"
        ),
    )]
}

fn inbox(tables: &Tables) -> Vec<Step> {
    let (senders, messages) = (tables.table("senders"), tables.table("messages"));
    vec![
        (
            "senders",
            format!("CREATE TABLE {senders} (name VARCHAR(40) PRIMARY KEY)"),
        ),
        (
            "messages",
            format!(
                "CREATE TABLE {messages} (
                     id BIGINT PRIMARY KEY,
                     sender VARCHAR(40) NOT NULL,
                     body VARCHAR(200) NOT NULL,
                     handled INTEGER NOT NULL,
                     FOREIGN KEY (sender) REFERENCES {senders} (name)
                 )"
            ),
        ),
        (
            "handled",
            format!("CREATE INDEX {messages}_handled ON {messages} (handled, id)"),
        ),
    ]
}
