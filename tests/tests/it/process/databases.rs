//! Several databases behind one host, each with a pool and a cap of its own.

mod apart;
mod plugin;
mod replica;

use onepool_host::NamedDatabase;
use onepool_sdk::{
    Code, DatabaseKind, OnepoolConnectOptions, OnepoolConnection, OnepoolError, OnepoolPool,
};
use sqlx::error::DatabaseError;
use sqlx::{ConnectOptions, Connection};

use super::child::{Line, Stage};
use super::place::{Place, plugin as plugin_of};
pub(super) use plugin::several;

/// A plugin process that queries a SQLite file and a PostgreSQL server of its host, at once.
#[tokio::test]
async fn a_process_is_with_two_of_them() {
    let main = Place::new(DatabaseKind::Sqlite, 2).await;
    let other = Place::new(DatabaseKind::Postgres, 2).await;
    let stage = Stage::new();
    let named = NamedDatabase::new(&other.url).max_connections(other.cap);
    let host = main
        .host()
        .add_database("server", named)
        .plugin(stage.plugin("both", "two"))
        .start()
        .await
        .unwrap();
    let mut line = stage.enter().await;
    let _pid = line.hear().await;
    assert_eq!(line.hear().await, "SQLite PostgreSQL");
    assert_eq!(line.hear().await, "3 items, 5 items");
    assert_eq!(line.hear().await, "UNKNOWN_DATABASE main, server");
    assert_eq!(host.databases(), ["main", "server"]);
    assert_eq!(host.stats().sessions, 2, "one with each");
    let stats = host.pool_stats_of("server").unwrap();
    assert_eq!(stats.max_connections, other.cap);
    assert!(stats.peak <= other.cap && host.pool_stats().peak <= main.cap);
    line.say("end").await;
    assert_eq!(line.try_hear().await, None);
    other.referee().await;
    main.finish(host).await;
    other.is_left().await;
}

/// What the plugin of that test does.
pub(super) async fn two(line: &mut Line) {
    let (main, server) = tokio::join!(
        OnepoolPool::connect("onepool:"),
        OnepoolPool::connect("onepool:?database=server")
    );
    let (main, server) = (main.unwrap(), server.unwrap());
    let kinds = [&main, &server].map(async |pool| pool.acquire().await.unwrap().database());
    let [one, other] = kinds;
    let (one, other) = tokio::join!(one, other);
    line.say(&format!("{one} {other}")).await;
    for (pool, items, insert) in [
        (&main, 3, "INSERT INTO item VALUES (?)"),
        (&server, 5, "INSERT INTO item VALUES ($1)"),
    ] {
        let create = "CREATE TABLE item (id INTEGER PRIMARY KEY)";
        sqlx::query(create).execute(pool).await.unwrap();
        let mut transaction = pool.begin().await.unwrap();
        for id in 0..items {
            let insert = sqlx::query(insert).bind(id);
            insert.execute(&mut *transaction).await.unwrap();
        }
        transaction.commit().await.unwrap();
    }
    let count = "SELECT count(*) FROM item";
    let (one, other): (Result<i64, _>, Result<i64, _>) = tokio::join!(
        sqlx::query_scalar(count).fetch_one(&main),
        sqlx::query_scalar(count).fetch_one(&server)
    );
    line.say(&format!("{} items, {} items", one.unwrap(), other.unwrap()))
        .await;
    let error = OnepoolConnection::connect("onepool:?database=nowhere").await;
    let error = error.unwrap_err();
    let error = OnepoolError::of(&error).unwrap();
    let (_, names) = error.message().rsplit_once(": ").unwrap();
    line.say(&format!("{} {names}", error.code())).await;
    line.hear().await;
}

fn code(error: &sqlx::Error) -> Option<Code> {
    OnepoolError::of(error).map(OnepoolError::code)
}

/// What only reads is served by the replica, whose data is here another's so that it can be told
/// apart; everything else by the main one. Writing is refused by the host.
#[tokio::test]
async fn what_only_reads_goes_to_the_replica() {
    const WHERE: &str = "SELECT current_database()::text";
    let main = Place::new(DatabaseKind::Postgres, 2).await;
    let other = Place::new(DatabaseKind::Postgres, 2).await;
    let named = NamedDatabase::new(&other.url).max_connections(other.cap);
    let host = main.host().add_database("near", named.replica());
    let host = host.start().await.unwrap();
    let options: OnepoolConnectOptions = host.client("p").into();
    let mut writer = options.clone().connect().await.unwrap();
    let mut reader = options.clone().read_only().connect().await.unwrap();
    let mut named = options.clone().database("near").connect().await.unwrap();
    let at_main: String = sqlx::query_scalar(WHERE)
        .fetch_one(&mut writer)
        .await
        .unwrap();
    for reader in [&mut reader, &mut named] {
        let at: String = sqlx::query_scalar(WHERE)
            .fetch_one(&mut *reader)
            .await
            .unwrap();
        assert_ne!(at, at_main);
        let written = sqlx::query("CREATE TABLE t (a INTEGER)").execute(&mut *reader);
        assert_eq!(code(&written.await.unwrap_err()), Some(Code::NOT_PERMITTED));
        let mut transaction = reader.begin().await.unwrap();
        let written = sqlx::query("DELETE FROM pg_class").execute(&mut *transaction);
        assert!(written.await.is_err());
    }
    assert_eq!(host.stats().sessions, 2, "by either name it is one session");
    drop((writer, reader, named));
    other.referee().await;
    main.finish(host).await;
}

/// Without a replica the main one serves what only reads, and refuses writes.
#[tokio::test]
async fn without_a_replica_reading_stays_where_it_is() {
    let main = Place::new(DatabaseKind::Postgres, 2).await;
    let host = main.host().start().await.unwrap();
    let options: OnepoolConnectOptions = host.client("p").into();
    let mut reader = options.read_only().connect().await.unwrap();
    let one: i32 = sqlx::query_scalar("SELECT 1")
        .fetch_one(&mut reader)
        .await
        .unwrap();
    assert_eq!(one, 1);
    let written = sqlx::query("CREATE TABLE t (a INTEGER)").execute(&mut reader);
    let error = written.await.unwrap_err();
    assert_eq!(
        error.as_database_error().unwrap().code().as_deref(),
        Some("25006"),
        "{error}"
    );
    drop(reader);
    main.finish(host).await;
}

/// A plugin with a list is with those, and one with a login of its own is not the host elsewhere.
#[tokio::test]
async fn plugins_are_kept_to_their_databases() {
    let main = Place::new(DatabaseKind::Postgres, 2).await;
    let other = Place::new(DatabaseKind::Sqlite, 1).await;
    let host = main
        .host()
        .add_database("notes", NamedDatabase::new(&other.url))
        .plugin_schema("tenant", "public")
        .start()
        .await
        .unwrap();
    let tenant: OnepoolConnectOptions = host.client("tenant").into();
    tenant.connect().await.unwrap();
    let error = tenant.database("notes").connect().await.unwrap_err();
    assert_eq!(code(&error), Some(Code::NOT_PERMITTED));
    assert!(
        error.to_string().contains("those that it may use: main"),
        "{error}"
    );
    let anybody: OnepoolConnectOptions = host.client("anybody").into();
    let mut notes = anybody.database("notes").connect().await.unwrap();
    let one: i64 = sqlx::query_scalar("SELECT 1")
        .fetch_one(&mut notes)
        .await
        .unwrap();
    assert_eq!((one, notes.database()), (1, DatabaseKind::Sqlite));
    drop(notes);
    main.finish(host).await;
}

/// What cannot be is refused at the start, and what was opened is closed.
#[tokio::test]
async fn one_that_cannot_be_used_keeps_the_host_from_starting() {
    let main = Place::new(DatabaseKind::Postgres, 2).await;
    let (lite, nowhere) = ("sqlite:x.db", "sqlite:/nowhere/x.db");
    for (name, named, says) in [
        ("main", NamedDatabase::new(lite), "every host has"),
        ("a b", NamedDatabase::new(lite), "not a name"),
        (
            "x",
            NamedDatabase::new(lite).replica(),
            "SQLite has no replicas",
        ),
        (
            "x",
            NamedDatabase::new("mysql://u@localhost/d").replica(),
            "MySQL does not follow PostgreSQL",
        ),
        ("x", NamedDatabase::new(nowhere), "the database x: "),
        ("x", NamedDatabase::new("nosql:x"), "the database x: "),
    ] {
        let host = main.host().add_database(name, named);
        let error = host.start().await.unwrap_err().to_string();
        assert!(error.contains(says), "{error}");
    }
    main.is_left().await;
    main.referee().await;
}

/// A quota's changes are for the pools of all databases.
#[tokio::test]
async fn a_quota_is_for_each_of_them() {
    let main = Place::new(DatabaseKind::Sqlite, 2).await;
    let other = Place::new(DatabaseKind::Sqlite, 2).await;
    let named = NamedDatabase::new(&other.url);
    let host = main
        .host()
        .add_database("other", named)
        .start()
        .await
        .unwrap();
    let quota = onepool_host::Quota {
        rows_per_result: Some(1),
        ..onepool_host::Quota::default()
    };
    let pool = plugin_of(&host, "p").await;
    let options: OnepoolConnectOptions = host.client("p").into();
    let mut there = options.database("other").connect().await.unwrap();
    host.set_quota("p", quota).unwrap();
    const TWO: &str = "SELECT 1 UNION SELECT 2";
    let here = sqlx::query(TWO).fetch_all(&pool).await.unwrap_err();
    let there_too = sqlx::query(TWO).fetch_all(&mut there).await.unwrap_err();
    assert_eq!(code(&here), Some(Code::QUOTA_EXCEEDED));
    assert_eq!(code(&there_too), Some(Code::QUOTA_EXCEEDED));
    drop(there);
    main.finish(host).await;
}
