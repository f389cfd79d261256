//! Settings made in `after_connect` follow a plugin's connections, and cost no backends: a dozen
//! plugins, every third of them without settings, share three.

use futures_util::future::try_join_all;
use onepool_host::Host;
use onepool_sdk::{DatabaseKind, OnepoolConnectOptions, OnepoolPool, OnepoolPoolOptions};
use sqlx::AssertSqlSafe;

use super::place::{LONG, Place, plugin, soon};

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

/// The statement that tells what the settings of a session are.
fn reads_settings(kind: DatabaseKind) -> &'static str {
    match kind {
        DatabaseKind::Postgres => {
            "SELECT current_setting('application_name') || ' ' || current_setting('timezone') \
             || ' ' || name FROM who"
        }
        DatabaseKind::MySql => {
            "SELECT concat(@@session.time_zone, ' ', @@session.sql_mode, ' ', \
             @@session.tx_isolation, ' ', @@session.tx_read_only)"
        }
        DatabaseKind::Sqlite => {
            "SELECT c.cache_size || ' ' || f.foreign_keys \
             FROM pragma_cache_size c, pragma_foreign_keys f"
        }
    }
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
    let read = reads_settings(place.kind);
    let plain: String = sqlx::query_scalar(read).fetch_one(&admin).await.unwrap();
    let mut tasks = Vec::new();
    let mut pools = Vec::new();
    for n in 0..PLUGINS {
        let (statements, expected) = match n % 3 {
            0 => (Vec::new(), plain.clone()),
            _ => setup(n),
        };
        // On PostgreSQL the host tells whose a transaction is, where the plugin does not.
        let named = format!("onepool/plugin-{n}");
        let in_transaction = match statements.as_slice() {
            [] => expected.replacen("onepool", &named, 1),
            _ => expected.clone(),
        };
        let pool = with_settings(&host, &format!("plugin-{n}"), statements).await;
        for _ in 0..3 {
            let (pool, expected) = (pool.clone(), expected.clone());
            let in_transaction = in_transaction.clone();
            tasks.push(tokio::spawn(async move {
                for round in 0..ROUNDS {
                    let begins = round % 5 == 0;
                    let seen: String = if begins {
                        let mut transaction = pool.begin().await?;
                        let seen = sqlx::query_scalar(read).fetch_one(&mut *transaction);
                        let seen = seen.await?;
                        transaction.commit().await?;
                        seen
                    } else {
                        sqlx::query_scalar(read).fetch_one(&pool).await?
                    };
                    let expected = if begins { &in_transaction } else { &expected };
                    assert_eq!(&seen, expected, "round {round}");
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
            // Two settings, of which one was once lost, however they are written.
            "SET SESSION tx_isolation = 'SERIALIZABLE'".to_owned(),
            "SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED".to_owned(),
            "SET SESSION TRANSACTION READ ONLY".to_owned(),
        ];
        (setup, format!("{zone} {mode} READ-COMMITTED ON"))
    })
    .await;
}

/// A setting that takes no more than one statement once waited for whoever was writing.
#[tokio::test]
async fn of_a_dozen_plugins_do_not_wait_for_a_writer() {
    let place = Place::new(DatabaseKind::Sqlite, 3).await;
    let host = place.host().start().await.unwrap();
    let writer = plugin(&host, "writer").await;
    let mut transaction = writer.begin().await.unwrap();
    sqlx::raw_sql("CREATE TABLE t (id INTEGER)")
        .execute(&mut *transaction)
        .await
        .unwrap();
    for n in 0..PLUGINS {
        let setup = vec![
            "PRAGMA journal_mode = WAL".to_owned(),
            format!("PRAGMA cache_size = {}", 100 + n),
            "PRAGMA foreign_keys = 1; PRAGMA busy_timeout = 1000".to_owned(),
        ];
        let pool = soon(
            "a hook",
            with_settings(&host, &format!("plugin-{n}"), setup),
        )
        .await;
        let seen = sqlx::query_scalar("SELECT cache_size FROM pragma_cache_size").fetch_one(&pool);
        let seen: i64 = soon("a read", seen).await.unwrap();
        assert_eq!(seen, i64::from(100 + n));
    }
    transaction.commit().await.unwrap();
    place.finish(host).await;
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

/// A setting whose value was bound was once forgotten as soon as it had been made.
#[tokio::test]
async fn that_are_bound_follow_their_connection() {
    let place = Place::new(DatabaseKind::Postgres, 1).await;
    let host = place.host().start().await.unwrap();
    let mut pools = Vec::new();
    for tenant in ["red", "it's \\ green"] {
        let pool = OnepoolPoolOptions::new()
            .max_connections(1)
            .after_connect(move |connection, _| {
                Box::pin(async move {
                    let set = sqlx::query("SELECT set_config('app.tenant', $1, false)");
                    set.bind(tenant).execute(connection).await.map(|_| ())
                })
            })
            .connect_with(host.client("tenants").into());
        pools.push((tenant, pool.await.unwrap()));
    }
    for round in 0..3 {
        for (tenant, pool) in &pools {
            let mut connection = soon("acquire", pool.acquire()).await.unwrap();
            let show = sqlx::query_scalar("SELECT current_setting('app.tenant')");
            let seen: String = soon("show", show.fetch_one(&mut *connection))
                .await
                .unwrap();
            assert_eq!(seen, *tenant, "round {round}");
            // Nothing is held, though the connection is not given back yet.
            super::place::quiet(&host).await;
        }
    }
    let plain = plugin(&host, "plain").await;
    let show = sqlx::query_scalar("SELECT coalesce(current_setting('app.tenant', true), '')");
    let seen: String = soon("show", show.fetch_one(&plain)).await.unwrap();
    assert_eq!(seen, "", "it is nobody else's");
    place.finish(host).await;
}
