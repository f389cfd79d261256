//! Statements: prepared, described, many in one text, built piece by piece.

use futures_util::TryStreamExt;
use onepool_sdk::DatabaseKind;
use sqlx::{
    AssertSqlSafe, Column, Either, Execute, Executor, FromRow, QueryBuilder, Row, SqlSafeStr,
    Statement, TypeInfo,
};

use super::{Db, Stage, integers, run};

#[derive(Debug, FromRow, PartialEq)]
struct Person {
    id: i32,
    name: String,
    #[sqlx(rename = "weight")]
    kilograms: Option<f64>,
    #[sqlx(default)]
    missing: i32,
}

const PEOPLE: &str = "SELECT id, name, weight FROM people ORDER BY id";

async fn people(stage: &Stage) -> sqlx::Pool<Db> {
    let pool = stage.pool.clone();
    run(
        &pool,
        "CREATE TABLE people (id INTEGER NOT NULL PRIMARY KEY, name VARCHAR(30) NOT NULL, \
         weight DOUBLE PRECISION)",
    )
    .await;
    run(
        &pool,
        "INSERT INTO people VALUES (1, 'Ann', 60.5), (2, 'Bob', NULL), (3, '', -0.0)",
    )
    .await;
    pool
}

pub async fn fetch(stage: &mut Stage) {
    let pool = people(stage).await;
    stage.result(
        "one",
        sqlx::query_as::<_, Person>(PEOPLE).fetch_one(&pool).await,
    );
    stage.result(
        "all",
        sqlx::query_as::<_, Person>(PEOPLE).fetch_all(&pool).await,
    );
    let second = || stage.sql("SELECT name FROM people WHERE id = ?");
    let some = sqlx::query_scalar::<_, String>(second())
        .bind(2)
        .fetch_optional(&pool)
        .await;
    let none = sqlx::query_scalar::<_, String>(second())
        .bind(9)
        .fetch_optional(&pool)
        .await;
    stage.result("some", some);
    stage.result("none", none);
    let tuples = sqlx::query_as::<_, (i32, String, Option<f64>)>(PEOPLE)
        .fetch_all(&pool)
        .await;
    stage.result("tuples", tuples);
    let mapped = sqlx::query(PEOPLE).map(|row: <Db as sqlx::Database>::Row| row.len());
    stage.result("mapped", mapped.fetch_all(&pool).await);
    let refused = sqlx::query(PEOPLE)
        .try_map(|_: <Db as sqlx::Database>::Row| Err::<(), _>(sqlx::Error::WorkerCrashed));
    stage.result("refused", refused.fetch_all(&pool).await);
    let mut streamed = sqlx::query_as::<_, Person>(PEOPLE).fetch(&pool);
    while let Some(person) = streamed.try_next().await.unwrap() {
        stage.note("streamed", person);
    }
}

pub async fn have_columns(stage: &mut Stage) {
    let pool = people(stage).await;
    let row =
        sqlx::query("SELECT id, name AS id2, weight, id + 1, id AS id FROM people WHERE id = 1")
            .fetch_one(&pool)
            .await
            .unwrap();
    for column in row.columns() {
        let type_info = column.type_info();
        stage.note(
            "column",
            (column.ordinal(), column.name(), type_info.name()),
        );
    }
    stage.note("how many", (row.len(), row.is_empty()));
    stage.result("of two, the last", row.try_get::<i32, _>("id"));
    stage.result("by index", row.try_get::<i32, _>(0));
    stage.result("another", row.try_get::<String, _>("id2"));
}

pub async fn are_prepared(stage: &mut Stage) {
    let pool = people(stage).await;
    let mut connection = pool.acquire().await.unwrap();
    let sql = stage.sql("SELECT id, name, weight FROM people WHERE id > ? AND name <> ?");
    let statement = (&mut *connection)
        .prepare(sql.into_sql_str())
        .await
        .unwrap();
    parameters(stage, &statement);
    for column in statement.columns() {
        stage.note(
            "column",
            (column.ordinal(), column.name(), column.type_info().name()),
        );
    }
    for (id, name) in [(0, "Bob"), (1, ""), (9, "x")] {
        let rows = statement
            .query_as::<Person>()
            .bind(id)
            .bind(name)
            .fetch_all(&mut *connection);
        stage.result("rows", rows.await);
    }
    // A statement does not belong to the connection that it was prepared on.
    let scalar = statement
        .query_scalar::<i32>()
        .bind(1)
        .bind("x")
        .fetch_all(&pool)
        .await;
    stage.result("elsewhere", scalar);
    let sql = stage.sql("DELETE FROM people WHERE id = ?");
    let statement = (&mut *connection)
        .prepare(sql.into_sql_str())
        .await
        .unwrap();
    parameters(stage, &statement);
    stage.note("columns", statement.columns().len());
    let done = statement.query().bind(1).execute(&mut *connection).await;
    stage.result("delete", done.map(|done| done.rows_affected()));
    for wrong in ["SELECT no_such_column FROM people", "SELEC", ""] {
        let refused = (&mut *connection)
            .prepare(wrong.into_sql_str())
            .await
            .map(|_| ());
        stage.result(wrong, refused);
    }
    stage.result(
        "left",
        integers(&mut *connection, "SELECT id FROM people ORDER BY id").await,
    );
}

fn parameters(stage: &mut Stage, statement: &<Db as sqlx::Database>::Statement) {
    let parameters = statement.parameters().map(|parameters| match parameters {
        Either::Left(types) => types.iter().map(|info| info.name().to_owned()).collect(),
        Either::Right(count) => vec!["?".to_owned(); count],
    });
    stage.note("parameters", parameters);
}

pub async fn are_described(stage: &mut Stage) {
    let pool = people(stage).await;
    let by_id = stage.sql("SELECT id, name, weight, weight + 1 AS more FROM people WHERE id = ?");
    let left = AssertSqlSafe(
        "SELECT a.id, b.name FROM people a LEFT JOIN people b ON b.id = a.id + 1".to_owned(),
    );
    let insert = stage.sql("INSERT INTO people (id, name) VALUES (?, ?)");
    let count = AssertSqlSafe("SELECT count(*) AS n, 1 AS one, NULL AS gap".to_owned());
    for sql in [by_id, left, insert, count] {
        let text = sql.0.clone();
        let described = (&pool).describe(sql.into_sql_str()).await;
        let described = described.map(|described| {
            let columns: Vec<_> = described
                .columns()
                .iter()
                .map(|column| {
                    (
                        column.name().to_owned(),
                        column.type_info().name().to_owned(),
                    )
                })
                .collect();
            let nullable: Vec<_> = (0..columns.len())
                .map(|column| described.nullable(column))
                .collect();
            let parameters = described.parameters().map(|parameters| match parameters {
                Either::Left(types) => types.len(),
                Either::Right(count) => count,
            });
            (columns, nullable, parameters)
        });
        stage.result(&text, described);
    }
    stage.worked(
        "wrong",
        (&pool)
            .describe("SELECT no_such_column".into_sql_str())
            .await
            .map(|_| ()),
    );
}

/// Rows and summaries in the order in which they come.
pub async fn come_with_their_summaries(stage: &mut Stage) {
    let pool = people(stage).await;
    let mut connection = pool.acquire().await.unwrap();
    for sql in [
        "UPDATE people SET weight = 1 WHERE id < 3",
        PEOPLE,
        "DELETE FROM people WHERE id = 77",
        "SELECT id FROM people WHERE id = 77",
    ] {
        // SQLite's driver says of a SELECT how many rows its connection wrote last. On a shared
        // backend that may have been somebody else, so onepool says that it wrote none.
        if stage.kind == DatabaseKind::Sqlite && sql.starts_with("SELECT") {
            continue;
        }
        let items = connection.fetch_many(sqlx::query(sql)).try_collect().await;
        items_of(stage, sql, items);
        let items = connection
            .fetch_many(sqlx::raw_sql(sql))
            .try_collect()
            .await;
        items_of(stage, "as text", items);
    }
    let text = "INSERT INTO people (id, name) VALUES (4, 'Dan'), (5, 'Eve'); \
                SELECT id FROM people WHERE id < 3 ORDER BY id; \
                UPDATE people SET name = 'nobody' WHERE id > 3; \
                SELECT name FROM people WHERE id = 4; \
                DELETE FROM people WHERE id = 1";
    let items = connection
        .fetch_many(sqlx::raw_sql(text))
        .try_collect()
        .await;
    items_of(stage, "many", items);
    let text = "DELETE FROM people WHERE id = 2; SELECT 1; DELETE FROM people";
    let mut summaries = sqlx::raw_sql(text).execute_many(&mut *connection);
    while let Some(summary) = summaries.try_next().await.unwrap() {
        stage.note("summary", summary.rows_affected());
    }
}

type Items = Vec<Either<<Db as sqlx::Database>::QueryResult, <Db as sqlx::Database>::Row>>;

fn items_of(stage: &mut Stage, what: &str, items: sqlx::Result<Items>) {
    let items = items.map(|items| {
        let item = |item: &_| match item {
            Either::Left(done) => <Db as super::super::super::driver::Driver>::done(done)
                .0
                .to_string(),
            Either::Right(row) => {
                let row: &<Db as sqlx::Database>::Row = row;
                format!("{} columns from {}", row.len(), row.column(0).name())
            }
        };
        items.iter().map(item).collect::<Vec<String>>()
    });
    stage.result(what, items);
}

pub async fn say_what_they_did(stage: &mut Stage) {
    let pool = stage.pool.clone();
    let id = stage.per(
        "INTEGER PRIMARY KEY AUTOINCREMENT",
        "SERIAL PRIMARY KEY",
        "INTEGER PRIMARY KEY AUTO_INCREMENT",
    );
    run(&pool, format!("CREATE TABLE t (id {id}, name VARCHAR(9))")).await;
    let mut connection = pool.acquire().await.unwrap();
    for sql in [
        "INSERT INTO t (name) VALUES ('a')",
        "INSERT INTO t (name) VALUES ('b'), ('c'), ('d')",
        "UPDATE t SET name = 'a'",
        "UPDATE t SET name = 'a' WHERE id = 99",
        "DELETE FROM t WHERE id IN (1, 2)",
        "INSERT INTO t (id, name) VALUES (50, 'e')",
        "INSERT INTO t (name) SELECT name FROM t",
    ] {
        let done = sqlx::query(sql).execute(&mut *connection).await;
        stage.done(sql, done);
        let done = sqlx::raw_sql(sql).execute(&mut *connection).await;
        if sql.contains("50") {
            stage.worked("again", done);
        } else {
            stage.done("again", done);
        }
    }
    let returned = sqlx::query_scalar::<_, i32>("INSERT INTO t (name) VALUES ('z') RETURNING id");
    stage.result("returned", returned.fetch_one(&mut *connection).await);
}

/// Several statements in one text, one of which fails.
pub async fn fail_one_of_many(stage: &mut Stage) {
    let pool = stage.pool.clone();
    run(&pool, "CREATE TABLE t (id INTEGER PRIMARY KEY)").await;
    let text = "INSERT INTO t VALUES (1); INSERT INTO t VALUES (1); INSERT INTO t VALUES (2)";
    stage.done("many", sqlx::raw_sql(text).execute(&pool).await);
    stage.result(
        "left",
        integers(&pool, "SELECT id FROM t ORDER BY id").await,
    );
    let text = "INSERT INTO t VALUES (3); SELECT no_such_column";
    stage.done("many", sqlx::raw_sql(text).execute(&pool).await);
    stage.result(
        "left",
        integers(&pool, "SELECT id FROM t ORDER BY id").await,
    );
}

pub async fn are_hardly_there(stage: &mut Stage) {
    let pool = stage.pool.clone();
    // MySQL refuses an empty query, each time in the same words.
    for sql in [
        "",
        " ",
        ";",
        "-- nothing",
        "/* nothing */",
        "SELECT 1;",
        "SELECT 1; -- done",
    ] {
        let text = sqlx::raw_sql(sql)
            .fetch_all(&pool)
            .await
            .map(|rows| rows.len());
        stage.result(&format!("text {sql:?}"), text);
    }
    for sql in ["SELECT 1;", " SELECT 1 ", "/* a */ SELECT 1 -- b"] {
        let prepared = sqlx::query(sql)
            .fetch_all(&pool)
            .await
            .map(|rows| rows.len());
        stage.result(&format!("prepared {sql:?}"), prepared);
    }
}

pub async fn are_built(stage: &mut Stage) {
    let pool = people(stage).await;
    let mut builder = QueryBuilder::<Db>::new("INSERT INTO people (id, name, weight) ");
    builder.push_values(10..40, |mut row, id| {
        row.push_bind(id)
            .push_bind(format!("person {id}"))
            .push_bind(f64::from(id) / 4.0);
    });
    stage.result(
        "inserted",
        builder
            .build()
            .execute(&pool)
            .await
            .map(|done| done.rows_affected()),
    );

    let mut builder = QueryBuilder::<Db>::new("SELECT name FROM people WHERE id IN (");
    let mut ids = builder.separated(", ");
    for id in [1, 12, 39] {
        ids.push_bind(id);
    }
    ids.push_unseparated(") AND name <> ");
    builder.push_bind("x").push(" ORDER BY id");
    stage.note("sql", mark_free(builder.sql().as_str()));
    stage.result(
        "names",
        builder
            .build_query_scalar::<String>()
            .fetch_all(&pool)
            .await,
    );

    let mut builder = QueryBuilder::<Db>::new("SELECT id FROM people WHERE (id, name) IN ");
    builder.push_tuples(
        [(1, "Ann"), (2, "Bib"), (12, "person 12")],
        |mut row, (id, name)| {
            row.push_bind(id).push_bind(name);
        },
    );
    if stage.kind == DatabaseKind::Sqlite {
        // SQLite wants VALUES there; the error is the same.
        builder.push("");
    }
    builder.push(" ORDER BY id");
    stage.result(
        "tuples",
        builder.build_query_scalar::<i32>().fetch_all(&pool).await,
    );

    let mut builder = QueryBuilder::<Db>::new("SELECT id, name, weight FROM people WHERE id = ");
    builder.push_bind(11);
    stage.result(
        "as",
        builder.build_query_as::<Person>().fetch_all(&pool).await,
    );
    builder.reset();
    builder.push_bind(12);
    stage.result(
        "reset",
        builder.build_query_as::<Person>().fetch_all(&pool).await,
    );
}

/// Of a built text only its length in words: onepool writes the placeholders when it is sent.
fn mark_free(sql: &str) -> usize {
    sql.split(' ').count()
}

pub async fn are_run_without_being_kept(stage: &mut Stage) {
    let pool = people(stage).await;
    for id in 1..=3 {
        let sql = stage.sql("SELECT name FROM people WHERE id = ?");
        let query = sqlx::query_scalar::<_, String>(sql)
            .persistent(false)
            .bind(id);
        stage.result("once", query.fetch_one(&pool).await);
    }
    let query = sqlx::query::<Db>(PEOPLE).persistent(false);
    stage.note(
        "persistent",
        (Execute::persistent(&query), query.sql().as_str().len()),
    );
}

/// A hundred columns, and a hundred arguments.
pub async fn are_wide(stage: &mut Stage) {
    let pool = stage.pool.clone();
    let marks = vec!["?"; 100].join(", ");
    let columns: Vec<_> = (0..100).map(|at| format!("c{at} INTEGER")).collect();
    run(&pool, format!("CREATE TABLE wide ({})", columns.join(", "))).await;
    let sql = stage.sql(&format!("INSERT INTO wide VALUES ({marks})"));
    let query = (0..100).fold(sqlx::query(sql), |query, at| query.bind(at * at));
    stage.result(
        "insert",
        query.execute(&pool).await.map(|done| done.rows_affected()),
    );
    let row = sqlx::query("SELECT * FROM wide")
        .fetch_one(&pool)
        .await
        .unwrap();
    let cells: Vec<i32> = (0..row.len()).map(|at| row.get(at)).collect();
    stage.note("cells", cells);
}

/// A megabyte of SQL, and one of which most is a literal.
pub async fn are_long(stage: &mut Stage) {
    let pool = stage.pool.clone();
    let sum = vec!["1"; 400].join(" + ");
    let sum = sqlx::query_scalar::<_, i64>(AssertSqlSafe(format!("SELECT CAST({sum} AS {})", {
        stage.per("INTEGER", "BIGINT", "SIGNED")
    })));
    stage.result("sum", sum.fetch_one(&pool).await);
    let literal = "long ".repeat(250_000);
    let text = AssertSqlSafe(format!("SELECT '{literal}'"));
    let prepared = sqlx::query_scalar::<_, String>(text).fetch_one(&pool).await;
    stage.note("prepared", prepared.map(|text| text == literal).ok());
    let text = AssertSqlSafe(format!("SELECT '{literal}'"));
    let row = sqlx::raw_sql(text).fetch_one(&pool).await.unwrap();
    stage.note("as text", row.get::<String, _>(0) == literal);
}

/// The same text on every Connection of the pool at once, again and again.
pub async fn are_shared(stage: &mut Stage) {
    let pool = people(stage).await;
    let sql = stage.sql("SELECT name FROM people WHERE id = ?").0;
    let lookups = (0..60).map(|at| {
        let (pool, sql) = (pool.clone(), AssertSqlSafe(sql.clone()));
        async move {
            sqlx::query_scalar::<_, String>(sql)
                .bind(at % 4)
                .fetch_optional(&pool)
                .await
                .unwrap()
        }
    });
    let names = futures_util::future::join_all(lookups).await;
    stage.note("names", names);
}
