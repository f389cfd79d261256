//! Transactions, nested and failed ones too.

use onepool_sdk::DatabaseKind;
use sqlx::{Acquire, Connection, Executor};

use super::{Db, Stage, integers, run, table_of_ids};

const ALL: &str = "SELECT id FROM t ORDER BY id";

async fn insert<'c>(stage: &mut Stage, executor: impl Executor<'c, Database = Db>, id: i32) {
    let sql = stage.sql("INSERT INTO t VALUES (?)");
    let result = sqlx::query(sql).bind(id).execute(executor).await;
    stage.result(&format!("insert {id}"), result.map(|_| ()));
}

pub async fn commit_and_roll_back(stage: &mut Stage) {
    let pool = table_of_ids(stage).await;
    let mut transaction = pool.begin().await.unwrap();
    insert(stage, &mut *transaction, 1).await;
    stage.result("inside", integers(&mut *transaction, ALL).await);
    stage.result("commit", transaction.commit().await);
    let mut transaction = pool.begin().await.unwrap();
    insert(stage, &mut *transaction, 2).await;
    stage.result("inside", integers(&mut *transaction, ALL).await);
    stage.result("rollback", transaction.rollback().await);
    stage.result("left", integers(&pool, ALL).await);
}

pub async fn are_empty(stage: &mut Stage) {
    let pool = table_of_ids(stage).await;
    stage.result("commit", pool.begin().await.unwrap().commit().await);
    stage.result("rollback", pool.begin().await.unwrap().rollback().await);
    drop(pool.begin().await.unwrap());
    let mut connection = pool.acquire().await.unwrap();
    let mut outer = connection.begin().await.unwrap();
    stage.result("commit", outer.begin().await.unwrap().commit().await);
    drop(outer.begin().await.unwrap());
    insert(stage, &mut *outer, 1).await;
    stage.result("commit", outer.commit().await);
    stage.result("left", integers(&mut *connection, ALL).await);
}

pub async fn nest(stage: &mut Stage) {
    let pool = table_of_ids(stage).await;
    let mut outer = pool.begin().await.unwrap();
    insert(stage, &mut *outer, 1).await;

    let mut kept = outer.begin().await.unwrap();
    insert(stage, &mut *kept, 2).await;
    let mut innermost = kept.begin().await.unwrap();
    insert(stage, &mut *innermost, 3).await;
    stage.note("depth", innermost.is_in_transaction());
    stage.result("roll back the innermost", innermost.rollback().await);
    insert(stage, &mut *kept, 4).await;
    stage.result("commit the inner", kept.commit().await);

    let mut dropped = outer.begin().await.unwrap();
    insert(stage, &mut *dropped, 5).await;
    let mut committed_in_vain = dropped.begin().await.unwrap();
    insert(stage, &mut *committed_in_vain, 6).await;
    stage.result("commit in vain", committed_in_vain.commit().await);
    drop(dropped);
    insert(stage, &mut *outer, 7).await;
    stage.result("commit", outer.commit().await);
    stage.result("left", integers(&pool, ALL).await);
}

/// Deeper than anybody goes, each level with a statement, every other one rolled back.
pub async fn nest_deeply(stage: &mut Stage) {
    let pool = table_of_ids(stage).await;
    let mut connection = pool.acquire().await.unwrap();
    descend(stage, &mut connection, 1).await;
    stage.result("left", integers(&mut *connection, ALL).await);
}

async fn descend(stage: &mut Stage, connection: &mut <Db as sqlx::Database>::Connection, at: i32) {
    if at > 10 {
        return;
    }
    let mut level = Connection::begin(connection).await.unwrap();
    insert(stage, &mut *level, at).await;
    Box::pin(descend(stage, &mut level, at + 1)).await;
    let result = if at % 4 == 0 {
        level.rollback().await
    } else {
        level.commit().await
    };
    stage.result("end", result);
}

/// A statement fails; what may follow depends on the database, and nothing of it on the driver.
pub async fn fail(stage: &mut Stage) {
    let pool = table_of_ids(stage).await;
    insert(stage, &pool, 1).await;
    let mut transaction = pool.begin().await.unwrap();
    insert(stage, &mut *transaction, 2).await;
    insert(stage, &mut *transaction, 1).await;
    stage.result("after the failure", integers(&mut *transaction, ALL).await);
    insert(stage, &mut *transaction, 3).await;
    // A commit of a transaction that PostgreSQL has aborted is told as what it is by onepool alone.
    let result = match stage.kind {
        DatabaseKind::Postgres => transaction.rollback().await,
        _ => transaction.commit().await,
    };
    stage.result("end", result);
    stage.result("left", integers(&pool, ALL).await);
}

pub async fn fail_inside_and_go_on_outside(stage: &mut Stage) {
    let pool = table_of_ids(stage).await;
    let mut outer = pool.begin().await.unwrap();
    insert(stage, &mut *outer, 1).await;
    for again in [true, false] {
        let mut inner = outer.begin().await.unwrap();
        insert(stage, &mut *inner, 2).await;
        insert(stage, &mut *inner, 1).await;
        if again {
            stage.result("rollback", inner.rollback().await);
        } else {
            drop(inner);
        }
        stage.result("outside", integers(&mut *outer, ALL).await);
    }
    insert(stage, &mut *outer, 3).await;
    stage.result("commit", outer.commit().await);
    stage.result("left", integers(&pool, ALL).await);
}

/// What follows a dropped transaction at once comes after its rollback, wherever it runs.
pub async fn are_dropped(stage: &mut Stage) {
    let pool = table_of_ids(stage).await;
    let mut connection = pool.acquire().await.unwrap();
    for id in 1..=10 {
        let mut transaction = connection.begin().await.unwrap();
        insert(stage, &mut *transaction, id).await;
        drop(transaction);
        insert(stage, &mut *connection, id).await;
        let mut transaction = connection.begin().await.unwrap();
        insert(stage, &mut *transaction, -id).await;
        drop(transaction);
        let mut transaction = connection.begin().await.unwrap();
        insert(stage, &mut *transaction, -id).await;
        stage.result("commit", transaction.commit().await);
    }
    drop(connection);
    let mut transaction = pool.begin().await.unwrap();
    insert(stage, &mut *transaction, 100).await;
    drop(transaction);
    insert(stage, &pool, 100).await;
    stage.result("left", integers(&pool, ALL).await);
}

/// Dropped right after a failure, and with a statement still under way.
pub async fn are_dropped_in_disorder(stage: &mut Stage) {
    let pool = table_of_ids(stage).await;
    insert(stage, &pool, 1).await;
    let mut connection = pool.acquire().await.unwrap();
    let mut transaction = connection.begin().await.unwrap();
    insert(stage, &mut *transaction, 2).await;
    insert(stage, &mut *transaction, 1).await;
    drop(transaction);
    insert(stage, &mut *connection, 3).await;

    let mut transaction = connection.begin().await.unwrap();
    let sql = stage.sql("INSERT INTO t VALUES (?)");
    let query = sqlx::query(sql).bind(4);
    let mut underway = Box::pin(query.execute(&mut *transaction));
    // Polled once, so that it is on its way.
    let first = futures_util::poll!(underway.as_mut());
    drop(first);
    drop(underway);
    drop(transaction);
    stage.result("left", integers(&mut *connection, ALL).await);
    stage.note("in transaction", connection.is_in_transaction());
    insert(stage, &mut *connection, 5).await;
    drop(connection);
    stage.result("left", integers(&pool, ALL).await);
}

pub async fn begin_with_a_statement(stage: &mut Stage) {
    let pool = table_of_ids(stage).await;
    let statements = stage.per(
        ["BEGIN DEFERRED", "BEGIN IMMEDIATE", "BEGIN EXCLUSIVE"],
        [
            "BEGIN ISOLATION LEVEL SERIALIZABLE",
            "START TRANSACTION READ WRITE",
            "BEGIN;",
        ],
        [
            "START TRANSACTION WITH CONSISTENT SNAPSHOT",
            "START TRANSACTION READ WRITE",
            "BEGIN WORK",
        ],
    );
    for (id, statement) in (1..).zip(statements) {
        let mut transaction = pool.begin_with(statement).await.unwrap();
        insert(stage, &mut *transaction, id).await;
        if stage.kind == DatabaseKind::Postgres {
            let isolation = sqlx::query_scalar::<_, String>("SHOW transaction_isolation");
            stage.result("isolation", isolation.fetch_one(&mut *transaction).await);
        }
        stage.result(statement, transaction.commit().await);
    }
    let mut transaction = pool.begin_with(statements[0]).await.unwrap();
    insert(stage, &mut *transaction, 9).await;
    drop(transaction);
    stage.result("left", integers(&pool, ALL).await);
}

pub async fn begin_with_what_begins_nothing(stage: &mut Stage) {
    let pool = table_of_ids(stage).await;
    let mut connection = pool.acquire().await.unwrap();
    let begun = connection.begin_with("SELECT 1").await;
    stage.worked("begin_with", begun);
    stage.note("in transaction", connection.is_in_transaction());
    let begun = connection.begin_with("BEGYN").await.is_ok();
    stage.note("not even SQL", begun);
    stage.note("in transaction", connection.is_in_transaction());
    insert(stage, &mut *connection, 1).await;
    let mut transaction = connection.begin().await.unwrap();
    let nested = Connection::begin_with(&mut *transaction, "BEGIN").await;
    stage.worked("begin_with, nested", nested);
    drop(transaction);
    stage.result("left", integers(&pool, ALL).await);
}

pub async fn are_of_no_use_to_writers_when_read_only(stage: &mut Stage) {
    let pool = table_of_ids(stage).await;
    let begin = stage.per(
        "BEGIN DEFERRED",
        "BEGIN READ ONLY",
        "START TRANSACTION READ ONLY",
    );
    let mut transaction = pool.begin_with(begin).await.unwrap();
    stage.result("read", integers(&mut *transaction, ALL).await);
    if stage.kind != DatabaseKind::Sqlite {
        insert(stage, &mut *transaction, 1).await;
    }
    stage.result("rollback", transaction.rollback().await);
    insert(stage, &pool, 2).await;
    stage.result("left", integers(&pool, ALL).await);
}

pub async fn are_written_as_text(stage: &mut Stage) {
    let pool = table_of_ids(stage).await;
    let mut connection = pool.acquire().await.unwrap();
    for (id, end) in [(1, "COMMIT"), (10, "ROLLBACK")] {
        run(&mut *connection, "BEGIN").await;
        insert(stage, &mut *connection, id).await;
        stage.worked(
            "savepoint",
            sqlx::query("SAVEPOINT a").execute(&mut *connection).await,
        );
        insert(stage, &mut *connection, id + 1).await;
        stage.worked(
            "back",
            sqlx::query("ROLLBACK TO SAVEPOINT a")
                .execute(&mut *connection)
                .await,
        );
        insert(stage, &mut *connection, id + 2).await;
        stage.worked(
            "release",
            sqlx::query("RELEASE SAVEPOINT a")
                .execute(&mut *connection)
                .await,
        );
        stage.result("inside", integers(&mut *connection, ALL).await);
        stage.worked(end, sqlx::query(end).execute(&mut *connection).await);
        stage.result("after", integers(&mut *connection, ALL).await);
    }
    for (id, end) in [(20, "COMMIT"), (30, "ROLLBACK")] {
        let text = format!("BEGIN; INSERT INTO t VALUES ({id}); {end}");
        run(&mut *connection, text).await;
    }
    drop(connection);
    stage.result("left", integers(&pool, ALL).await);
}

/// MySQL commits by itself before it changes the schema; the others do so with the transaction.
pub async fn change_the_schema(stage: &mut Stage) {
    let pool = table_of_ids(stage).await;
    let mut transaction = pool.begin().await.unwrap();
    insert(stage, &mut *transaction, 1).await;
    run(&mut *transaction, "CREATE TABLE u (id INTEGER)").await;
    insert(stage, &mut *transaction, 2).await;
    stage.result("rollback", transaction.rollback().await);
    stage.result("rows left", integers(&pool, ALL).await);
    stage.worked(
        "table",
        sqlx::query("SELECT * FROM u").fetch_all(&pool).await,
    );
}

pub async fn run_a_closure(stage: &mut Stage) {
    let pool = table_of_ids(stage).await;
    let mut connection = pool.acquire().await.unwrap();
    let sql = stage.sql("INSERT INTO t VALUES (1)");
    let committed = connection.transaction(|transaction| {
        Box::pin(async move {
            sqlx::query(sql)
                .execute(&mut **transaction)
                .await
                .map(|_| ())
        })
    });
    stage.result("committed", committed.await);
    let sql = stage.sql("INSERT INTO t VALUES (2)");
    let failed = connection.transaction(|transaction| {
        Box::pin(async move {
            sqlx::query(sql).execute(&mut **transaction).await?;
            Err::<(), _>(sqlx::Error::RowNotFound)
        })
    });
    stage.result("failed", failed.await);
    stage.result("left", integers(&mut *connection, ALL).await);
}

/// Two at a time, each on its own Connection, of which only the first has written.
pub async fn do_not_see_each_other(stage: &mut Stage) {
    let pool = table_of_ids(stage).await;
    let mut writer = pool.begin().await.unwrap();
    insert(stage, &mut *writer, 1).await;
    stage.result("inside", integers(&mut *writer, ALL).await);
    stage.result("outside", integers(&pool, ALL).await);
    stage.result("commit", writer.commit().await);
    stage.result("after", integers(&pool, ALL).await);
}
