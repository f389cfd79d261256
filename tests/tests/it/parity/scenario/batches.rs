//! One statement with many sets of arguments: by hand with a direct driver, in one call with
//! onepool, and the same in the end.

use sqlx::Acquire;

use super::super::batch::{Mode, batch};
use super::{Db, Stage, integers, run, table_of_ids};

type Connection = <Db as sqlx::Database>::Connection;

const ALL: &str = "SELECT id FROM t ORDER BY id";

async fn insert(stage: &mut Stage, connection: &mut Connection, ids: &[i32], mode: Mode) {
    let sql = stage.sql("INSERT INTO t VALUES (?)").0;
    let (done, failed) = batch(connection, sql, ids, mode).await;
    stage.note("done", done);
    match failed {
        Some((set, error)) => stage.error(&format!("set {set} failed"), &error),
        None => stage.note("failed", "none"),
    }
    stage.worked("inside", integers(connection, ALL).await);
}

pub async fn outside_transactions(stage: &mut Stage) {
    let pool = table_of_ids(stage).await;
    let mut connection = pool.acquire().await.unwrap();
    insert(stage, &mut connection, &[1, 2, 3], Mode::AllOrNothing).await;
    insert(stage, &mut connection, &[4, 5, 1, 6], Mode::AllOrNothing).await;
    insert(stage, &mut connection, &[7, 8, 1, 9], Mode::StopAtFirst).await;
    insert(stage, &mut connection, &[], Mode::AllOrNothing).await;
    insert(stage, &mut connection, &[1], Mode::StopAtFirst).await;
    stage.result("left", integers(&pool, ALL).await);
}

pub async fn inside_transactions(stage: &mut Stage) {
    let pool = table_of_ids(stage).await;
    let mut connection = pool.acquire().await.unwrap();
    for commits in [true, false] {
        let mut transaction = connection.begin().await.unwrap();
        let base = if commits { 10 } else { 20 };
        run(&mut *transaction, format!("INSERT INTO t VALUES ({base})")).await;
        insert(
            stage,
            &mut transaction,
            &[base + 1, base + 2],
            Mode::AllOrNothing,
        )
        .await;
        insert(
            stage,
            &mut transaction,
            &[base + 3, base],
            Mode::AllOrNothing,
        )
        .await;
        let mut nested = transaction.begin().await.unwrap();
        insert(stage, &mut nested, &[base + 4, base], Mode::StopAtFirst).await;
        stage.result("rollback nested", nested.rollback().await);
        insert(stage, &mut transaction, &[base + 5], Mode::StopAtFirst).await;
        let end = if commits {
            transaction.commit().await
        } else {
            transaction.rollback().await
        };
        stage.result("end", end);
    }
    stage.result("left", integers(&pool, ALL).await);
}

pub async fn of_many_sets(stage: &mut Stage) {
    let pool = table_of_ids(stage).await;
    let mut connection = pool.acquire().await.unwrap();
    let ids: Vec<i32> = (1..=3000).collect();
    let sql = stage.sql("INSERT INTO t VALUES (?)").0;
    let (done, failed) = batch(&mut connection, sql, &ids, Mode::AllOrNothing).await;
    stage.note(
        "done",
        (done.len(), done.iter().sum::<u64>(), failed.is_none()),
    );
    let sql = stage.sql("UPDATE t SET id = -id WHERE id > ?").0;
    let (done, failed) = batch(&mut connection, sql, &[2990, 0, 0], Mode::StopAtFirst).await;
    stage.note("done", (done, failed.is_none()));
    stage.note("left", integers(&pool, ALL).await.unwrap().len());
}
