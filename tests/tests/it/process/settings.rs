//! Settings made in `after_connect` follow a plugin's connections, and cost no backends: a dozen
//! plugins, every third of them without settings, share three.

use futures_util::future::try_join_all;
use onepool_host::Host;
use onepool_sdk::{DatabaseKind, OnepoolConnectOptions, OnepoolPool, OnepoolPoolOptions};
use sqlx::AssertSqlSafe;

use super::place::{LONG, Place, plugin};

const PLUGINS: u32 = 12;
const ROUNDS: u32 = 25;

/// A plugin whose connections all run `setup` first.
async fn with_settings(host: &Host, name: &str, setup: Vec<String>) -> OnepoolPool {
    let options: OnepoolConnectOptions = host.client(name).into();
    OnepoolPoolOptions::new()
        .max_connections(3)
        .after_connect(move |connection, _| {
            let setup = setup.clone();
            Box::pin(async move {
                for sql in setup {
                    sqlx::raw_sql(AssertSqlSafe(sql))
                        .execute(&mut *connection)
                        .await?;
                }
                Ok(())
            })
        })
        .connect_with(options)
        .await
        .unwrap()
}

/// Runs all plugins at once; each must read its own settings in every round, in a transaction and
/// outside, and one without settings the defaults.
async fn all_at_once(
    place: Place,
    before: &[String],
    setup: impl Fn(u32) -> (Vec<String>, String),
) {
    let host = place.host().start().await.unwrap();
    let admin = plugin(&host, "admin").await;
    for sql in before {
        sqlx::raw_sql(AssertSqlSafe(sql.as_str()))
            .execute(&admin)
            .await
            .unwrap();
    }
    let read = match place.kind {
        DatabaseKind::Postgres => {
            "SELECT current_setting('application_name') || ' ' || current_setting('timezone') \
             || ' ' || name FROM who"
        }
        DatabaseKind::MySql => "SELECT concat(@@session.time_zone, ' ', @@session.sql_mode)",
        DatabaseKind::Sqlite => {
            "SELECT c.cache_size || ' ' || f.foreign_keys \
             FROM pragma_cache_size c, pragma_foreign_keys f"
        }
    };
    let plain: String = sqlx::query_scalar(read).fetch_one(&admin).await.unwrap();
    let mut tasks = Vec::new();
    let mut pools = Vec::new();
    for n in 0..PLUGINS {
        let (statements, expected) = match n % 3 {
            0 => (Vec::new(), plain.clone()),
            _ => setup(n),
        };
        let pool = with_settings(&host, &format!("plugin-{n}"), statements).await;
        for _ in 0..3 {
            let (pool, expected) = (pool.clone(), expected.clone());
            tasks.push(tokio::spawn(async move {
                for round in 0..ROUNDS {
                    let seen: String = if round % 5 == 0 {
                        let mut transaction = pool.begin().await?;
                        let seen = sqlx::query_scalar(read).fetch_one(&mut *transaction);
                        let seen = seen.await?;
                        transaction.commit().await?;
                        seen
                    } else {
                        sqlx::query_scalar(read).fetch_one(&pool).await?
                    };
                    assert_eq!(seen, expected, "round {round}");
                }
                Ok::<_, sqlx::Error>(())
            }));
        }
        pools.push(pool);
    }
    let ended = tokio::time::timeout(LONG * 2, try_join_all(tasks)).await;
    let results = ended.expect("nobody starves").unwrap();
    results.into_iter().collect::<Result<Vec<()>, _>>().unwrap();
    // While the connections still exist, with all their settings, they hold nothing.
    super::place::quiet(&host).await;
    place.finish(host).await;
}

#[tokio::test]
async fn of_a_dozen_plugins_on_postgres() {
    let public = "CREATE TABLE who AS SELECT 'nobody'::text AS name".to_owned();
    let before: Vec<String> = std::iter::once(public)
        .chain((0..PLUGINS).flat_map(|n| {
            [
                format!("CREATE SCHEMA s{n}"),
                format!("CREATE TABLE s{n}.who AS SELECT 'who {n}'::text AS name"),
            ]
        }))
        .collect();
    let place = Place::new(DatabaseKind::Postgres, 3).await;
    all_at_once(place, &before, |n| {
        let hours = n % 12;
        let setup = vec![
            format!("SET application_name = 'plugin {n}'"),
            format!("SET timezone = 'Etc/GMT-{hours}'; SET search_path = s{n}, public"),
        ];
        (setup, format!("plugin {n} Etc/GMT-{hours} who {n}"))
    })
    .await;
}

#[tokio::test]
async fn of_a_dozen_plugins_on_mariadb() {
    let place = Place::new(DatabaseKind::MySql, 3).await;
    all_at_once(place, &[], |n| {
        let zone = format!("+{n:02}:30");
        let mode = if n % 2 == 0 {
            "STRICT_ALL_TABLES"
        } else {
            "ANSI_QUOTES"
        };
        let setup = vec![
            format!("SET time_zone = '{zone}'"),
            format!("SET SESSION sql_mode = '{mode}'"),
        ];
        (setup, format!("{zone} {mode}"))
    })
    .await;
}

#[tokio::test]
async fn of_a_dozen_plugins_on_sqlite() {
    let place = Place::new(DatabaseKind::Sqlite, 3).await;
    all_at_once(place, &[], |n| {
        let (cache, keys) = (1000 + n, n % 2);
        let setup = vec![format!(
            "PRAGMA cache_size = {cache}; PRAGMA foreign_keys = {keys}"
        )];
        (setup, format!("{cache} {keys}"))
    })
    .await;
}
