//! Migrators of several plugins, and several of one, on one database.

use std::borrow::Cow;

use futures_util::future::try_join_all;
use onepool_host::Host;
use onepool_sdk::{DatabaseKind, OnepoolPool};
use sqlx::migrate::{Migrate, Migration, MigrationType, Migrator};
use sqlx::{AssertSqlSafe, SqlSafeStr};

use super::place::{Place, plugin, quiet, soon};

fn migrator(texts: &[String]) -> Migrator {
    let migrations = (1..).zip(texts).map(|(version, text)| {
        let sql = AssertSqlSafe(text.clone()).into_sql_str();
        Migration::new(
            version,
            Cow::Borrowed("step"),
            MigrationType::Simple,
            sql,
            false,
        )
    });
    Migrator::with_migrations(migrations.collect())
}

/// Two steps of which the second needs the first.
fn steps(plugin: &str) -> Vec<String> {
    vec![
        format!("CREATE TABLE {plugin}_notes (n INTEGER)"),
        format!("INSERT INTO {plugin}_notes VALUES (7)"),
    ]
}

async fn notes(pool: &OnepoolPool, plugin: &str) -> i64 {
    let sql = format!("SELECT count(*) FROM {plugin}_notes");
    let count = sqlx::query_scalar(AssertSqlSafe(sql)).fetch_one(pool);
    soon("count", count).await.unwrap()
}

/// How often a plugin has been lent a backend.
fn leases(host: &Host, plugin: &str) -> u64 {
    let plugins = host.pool_stats().plugins;
    let stats = plugins.into_iter().find(|(name, _)| name == plugin);
    stats.map_or(0, |(_, stats)| stats.leases)
}

async fn plugins_do_not_meet(kind: DatabaseKind) {
    let place = Place::new(kind, 1).await;
    let host = place.host().start().await.unwrap();
    let names = ["red", "green", "blue"];
    let mut pools = Vec::new();
    for name in names {
        // Each several times at once, as the processes of one plugin would.
        pools.push((name, plugin(&host, name).await));
        pools.push((name, plugin(&host, name).await));
    }
    for _ in 0..2 {
        let runs = pools.iter().map(async |(name, pool)| {
            let migrator = migrator(&steps(name));
            migrator.run(pool).await
        });
        soon("migrations", try_join_all(runs)).await.unwrap();
    }
    for (name, pool) in &pools {
        assert_eq!(notes(pool, name).await, 1, "{name}");
    }
    place.finish(host).await;
}

async fn a_failure_frees_everything(kind: DatabaseKind) {
    let place = Place::new(kind, 1).await;
    let host = place.host().start().await.unwrap();
    let (one, other) = (plugin(&host, "one").await, plugin(&host, "one").await);
    let mut texts = steps("one");
    texts.push("SELECT nothing FROM nowhere".to_owned());
    for pool in [&one, &other] {
        let failed = migrator(&texts);
        soon("a migration", failed.run(pool)).await.unwrap_err();
        quiet(&host).await;
    }
    texts.pop();
    for pool in [&one, &other] {
        let mended = migrator(&texts);
        soon("a migration", mended.run(pool)).await.unwrap();
    }
    assert_eq!(notes(&one, "one").await, 1);
    place.finish(host).await;
}

async fn who_waits_has_no_backend(kind: DatabaseKind) {
    let place = Place::new(kind, 1).await;
    let host = place.host().start().await.unwrap();
    let neighbour = plugin(&host, "neighbour").await;
    let holder = plugin(&host, "slow").await;
    let mut holding = holder.acquire().await.unwrap();
    holding.lock().await.unwrap();
    let before = leases(&host, "slow");
    let mut waiting = Vec::new();
    for _ in 0..5 {
        let pool = plugin(&host, "slow").await;
        waiting.push(tokio::spawn(async move {
            migrator(&steps("slow")).run(&pool).await
        }));
    }
    // There is one backend, and the neighbour has it whenever it wants.
    for _ in 0..200 {
        let one = sqlx::query("SELECT 1").execute(&neighbour);
        soon("the neighbour", one).await.unwrap();
        assert_eq!(leases(&host, "slow"), before);
    }
    holding.unlock().await.unwrap();
    for waiting in waiting {
        soon("a migrator", waiting).await.unwrap().unwrap();
    }
    assert_eq!(notes(&holder, "slow").await, 1);
    place.finish(host).await;
}

macro_rules! on_each {
    ($($name:ident)*) => {$(
        mod $name {
            use onepool_sdk::DatabaseKind;

            #[tokio::test]
            async fn on_sqlite() {
                super::$name(DatabaseKind::Sqlite).await;
            }

            #[tokio::test]
            async fn on_postgres() {
                super::$name(DatabaseKind::Postgres).await;
            }

            #[tokio::test]
            async fn on_mariadb() {
                super::$name(DatabaseKind::MySql).await;
            }
        }
    )*};
}

on_each! { plugins_do_not_meet a_failure_frees_everything who_waits_has_no_backend }
