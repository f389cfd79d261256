//! What one plugin leaves on its connection, the next one does not find.
//!
//! There is one backend, so the next plugin gets the very one. What it sees before and after must
//! be the same.

use onepool_sdk::{DatabaseKind, OnepoolPool};
use sqlx::AssertSqlSafe;

use super::place::{Place, plugin, soon};

/// What is left, and how one would see it.
struct Leftover {
    left: &'static [&'static str],
    /// A query for one text.
    seen_by: &'static str,
}

const fn leftover(left: &'static [&'static str], seen_by: &'static str) -> Leftover {
    Leftover { left, seen_by }
}

const POSTGRES: &[Leftover] = &[
    leftover(
        &["CREATE TEMPORARY TABLE mine AS SELECT 1 AS n"],
        "SELECT coalesce(to_regclass('mine')::text, 'none')",
    ),
    leftover(
        &["SELECT pg_advisory_lock(7)"],
        "SELECT count(*)::text FROM pg_locks WHERE locktype = 'advisory'",
    ),
    leftover(
        &["SET search_path = pg_catalog"],
        "SELECT current_setting('search_path')",
    ),
    leftover(
        &["SELECT set_config('search_path', 'pg_catalog', false)"],
        "SELECT current_setting('search_path')",
    ),
    leftover(
        &["SET SESSION CHARACTERISTICS AS TRANSACTION READ ONLY"],
        "SELECT current_setting('default_transaction_read_only')",
    ),
    leftover(
        &["SET SESSION CHARACTERISTICS AS TRANSACTION ISOLATION LEVEL SERIALIZABLE"],
        "SELECT current_setting('default_transaction_isolation')",
    ),
    leftover(
        &["SET tcp_keepalives_idle = 7; SET SESSION AUTHORIZATION DEFAULT"],
        "SELECT current_setting('tcp_keepalives_idle')",
    ),
    leftover(&["SET ROLE pg_monitor"], "SELECT current_user::text"),
    leftover(
        &["PREPARE mine AS SELECT 1"],
        "SELECT count(*)::text FROM pg_prepared_statements WHERE from_sql",
    ),
    leftover(
        &["DECLARE mine CURSOR WITH HOLD FOR SELECT 1"],
        "SELECT count(*)::text FROM pg_cursors WHERE is_holdable",
    ),
    leftover(
        &["BEGIN", "CREATE TABLE half_done (n int)"],
        "SELECT coalesce(to_regclass('half_done')::text, 'none')",
    ),
    leftover(
        &["BEGIN", "DECLARE mine CURSOR FOR SELECT 1", "SELECT 1 / 0"],
        "SELECT count(*)::text FROM pg_cursors WHERE name = 'mine'",
    ),
    leftover(
        &["DO $$ BEGIN PERFORM set_config('hidden.one', 'left', false); END $$"],
        "SELECT coalesce(current_setting('hidden.one', true), '')",
    ),
    // The function is not one that is known to be harmless.
    leftover(
        &["SELECT leaves_something()"],
        "SELECT coalesce(current_setting('hidden.two', true), '')",
    ),
    leftover(
        &["SELECT 1; SET hidden.three = 'left'; SELECT 2"],
        "SELECT coalesce(current_setting('hidden.three', true), '')",
    ),
];

const MARIADB: &[Leftover] = &[
    leftover(
        &[
            "CREATE TEMPORARY TABLE kept (n INT)",
            "INSERT INTO kept VALUES (9)",
        ],
        "SELECT concat(count(*), '') FROM kept",
    ),
    leftover(
        &["SET @mine = 'left'"],
        "SELECT CONVERT(coalesce(@mine, 'none') USING utf8mb4)",
    ),
    leftover(
        &["SELECT @other := 'left'"],
        "SELECT CONVERT(coalesce(@other, 'none') USING utf8mb4)",
    ),
    leftover(
        &["SELECT GET_LOCK('mine', 1)"],
        "SELECT coalesce(concat(IS_USED_LOCK('mine'), ''), 'nobody')",
    ),
    leftover(
        &["SET SESSION sql_mode = 'ANSI_QUOTES'"],
        "SELECT @@session.sql_mode",
    ),
    leftover(
        &["/*!50000 SET @@session.sql_mode = 'ANSI_QUOTES' */"],
        "SELECT @@session.sql_mode",
    ),
    leftover(
        &["SET autocommit = 0", "INSERT INTO kept VALUES (1)"],
        "SELECT concat(@@session.autocommit, ' ', count(*)) FROM kept",
    ),
    leftover(
        &["START TRANSACTION", "INSERT INTO kept VALUES (2)"],
        "SELECT concat(count(*), '') FROM kept",
    ),
    leftover(
        &["LOCK TABLES kept READ"],
        "SELECT concat(count(*), '') FROM kept",
    ),
    leftover(
        &["SET NAMES latin1"],
        "SELECT concat(@@character_set_client, ' ', @@collation_connection)",
    ),
    leftover(
        &["USE information_schema"],
        "SELECT concat(database() = 'information_schema', '')",
    ),
    leftover(
        &["SET SESSION TRANSACTION READ ONLY"],
        "SELECT concat(@@session.tx_read_only, '')",
    ),
    leftover(
        &["SET @@session.tx_isolation = 'READ-UNCOMMITTED', SESSION wait_timeout = 77"],
        "SELECT concat(@@session.tx_isolation, ' ', @@session.wait_timeout)",
    ),
];

const SQLITE: &[Leftover] = &[
    leftover(
        &[
            "CREATE TEMPORARY TABLE kept (n INTEGER)",
            "INSERT INTO kept VALUES (9)",
        ],
        "SELECT count(*) || '' FROM kept",
    ),
    leftover(
        &["PRAGMA foreign_keys = 0"],
        "SELECT foreign_keys || '' FROM pragma_foreign_keys",
    ),
    leftover(
        &["PRAGMA query_only = 1"],
        "SELECT query_only || '' FROM pragma_query_only",
    ),
    leftover(
        &["PRAGMA recursive_triggers = 1; PRAGMA cache_size = 77"],
        "SELECT recursive_triggers || ' ' || cache_size \
         FROM pragma_recursive_triggers, pragma_cache_size",
    ),
    leftover(
        &["PRAGMA case_sensitive_like = 1"],
        "SELECT ('A' LIKE 'a') || ''",
    ),
    leftover(
        &["ATTACH ':memory:' AS mine"],
        "SELECT group_concat(name) FROM pragma_database_list",
    ),
    leftover(
        &["BEGIN", "INSERT INTO kept VALUES (1)"],
        "SELECT count(*) || '' FROM kept",
    ),
    leftover(
        &["SAVEPOINT mine", "INSERT INTO kept VALUES (2)"],
        "SELECT count(*) || '' FROM kept",
    ),
];

async fn look(pool: &OnepoolPool, leftover: &Leftover) -> String {
    let look = sqlx::query_scalar(leftover.seen_by).fetch_one(pool);
    let seen = soon("the other plugin", look).await;
    seen.unwrap_or_else(|error| panic!("{:?}, {}: {error}", leftover.left, leftover.seen_by))
}

async fn nothing_leaks(place: Place, before: &[String], leftovers: &[Leftover]) {
    let host = place.host().start().await.unwrap();
    let (one, other) = (plugin(&host, "one").await, plugin(&host, "other").await);
    for sql in before {
        let done = sqlx::raw_sql(AssertSqlSafe(sql.as_str())).execute(&other);
        done.await.unwrap();
    }
    for leftover in leftovers {
        let before = look(&other, leftover).await;
        for ends in ["released", "closed", "detached and dropped"] {
            let mut connection = one.acquire().await.unwrap();
            for sql in leftover.left {
                // Some of it fails, and some is refused; what matters is what is left.
                let _ = soon(sql, sqlx::raw_sql(*sql).execute(&mut *connection)).await;
            }
            match ends {
                "released" => drop(connection),
                "closed" => connection.close().await.unwrap(),
                _ => drop(connection.detach()),
            }
            let after = look(&other, leftover).await;
            assert_eq!(after, before, "{:?}, {ends}", leftover.left);
        }
    }
    place.finish(host).await;
}

#[tokio::test]
async fn nothing_on_postgres() {
    let place = Place::new(DatabaseKind::Postgres, 1).await;
    let before = [
        "CREATE FUNCTION leaves_something() RETURNS text LANGUAGE sql AS \
         $$ SELECT set_config('hidden.two', 'left', false) $$",
    ];
    place.grant("pg_monitor").await;
    nothing_leaks(place, &before.map(str::to_owned), POSTGRES).await;
}

#[tokio::test]
async fn nothing_on_mariadb() {
    let place = Place::new(DatabaseKind::MySql, 1).await;
    let before = ["CREATE TABLE kept (n INT)".to_owned()];
    nothing_leaks(place, &before, MARIADB).await;
}

#[tokio::test]
async fn nothing_on_sqlite() {
    let place = Place::new(DatabaseKind::Sqlite, 1).await;
    let before = ["CREATE TABLE kept (n INTEGER)".to_owned()];
    nothing_leaks(place, &before, SQLITE).await;
}

/// Once, whoever came after a plugin that had turned autocommit off wrote into a transaction that
/// nobody ever committed.
#[tokio::test]
async fn autocommit_off_is_nobody_elses() {
    let place = Place::new(DatabaseKind::MySql, 1).await;
    let host = place.host().start().await.unwrap();
    let (one, other) = (plugin(&host, "one").await, plugin(&host, "other").await);
    let create = "CREATE TABLE kept (n INT)";
    sqlx::raw_sql(create).execute(&other).await.unwrap();
    let count = "SELECT count(*) FROM kept";
    for committed in 1..=3_i64 {
        let mut connection = one.acquire().await.unwrap();
        for sql in [
            "SET autocommit = 0",
            "INSERT INTO kept VALUES (1)",
            "COMMIT",
            "INSERT INTO kept VALUES (2)",
            "ROLLBACK",
            "INSERT INTO kept VALUES (3)",
        ] {
            let done = sqlx::raw_sql(sql).execute(&mut *connection);
            soon(sql, done).await.unwrap();
        }
        drop(connection);
        let seen: i64 = soon("count", sqlx::query_scalar(count).fetch_one(&other))
            .await
            .unwrap();
        assert_eq!(seen, 2 * committed - 1, "what was committed, and no more");
        let insert = sqlx::query("INSERT INTO kept VALUES (4)").execute(&other);
        soon("insert", insert).await.unwrap();
        let direct: i64 = place.count("kept").await;
        assert_eq!(direct, 2 * committed, "the other's write is there for all");
    }
    place.finish(host).await;
}

/// The modes of one plugin's next transaction must not be those of the next plugin's.
#[tokio::test]
async fn modes_of_the_next_transaction_are_nobody_elses() {
    let place = Place::new(DatabaseKind::MySql, 1).await;
    let host = place.host().start().await.unwrap();
    let (one, other) = (plugin(&host, "one").await, plugin(&host, "other").await);
    let create = "CREATE TABLE kept (n INT)";
    sqlx::raw_sql(create).execute(&other).await.unwrap();
    let insert = || sqlx::query("INSERT INTO kept VALUES (1)");
    let backend = || sqlx::query_scalar::<_, i64>("SELECT CAST(CONNECTION_ID() AS SIGNED)");
    let before = backend().fetch_one(&other).await.unwrap();
    for uses in [&[][..], &["BEGIN", "COMMIT"], &["SELECT 1"], &["BEGIN"]] {
        let mut connection = one.acquire().await.unwrap();
        for sql in ["SET TRANSACTION READ ONLY"].iter().chain(uses) {
            let done = sqlx::raw_sql(*sql).execute(&mut *connection);
            soon(sql, done).await.unwrap();
        }
        drop(connection);
        let mut transaction = soon("begin", other.begin()).await.unwrap();
        let inserted = soon("insert", insert().execute(&mut *transaction)).await;
        inserted.unwrap_or_else(|error| panic!("{uses:?}: {error}"));
        transaction.commit().await.unwrap();
    }
    let after = backend().fetch_one(&other).await.unwrap();
    assert_eq!(after, before, "no backend was closed for it");
    place.finish(host).await;
}
