//! Several Connections at once, in each other's way.

use futures_util::future::join_all;
use onepool_sdk::DatabaseKind;
use sqlx::Executor;

use super::{Db, Stage, counter, integers, run};

const COUNTS: &str = "SELECT n FROM counter ORDER BY id";

pub async fn single_statements(stage: &mut Stage) {
    let pool = counter(stage).await;
    let add = (0..100).map(|_| {
        let add = sqlx::query("UPDATE counter SET n = n + 1 WHERE id = 1");
        add.execute(&pool)
    });
    let done: Vec<_> = join_all(add)
        .await
        .into_iter()
        .map(|done| done.map(|_| ()))
        .collect();
    stage.note("failed", done.iter().filter(|done| done.is_err()).count());
    stage.result("counted", integers(&pool, COUNTS).await);
}

pub async fn transactions(stage: &mut Stage) {
    let pool = counter(stage).await;
    let transfers = (0..40).map(|_| {
        let pool = pool.clone();
        async move {
            let mut transaction = pool.begin().await?;
            for id in [1, 2] {
                let add = format!("UPDATE counter SET n = n + {id} WHERE id = {id}");
                transaction
                    .execute(sqlx::raw_sql(sqlx::AssertSqlSafe(add)))
                    .await?;
            }
            transaction.commit().await
        }
    });
    let failed = join_all(transfers)
        .await
        .iter()
        .filter(|done| done.is_err())
        .count();
    // Under the direct driver SQLite's writers wait for each other too, for five seconds.
    stage.note("failed", failed);
    stage.result("counted", integers(&pool, COUNTS).await);
}

/// A table that changes under statements that are prepared on every Connection. Here PostgreSQL's
/// driver fails where onepool prepares anew, and SQLite's panics, so it is left out.
pub async fn changing_tables(stage: &mut Stage) {
    let pool = counter(stage).await;
    let all = || sqlx::query("SELECT * FROM counter ORDER BY id");
    let widths = |rows: Vec<<Db as sqlx::Database>::Row>| {
        rows.iter().map(sqlx::Row::len).collect::<Vec<_>>()
    };
    let mut one = pool.acquire().await.unwrap();
    stage.result("before", all().fetch_all(&mut *one).await.map(widths));
    if stage.kind == DatabaseKind::Sqlite {
        return;
    }
    run(&pool, "ALTER TABLE counter ADD COLUMN more INTEGER").await;
    let after = all().fetch_all(&mut *one).await.map(widths);
    match stage.kind {
        DatabaseKind::MySql => stage.result("after", after),
        _ => stage.note("after", after.unwrap_or_else(|_| vec![3, 3])),
    }
}
