//! Streams of rows: read to the end, dropped half-way, failing half-way.

use futures_util::{StreamExt, TryStreamExt};
use sqlx::{Acquire, AssertSqlSafe};

use super::{Stage, integers, run, table_of_ids};

/// The numbers from 1 on, and a text for each that makes a row some hundred bytes.
fn numbers(count: u32) -> AssertSqlSafe<String> {
    AssertSqlSafe(format!(
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {count}) \
         SELECT i, 'a text that makes the row as long as rows often are, which is: this long' AS t \
         FROM n"
    ))
}

pub async fn are_read_to_the_end(stage: &mut Stage) {
    let pool = stage.pool.clone();
    let mut rows = sqlx::query_as::<_, (i32, String)>(numbers(900)).fetch(&pool);
    let (mut count, mut sum, mut bytes) = (0, 0_i64, 0);
    while let Some((id, text)) = rows.try_next().await.unwrap() {
        count += 1;
        sum += i64::from(id);
        bytes += text.len();
    }
    stage.note("seen", (count, sum, bytes));
    stage.note("after the end", rows.next().await.is_none());
}

pub async fn are_dropped_half_way(stage: &mut Stage) {
    let pool = table_of_ids(stage).await;
    let mut connection = pool.acquire().await.unwrap();
    for read in [0, 1, 500] {
        let mut rows = sqlx::query_as::<_, (i32, String)>(numbers(900)).fetch(&mut *connection);
        let mut seen = Vec::new();
        for _ in 0..read {
            seen.push(rows.try_next().await.unwrap().unwrap().0);
        }
        drop(rows);
        stage.note("seen", seen.last());
        let insert = stage.sql("INSERT INTO t VALUES (?)");
        let done = sqlx::query(insert)
            .bind(read)
            .execute(&mut *connection)
            .await;
        stage.result("next", done.map(|done| done.rows_affected()));
    }
    drop(connection);
    stage.result(
        "left",
        integers(&pool, "SELECT id FROM t ORDER BY id").await,
    );
}

pub async fn are_dropped_inside_a_transaction(stage: &mut Stage) {
    let pool = table_of_ids(stage).await;
    for commits in [true, false] {
        let mut transaction = pool.begin().await.unwrap();
        for round in 1..=3 {
            let id = if commits { round } else { -round };
            let insert = stage.sql("INSERT INTO t VALUES (?)");
            let done = sqlx::query(insert)
                .bind(id)
                .execute(&mut *transaction)
                .await;
            stage.result("insert", done.map(|done| done.rows_affected()));
            let mut rows =
                sqlx::query_as::<_, (i32, String)>(numbers(900)).fetch(&mut *transaction);
            let first = rows.try_next().await.unwrap().map(|(id, _)| id);
            drop(rows);
            stage.note("first", first);
            let mut nested = transaction.begin().await.unwrap();
            let rows = sqlx::query(numbers(900)).fetch(&mut *nested).take(2);
            let rows: Vec<_> = rows.try_collect().await.unwrap();
            stage.note("nested", rows.len());
            stage.result("commit nested", nested.commit().await);
        }
        let end = if commits {
            transaction.commit().await
        } else {
            transaction.rollback().await
        };
        stage.result("end", end);
    }
    stage.result(
        "left",
        integers(&pool, "SELECT id FROM t ORDER BY id").await,
    );
}

/// A statement that writes goes on when nobody reads its rows any more.
pub async fn of_writers_are_dropped(stage: &mut Stage) {
    let pool = table_of_ids(stage).await;
    run(&pool, "CREATE TABLE n (id INTEGER)").await;
    let numbers: Vec<_> = (1..=500).map(|id| format!("({id})")).collect();
    run(
        &pool,
        format!("INSERT INTO n VALUES {}", numbers.join(", ")),
    )
    .await;
    let insert = "INSERT INTO t SELECT id FROM n RETURNING id";
    for inside in [true, false] {
        let mut connection = pool.acquire().await.unwrap();
        if inside {
            let mut transaction = connection.begin().await.unwrap();
            let mut rows = sqlx::query(insert).fetch(&mut *transaction);
            stage.note("one", rows.try_next().await.unwrap().is_some());
            drop(rows);
            stage.result("commit", transaction.commit().await);
        } else {
            let mut rows = sqlx::query(insert).fetch(&mut *connection);
            stage.note("one", rows.try_next().await.unwrap().is_some());
            drop(rows);
        }
        let count = sqlx::query_scalar::<_, i64>("SELECT count(*) FROM t");
        stage.result("kept", count.fetch_one(&mut *connection).await);
        run(&mut *connection, "DELETE FROM t").await;
    }
}

/// The rows before the error are rows, then comes the error, then the end.
pub async fn fail_half_way(stage: &mut Stage) {
    let pool = table_of_ids(stage).await;
    run(&pool, "INSERT INTO t VALUES (1), (2), (3), (4), (5)").await;
    let sql = stage.per(
        "SELECT CASE WHEN id < 4 THEN id ELSE abs(-9223372036854775807 - 1) END FROM t ORDER BY id",
        "SELECT 12 / (4 - id) FROM t ORDER BY id",
        "SELECT CASE WHEN id < 4 THEN id ELSE (SELECT 1 UNION SELECT 2) END FROM t ORDER BY id",
    );
    let mut connection = pool.acquire().await.unwrap();
    let mut rows = sqlx::query(sql).fetch(&mut *connection);
    loop {
        match rows.next().await {
            Some(Ok(_)) => stage.note("row", ()),
            Some(Err(error)) => {
                stage.error("failed", &error);
                break;
            }
            None => break,
        }
    }
    drop(rows);
    stage.result(
        "next",
        integers(&mut *connection, "SELECT id FROM t ORDER BY id").await,
    );
}

pub async fn run_side_by_side(stage: &mut Stage) {
    let pool = stage.pool.clone();
    let mut one = sqlx::query_as::<_, (i32, String)>(numbers(800)).fetch(&pool);
    let mut two = sqlx::query_as::<_, (i32, String)>(numbers(900)).fetch(&pool);
    let (mut ones, mut twos) = (0, 0);
    loop {
        let (first, second) = (one.try_next().await.unwrap(), two.try_next().await.unwrap());
        ones += first.map_or(0, |(id, _)| id);
        twos += second.as_ref().map_or(0, |(id, _)| *id);
        if second.is_none() {
            break;
        }
    }
    stage.note("sums", (ones, twos));
}

/// A stream holds its Connection: nothing else may use it, and afterwards everything may.
pub async fn from_a_pool_are_dropped(stage: &mut Stage) {
    let pool = stage.pool.clone();
    for _ in 0..20 {
        let mut rows = sqlx::query(numbers(900)).fetch(&pool);
        stage.note("first", rows.try_next().await.unwrap().is_some());
    }
    stage.result("next", integers(&pool, "SELECT 1").await);
}
