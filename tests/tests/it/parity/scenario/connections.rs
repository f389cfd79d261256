//! Connections and pools: their life, their hooks, and what a Connection keeps.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use onepool_sdk::DatabaseKind;
use sqlx::pool::PoolOptions;
use sqlx::{Connection, Executor};

use super::{Db, Stage, integers, run, table_of_ids};

pub async fn live_and_die(stage: &mut Stage) {
    let pool = table_of_ids(stage).await;
    let mut connection = pool.acquire().await.unwrap();
    stage.result("ping", connection.ping().await);
    run(&mut *connection, "INSERT INTO t VALUES (1)").await;
    stage.result("clear", connection.clear_cached_statements().await);
    stage.note("cached", connection.cached_statements_size());
    stage.result(
        "after that",
        integers(&mut *connection, "SELECT id FROM t").await,
    );
    stage.result("close", connection.close().await);
    let mut detached = pool.acquire().await.unwrap().detach();
    stage.result(
        "detached",
        integers(&mut detached, "SELECT id FROM t").await,
    );
    let mut transaction = detached.begin().await.unwrap();
    run(&mut *transaction, "INSERT INTO t VALUES (2)").await;
    drop(transaction);
    stage.result("close", detached.close().await);
    let detached = pool.acquire().await.unwrap().detach();
    stage.result("close hard", detached.close_hard().await);
    let options = (*pool.connect_options()).clone();
    let mut apart = <Db as sqlx::Database>::Connection::connect_with(&options)
        .await
        .unwrap();
    stage.result("apart", integers(&mut apart, "SELECT id FROM t").await);
    let mut transaction = apart.begin().await.unwrap();
    run(&mut *transaction, "INSERT INTO t VALUES (3)").await;
    stage.result("commit", transaction.commit().await);
    drop(apart);
    stage.result(
        "left",
        integers(&pool, "SELECT id FROM t ORDER BY id").await,
    );
}

pub async fn are_set_up_by_hooks(stage: &mut Stage) {
    let connected = Arc::new(AtomicU32::new(0));
    let taken = Arc::new(AtomicU32::new(0));
    let returned = Arc::new(AtomicU32::new(0));
    let set = stage.per(
        "PRAGMA cache_size = -1234",
        "SET TIME ZONE 'Asia/Tokyo'; SET extra_float_digits = 0",
        "SET time_zone = '+09:00', sql_mode = 'ANSI_QUOTES'",
    );
    let show = stage.per(
        "SELECT cast(cache_size AS TEXT) FROM pragma_cache_size",
        "SELECT current_setting('TimeZone') || current_setting('extra_float_digits')",
        "SELECT concat(@@time_zone, @@sql_mode)",
    );
    let count = |counter: &Arc<AtomicU32>| {
        let counter = Arc::clone(counter);
        move || counter.fetch_add(1, Ordering::Relaxed)
    };
    let (on_connect, on_take, on_return) = (count(&connected), count(&taken), count(&returned));
    let options = PoolOptions::<Db>::new()
        .max_connections(2)
        .after_connect(move |connection, _| {
            on_connect();
            Box::pin(async move { connection.execute(set).await.map(|_| ()) })
        })
        .before_acquire(move |_, _| {
            on_take();
            Box::pin(async { Ok(true) })
        })
        .after_release(move |_, _| {
            on_return();
            Box::pin(async { Ok(true) })
        });
    let options = options.connect_with((*stage.pool.connect_options()).clone());
    let pool = options.await.unwrap();
    let mut one = pool.acquire().await.unwrap();
    let mut two = pool.acquire().await.unwrap();
    for connection in [&mut one, &mut two] {
        let shown = sqlx::query_scalar::<_, String>(show)
            .fetch_one(&mut **connection)
            .await;
        stage.result("set", shown);
    }
    drop((one, two));
    for _ in 0..4 {
        let shown = sqlx::query_scalar::<_, String>(show).fetch_one(&pool).await;
        stage.result("still set", shown);
    }
    let elsewhere = sqlx::query_scalar::<_, String>(show)
        .fetch_one(&stage.pool.clone())
        .await;
    stage.note(
        "elsewhere",
        elsewhere.ok() == sqlx::query_scalar(show).fetch_one(&pool).await.ok(),
    );
    pool.close().await;
    stage.note("connected", connected.load(Ordering::Relaxed));
    stage.note("taken", taken.load(Ordering::Relaxed) >= 4);
    stage.note("returned", returned.load(Ordering::Relaxed) >= 4);
}

/// Settings made by hand, changed, undone by a rollback where the database does so.
#[expect(
    clippy::too_many_lines,
    reason = "a list of cases, one after the other"
)]
pub async fn keep_their_settings(stage: &mut Stage) {
    let mut connection = stage.pool.acquire().await.unwrap();
    let (show, set, again): (_, &[&str], &[&str]) = stage.per(
        (
            "SELECT cast(cache_size AS TEXT) FROM pragma_cache_size",
            &["PRAGMA cache_size = -77"],
            &["PRAGMA cache_size = -78"],
        ),
        (
            "SELECT concat(current_setting('search_path'), ' ', current_setting('work_mem'), ' ', \
             current_setting('my.own', true))",
            &[
                "CREATE SCHEMA s",
                "SET search_path TO s, public",
                "SET work_mem = '5MB'",
                "SET my.own = 'x'",
            ],
            &[
                "SELECT set_config('search_path', 'public', false)",
                "SET LOCAL work_mem = '6MB'",
            ],
        ),
        (
            "SELECT concat(@@sql_mode, ' ', @@transaction_isolation, ' ', @@group_concat_max_len)",
            &[
                "SET sql_mode = 'STRICT_ALL_TABLES'",
                "SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED",
                "SET group_concat_max_len = 1000",
            ],
            &["SET SESSION group_concat_max_len = 2000"],
        ),
    );
    let show = || sqlx::query_scalar::<_, String>(show);
    for statement in set {
        stage.worked(
            statement,
            sqlx::query(*statement).execute(&mut *connection).await,
        );
        stage.result("then", show().fetch_one(&mut *connection).await);
    }
    for commits in [false, true] {
        let mut transaction = connection.begin().await.unwrap();
        for statement in again {
            let done = sqlx::query(*statement).fetch_all(&mut *transaction).await;
            stage.worked(statement, done);
        }
        stage.result("inside", show().fetch_one(&mut *transaction).await);
        let end = if commits {
            transaction.commit().await
        } else {
            transaction.rollback().await
        };
        stage.result("end", end);
        stage.result("after", show().fetch_one(&mut *connection).await);
    }
    if stage.kind == DatabaseKind::Postgres {
        for statement in ["RESET search_path", "RESET ALL"] {
            stage.worked(
                statement,
                sqlx::query(statement).execute(&mut *connection).await,
            );
            stage.result("then", show().fetch_one(&mut *connection).await);
        }
    }
}

/// What only lives on one database connection.
pub async fn keep_their_state(stage: &mut Stage) {
    let mut connection = stage.pool.acquire().await.unwrap();
    let common = [
        "CREATE TEMPORARY TABLE mine (id INTEGER, name VARCHAR(9))",
        "INSERT INTO mine VALUES (1, 'a'), (2, 'b')",
        "SELECT id FROM mine ORDER BY id",
        "DELETE FROM mine WHERE id = 1",
        "SELECT id FROM mine ORDER BY id",
    ];
    let own: &[&'static str] = stage.per(
        &["DROP TABLE mine"],
        &[
            "PREPARE double_it (int) AS SELECT $1 * 2",
            "EXECUTE double_it (21)",
            "DEALLOCATE double_it",
            "SELECT CASE WHEN pg_try_advisory_lock(7) THEN 1 ELSE 0 END",
            "SELECT count(*)::int4 FROM pg_locks WHERE locktype = 'advisory' AND pid = pg_backend_pid()",
            "SELECT CASE WHEN pg_advisory_unlock(7) THEN 1 ELSE 0 END",
            "CREATE SEQUENCE numbers START 5",
            "SELECT nextval('numbers')::int4",
            "SELECT currval('numbers')::int4",
            "SELECT lastval()::int4",
            "BEGIN",
            "DECLARE c CURSOR WITH HOLD FOR SELECT generate_series(1, 10)",
            "COMMIT",
            "FETCH 3 FROM c",
            "FETCH 2 FROM c",
            "CLOSE c",
            "DROP TABLE mine",
        ],
        &[
            "SET @mine = 5",
            "SELECT CAST(@mine + 1 AS INT)",
            "SELECT CAST(@mine := @mine + 10 AS INT)",
            "SELECT GET_LOCK('mine', 0)",
            "SELECT IS_USED_LOCK('mine') = CONNECTION_ID()",
            "SELECT RELEASE_LOCK('mine')",
            "PREPARE double_it FROM 'SELECT CAST(? * 2 AS INT)'",
            "EXECUTE double_it USING @mine",
            "DEALLOCATE PREPARE double_it",
            "DROP TABLE mine",
        ],
    );
    for sql in common.iter().chain(own) {
        // As text, since some of it cannot be prepared.
        let rows = sqlx::raw_sql(*sql).fetch_all(&mut *connection).await;
        let rows = rows.map(|rows| {
            let first = |row| sqlx::Row::try_get_unchecked::<i32, _>(row, 0).ok();
            rows.iter().map(first).collect::<Vec<_>>()
        });
        stage.result(sql, rows);
    }
}

pub async fn remember_what_they_inserted(stage: &mut Stage) {
    let pool = stage.pool.clone();
    let id = stage.per(
        "INTEGER PRIMARY KEY AUTOINCREMENT",
        "SERIAL PRIMARY KEY",
        "INTEGER PRIMARY KEY AUTO_INCREMENT",
    );
    run(&pool, format!("CREATE TABLE t (id {id}, name VARCHAR(9))")).await;
    let (last, changed) = stage.per(
        ("SELECT last_insert_rowid()", "SELECT changes()"),
        ("SELECT currval('t_id_seq')", "SELECT lastval()"),
        (
            "SELECT CAST(LAST_INSERT_ID() AS SIGNED)",
            "SELECT CAST(ROW_COUNT() AS SIGNED)",
        ),
    );
    let mut connection = pool.acquire().await.unwrap();
    for round in 1..=3 {
        let insert = sqlx::query("INSERT INTO t (name) VALUES ('a'), ('b')");
        stage.done("insert", insert.execute(&mut *connection).await);
        if round == 2 {
            let changed = sqlx::query_scalar::<_, i64>(changed)
                .fetch_one(&mut *connection)
                .await;
            stage.result("changed", changed);
        }
        let last = sqlx::query_scalar::<_, i64>(last)
            .fetch_one(&mut *connection)
            .await;
        stage.result("last", last);
    }
    let mut transaction = connection.begin().await.unwrap();
    run(&mut *transaction, "INSERT INTO t (name) VALUES ('c')").await;
    let last = sqlx::query_scalar::<_, i64>(last)
        .fetch_one(&mut *transaction)
        .await;
    stage.result("last", last);
    stage.result("commit", transaction.commit().await);
}
