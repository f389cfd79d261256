//! Errors: every kind, and every field that a driver gives.

use onepool_sdk::DatabaseKind;
use sqlx::Row;

use super::{Db, Stage, run};

/// Runs a statement twice, prepared and as plain text, and writes down why it fails.
pub async fn fails(stage: &mut Stage, sql: &'static str) {
    let pool = stage.pool.clone();
    let prepared = sqlx::query(sql)
        .fetch_all(&pool)
        .await
        .map(|rows| rows.len());
    stage.result(sql, prepared);
    let text = sqlx::raw_sql(sql)
        .fetch_all(&pool)
        .await
        .map(|rows| rows.len());
    stage.result("as text", text);
}

pub async fn of_constraints(stage: &mut Stage) {
    let pool = stage.pool.clone();
    run(
        &pool,
        "CREATE TABLE parent (id INTEGER PRIMARY KEY, code VARCHAR(9) NOT NULL UNIQUE)",
    )
    .await;
    run(
        &pool,
        "CREATE TABLE child (parent INTEGER NOT NULL, size INTEGER, \
         CONSTRAINT of_a_parent FOREIGN KEY (parent) REFERENCES parent (id), \
         CONSTRAINT size_is_small CHECK (size < 100))",
    )
    .await;
    run(&pool, "INSERT INTO parent VALUES (1, 'one'), (2, 'two')").await;
    run(&pool, "INSERT INTO child VALUES (1, 10)").await;
    for sql in [
        "INSERT INTO parent VALUES (1, 'three')",
        "INSERT INTO parent VALUES (3, 'one')",
        "UPDATE parent SET code = 'two' WHERE id = 1",
        "INSERT INTO parent (id) VALUES (4)",
        "INSERT INTO parent VALUES (5, NULL)",
        "INSERT INTO child VALUES (9, 1)",
        "DELETE FROM parent WHERE id = 1",
        "INSERT INTO child VALUES (1, 100)",
        "INSERT INTO child VALUES (NULL, 1)",
    ] {
        fails(stage, sql).await;
    }
}

pub async fn of_statements(stage: &mut Stage) {
    let pool = stage.pool.clone();
    run(
        &pool,
        "CREATE TABLE t (id INTEGER PRIMARY KEY, name VARCHAR(3))",
    )
    .await;
    for sql in [
        "SELEC 1",
        "SELECT 'unfinished",
        "SELECT * FROM nowhere",
        "SELECT no_such_column FROM t",
        "SELECT no_such_function(1)",
        "SELECT 1, FROM t",
        "INSERT INTO t VALUES (1, 'a', 2)",
        "INSERT INTO t (id, no_such_column) VALUES (1, 2)",
        "CREATE TABLE t (id INTEGER)",
        "DROP TABLE nowhere",
        "SELECT (SELECT id FROM t, t)",
        "ROLLBACK TO SAVEPOINT nowhere",
    ] {
        fails(stage, sql).await;
    }
}

/// What a statement meets at work.
pub async fn of_values(stage: &mut Stage) {
    let pool = stage.pool.clone();
    run(&pool, "CREATE TABLE t (id SMALLINT, name VARCHAR(3))").await;
    run(&pool, "INSERT INTO t VALUES (1, 'one')").await;
    let statements: &[&'static str] = stage.per(
        &[
            "SELECT abs(-9223372036854775808)",
            "SELECT json_extract('{', '$')",
            "SELECT zeroblob(-1 + 2000000000)",
        ],
        &[
            "SELECT 1 / (id - 1) FROM t",
            "SELECT name::integer FROM t",
            "SELECT 'x'::uuid",
            "SELECT 32767::smallint + id FROM t",
            "SELECT '[1, 2'::json",
            "SELECT '{1,2'::integer[]",
            "SELECT '2023-02-30'::date",
            "INSERT INTO t VALUES (1, 'long')",
            "INSERT INTO t VALUES (100000, 'a')",
        ],
        &[
            "SELECT (SELECT 1 UNION SELECT 2)",
            "INSERT INTO t VALUES (1, 'long')",
            "INSERT INTO t VALUES (100000, 'a')",
            "INSERT INTO t VALUES ('a', 'a')",
            "SELECT JSON_EXTRACT('{', '$')",
            "SELECT 9223372036854775807 + id FROM t",
            "SELECT EXP(1000)",
        ],
    );
    for sql in statements {
        fails(stage, sql).await;
    }
}

pub async fn of_rows(stage: &mut Stage) {
    let pool = stage.pool.clone();
    run(
        &pool,
        "CREATE TABLE t (id INTEGER, name VARCHAR(30), gap INTEGER)",
    )
    .await;
    let none = sqlx::query("SELECT id FROM t").fetch_one(&pool).await;
    stage.worked("fetch_one of nothing", none);
    let none = sqlx::query_scalar::<_, i32>("SELECT id FROM t")
        .fetch_one(&pool)
        .await;
    stage.result("query_scalar of nothing", none);
    run(&pool, "INSERT INTO t VALUES (1, 'one', NULL)").await;
    let row = sqlx::query("SELECT id, name, gap FROM t")
        .fetch_one(&pool)
        .await
        .unwrap();
    stage.result("no such name", row.try_get::<i32, _>("nowhere"));
    stage.result("no such index", row.try_get::<i32, _>(3));
    stage.result("far index", row.try_get::<i32, _>(usize::MAX));
    stage.result("NULL", row.try_get::<Option<i32>, _>("gap"));
    stage.result("an integer", row.try_get::<i32, _>("id"));
    stage.result("a tuple too long", {
        sqlx::query_as::<_, (i32, String, Option<i32>, i32)>("SELECT id, name, gap FROM t")
            .fetch_one(&pool)
            .await
    });
    if stage.kind != DatabaseKind::Sqlite {
        stage.result("NULL as a number", row.try_get::<i32, _>("gap"));
    }
}

/// Decoding a column as something it is not: which column, and which types.
pub async fn of_wrong_decodes(stage: &mut Stage) {
    let pool = stage.pool.clone();
    run(
        &pool,
        "CREATE TABLE t (id INTEGER, name VARCHAR(30), weight DOUBLE PRECISION)",
    )
    .await;
    run(&pool, "INSERT INTO t VALUES (1, 'one', 1.5)").await;
    let row = sqlx::query("SELECT id, name, weight FROM t")
        .fetch_one(&pool)
        .await
        .unwrap();
    wrong::<i32>(stage, row.try_get("name"));
    wrong::<bool>(stage, row.try_get("name"));
    wrong::<f64>(stage, row.try_get("name"));
    wrong::<i32>(stage, row.try_get(1));
    wrong::<String>(stage, row.try_get("id"));
    wrong::<Option<String>>(stage, row.try_get("id"));
    wrong::<String>(stage, row.try_get("weight"));
    wrong::<Vec<u8>>(stage, row.try_get("id"));
    wrong::<Vec<u8>>(stage, row.try_get("weight"));
    let scalar = sqlx::query_scalar::<_, i32>("SELECT name FROM t")
        .fetch_one(&pool)
        .await;
    wrong::<i32>(stage, scalar);
    let tuple = sqlx::query_as::<_, (i32, i32)>("SELECT id, name FROM t")
        .fetch_one(&pool)
        .await;
    wrong::<i32>(stage, tuple.map(|(_, second)| second));
}

/// Writes down the column, whether the Rust type is named, and as what SQL type the column is.
fn wrong<T>(stage: &mut Stage, result: sqlx::Result<T>) {
    let Err(error) = result else {
        return stage.note("decoded", std::any::type_name::<T>());
    };
    stage.error("wrong", &error);
    let text = error.to_string();
    let name = std::any::type_name::<T>();
    let is_of = |type_name: &&&str| text.ends_with(&format!("SQL type `{type_name}`"));
    const SQL_TYPES: [&str; 8] = [
        "INTEGER", "INT", "INT4", "TEXT", "VARCHAR", "REAL", "FLOAT8", "DOUBLE",
    ];
    let sql_type = SQL_TYPES.iter().find(is_of);
    stage.note(
        "named",
        (text.contains(&format!("Rust type `{name}`")), sql_type),
    );
}

/// MySQL's driver finds out by itself and is then out of step with the server; onepool's error is
/// its own there.
pub async fn of_argument_counts(stage: &mut Stage) {
    let pool = stage.pool.clone();
    run(&pool, "CREATE TABLE t (id INTEGER, name VARCHAR(30))").await;
    let one = stage.sql("SELECT id FROM t WHERE id = ?");
    count(stage, "none for one", sqlx::query(one).execute(&pool).await);
    let one = stage.sql("SELECT id FROM t WHERE id = ?");
    count(
        stage,
        "two for one",
        sqlx::query(one).bind(1).bind(2).execute(&pool).await,
    );
    let two = stage.sql("INSERT INTO t VALUES (?, ?)");
    count(
        stage,
        "one for two",
        sqlx::query(two).bind(1).execute(&pool).await,
    );
    count(
        stage,
        "one for none",
        sqlx::query("SELECT 1").bind(1).execute(&pool).await,
    );
    let two = stage.sql("INSERT INTO t VALUES (?, ?)");
    count(
        stage,
        "two for two",
        sqlx::query(two).bind(1).bind("one").execute(&pool).await,
    );
    let rows = sqlx::query_as::<_, (Option<i32>, Option<String>)>("SELECT id, name FROM t");
    stage.result("left", rows.fetch_all(&pool).await);
}

fn count<T>(stage: &mut Stage, what: &str, result: sqlx::Result<T>) {
    match stage.kind {
        DatabaseKind::MySql => stage.note(what, result.is_ok()),
        _ => stage.worked(what, result),
    }
}

pub async fn of_the_pool(stage: &mut Stage) {
    let options = sqlx::pool::PoolOptions::<Db>::new()
        .max_connections(1)
        .acquire_timeout(std::time::Duration::from_millis(50));
    let connect_options = (*stage.pool.connect_options()).clone();
    let small = options.connect_with(connect_options).await.unwrap();
    let held = small.acquire().await.unwrap();
    stage.worked("no more", small.acquire().await);
    drop(held);
    stage.worked("again", small.acquire().await);
    small.close().await;
    stage.worked("closed", small.acquire().await);
    stage.worked("closed", sqlx::query("SELECT 1").execute(&small).await);
}
