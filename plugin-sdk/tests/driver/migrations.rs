//! Migrators: whose table, and that a failure leaves nothing taken.

use std::borrow::Cow;

use onepool_proto::message::{EffectKind, FinishHow, Sql};
use onepool_proto::service::{BrokerRequest, BrokerResponse};
use onepool_proto::{Code, DatabaseKind, Failure, Limits, Scalar, Value};
use onepool_sdk::{OnepoolConnectOptions, OnepoolPool};
use sqlx_core::connection::{ConnectOptions, Connection};
use sqlx_core::migrate::{MigrateError, Migration, MigrationType, Migrator};
use sqlx_core::sql_str::SqlSafeStr;

use crate::answers::execute_failure;
use crate::host::{Event, Host, Reply};

fn migrator() -> Migrator {
    let migration = |version, sql: &'static str| {
        Migration::new(
            version,
            Cow::Borrowed("make"),
            MigrationType::Simple,
            sql.into_sql_str(),
            false,
        )
    };
    Migrator::with_migrations(vec![
        migration(1, "CREATE TABLE one (id INT)"),
        migration(2, "CREATE TABLE two (id INT)"),
    ])
}

fn text(sql: &Sql) -> &str {
    match sql {
        Sql::Text(text) | Sql::Define(_, text) => text,
        Sql::Known(_) => "known",
    }
}

/// A host on which the second migration fails.
fn host_that_refuses(kind: DatabaseKind, refused: &'static str) -> Host {
    Host::with(kind, Limits::default(), move |request| match request {
        BrokerRequest::Execute { call } if text(&call.sql).contains(refused) => {
            Some(execute_failure(Code::INVALID_ARGUMENT))
        }
        _ => None,
    })
}

fn named(host: &Host, plugin: &str) -> OnepoolConnectOptions {
    host.options().plugin(plugin)
}

fn locks(host: &Host) -> Vec<bool> {
    host.look(|events| {
        let locks = events.iter().filter_map(|event| match event {
            Event::Call(BrokerRequest::MigrationLock { call }) => Some(call.take),
            _ => None,
        });
        locks.collect()
    })
}

fn tables(host: &Host) -> Vec<String> {
    let created = host.executed(|execute| {
        let text = text(&execute.sql);
        let rest = text.strip_prefix("CREATE TABLE IF NOT EXISTS ")?;
        rest.split_whitespace().next().map(str::to_owned)
    });
    created.into_iter().flatten().collect()
}

#[tokio::test]
async fn each_plugin_has_a_table_of_its_own() {
    let host = Host::new();
    for options in [
        named(&host, "reports"),
        named(&host, "billing"),
        named(&host, "reports").plain_migrations_table(),
        host.options(),
    ] {
        let pool = OnepoolPool::connect_with(options).await.unwrap();
        migrator().run(&pool).await.unwrap();
    }
    let mut other = migrator();
    other.dangerous_set_table_name("my_own");
    let mut connection = named(&host, "reports").connect().await.unwrap();
    other.run(&mut connection).await.unwrap();
    assert_eq!(
        tables(&host),
        [
            "_sqlx_migrations_reports",
            "_sqlx_migrations_billing",
            "_sqlx_migrations",
            "_sqlx_migrations_scripted",
            "my_own"
        ]
    );
    assert_eq!(locks(&host), [true, false].repeat(5));
}

#[tokio::test]
async fn a_migration_and_its_note_are_one_transaction() {
    let host = Host::with(DatabaseKind::Postgres, Limits::default(), |_| None);
    let mut connection = named(&host, "reports").connect().await.unwrap();
    migrator().run(&mut connection).await.unwrap();
    let steps = host.executed(|execute| {
        let words: Vec<&str> = text(&execute.sql).split_whitespace().take(2).collect();
        (words.join(" "), execute.transaction.is_some())
    });
    let step = |words: &str, inside| (words.to_owned(), inside);
    assert_eq!(
        steps,
        [
            step("CREATE TABLE", false),
            step("SELECT version", false),
            step("SELECT version,", false),
            step("CREATE TABLE", true),
            step("INSERT INTO", true),
            step("UPDATE _sqlx_migrations_reports", false),
            step("CREATE TABLE", true),
            step("known", true),
            step("known", false),
        ]
    );
    let inserted = host.executed(|execute| execute.arguments.clone().unwrap_or_default());
    let [version, description, success, checksum] = &inserted[4][..] else {
        panic!("{inserted:?}");
    };
    assert_eq!(*version, Value::Scalar(Scalar::I64(1)));
    assert_eq!(*description, Value::Scalar(Scalar::Text("make".into())));
    assert_eq!(*success, Value::Scalar(Scalar::Bool(true)));
    let expected = migrator().migrations[0].checksum.to_vec();
    assert_eq!(*checksum, Value::Scalar(Scalar::Bytes(expected.into())));
}

#[tokio::test]
async fn a_failing_migration_frees_everything() {
    for kind in [
        DatabaseKind::Sqlite,
        DatabaseKind::Postgres,
        DatabaseKind::MySql,
    ] {
        let host = host_that_refuses(kind, "CREATE TABLE two");
        let options = named(&host, "reports");
        let mut connection = options.connect().await.unwrap();
        let error = migrator().run(&mut connection).await.unwrap_err();
        assert!(matches!(error, MigrateError::ExecuteMigration(_, 2)));
        assert!(!connection.is_in_transaction());
        assert_eq!(locks(&host), [true, false]);
        // The rollback rode with giving the lock back.
        let last = host.effects().pop().unwrap();
        assert!(matches!(last, EffectKind::Rollback { .. }));
    }
}

#[tokio::test]
async fn a_table_that_cannot_be_made_frees_the_lock() {
    for refused in ["CREATE TABLE IF", "SELECT version FROM", "checksum FROM"] {
        let host = host_that_refuses(DatabaseKind::Sqlite, refused);
        let mut connection = host.options().connect().await.unwrap();
        migrator().run(&mut connection).await.unwrap_err();
        assert_eq!(locks(&host), [true, false], "{refused}");
    }
}

#[tokio::test]
async fn a_migrator_that_stops_by_itself_frees_the_lock_with_its_connection() {
    let host = Host::new();
    let pool = OnepoolPool::connect_with(host.options()).await.unwrap();
    let mut connection = pool.acquire().await.unwrap();
    let locked = sqlx_core::migrate::Migrate::lock(&mut *connection);
    locked.await.unwrap();
    drop(connection);
    host.wait_for_effect(|kind| *kind == EffectKind::Release)
        .await;
    assert_eq!(host.calls(), ["migration_lock"]);
}

#[tokio::test]
async fn a_lock_that_is_refused_is_not_held() {
    let host = Host::scripted(|request| match request {
        BrokerRequest::MigrationLock { .. } => Some(Reply::Now(BrokerResponse::MigrationLock(
            Err(Failure::new(Code::DEADLINE_EXCEEDED, "waited")),
        ))),
        _ => None,
    });
    let mut connection = host.options().connect().await.unwrap();
    migrator().run(&mut connection).await.unwrap_err();
    connection.ping().await.unwrap();
    assert_eq!(locks(&host), [true]);
}

#[tokio::test]
async fn mysql_marks_what_it_cannot_undo() {
    let host = Host::with(DatabaseKind::MySql, Limits::default(), |_| None);
    let mut connection = host.options().connect().await.unwrap();
    migrator().run(&mut connection).await.unwrap();
    let texts = host.executed(|execute| text(&execute.sql).to_owned());
    assert!(texts[3].contains("VALUES (?, ?, ?, ?, -1)"), "{texts:?}");
    assert!(texts[4].starts_with("CREATE TABLE one"));
    assert!(texts[5].contains("SET success = ?"));
    let success = host.executed(|execute| execute.arguments.clone());
    let success = success[3].as_ref().unwrap()[2].clone();
    assert_eq!(success, Value::Scalar(Scalar::Bool(false)));
    let finished = host.look(|events| {
        let finishes = events.iter().filter_map(|event| match event {
            Event::Call(BrokerRequest::Finish { call }) => Some(call.how),
            _ => None,
        });
        finishes.collect::<Vec<_>>()
    });
    assert_eq!(finished, [FinishHow::Commit; 2]);
}
