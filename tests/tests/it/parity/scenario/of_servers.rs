//! What PostgreSQL and MySQL have in common, and SQLite has not.

use super::Stage;
use super::scenario::{counter, integers, run};

const COUNTS: &str = "SELECT n FROM counter ORDER BY id";

/// A row locked by one transaction, wanted by another that does not wait.
pub async fn locks_that_are_not_waited_for(stage: &mut Stage) {
    let pool = counter(stage).await;
    let mut holder = pool.begin().await.unwrap();
    run(&mut *holder, "UPDATE counter SET n = 7 WHERE id = 1").await;
    let mut other = pool.begin().await.unwrap();
    let wanted = sqlx::query("SELECT n FROM counter WHERE id = 1 FOR UPDATE NOWAIT");
    stage.worked("locked", wanted.fetch_all(&mut *other).await);
    stage.worked("then", sqlx::query("SELECT 1").fetch_all(&mut *other).await);
    stage.result("rollback", other.rollback().await);
    stage.result("commit", holder.commit().await);
    stage.result("counted", integers(&pool, COUNTS).await);
}

/// Settings whose values are bound, among others who use the database.
pub async fn settings_that_are_bound(stage: &mut Stage) {
    let pool = stage.pool.clone();
    let mut connection = pool.acquire().await.unwrap();
    let (set, show): (&[&str], _) = stage.per(
        (&[], ""),
        (
            &[
                "SELECT set_config('my.own', $1, false)",
                "SELECT set_config('my.own', $1::text, false) AS own",
                "SELECT set_config('my.own', $1 || '!', false)",
                "SELECT set_config('my.own', $1, true)",
                "SELECT set_config('search_path', $1, false)",
                "SELECT set_config('work_mem', $1, false)",
            ],
            "SELECT concat(current_setting('my.own', true), ' ', current_setting('search_path'), \
             ' ', current_setting('work_mem'))",
        ),
        (
            &[
                "SET SESSION group_concat_max_len = ?",
                "SET sql_mode = ?",
                "SET time_zone = ?",
            ],
            "SELECT concat(@@group_concat_max_len, ' ', @@sql_mode, ' ', @@time_zone)",
        ),
    );
    for sql in set {
        for value in [Some("it's \\ \"x\""), Some("+01:00"), Some("4MB"), None] {
            let done = sqlx::query(*sql).bind(value).execute(&mut *connection);
            stage.worked(sql, done.await);
            let mut others = Vec::new();
            for _ in 0..2 {
                others.push(pool.begin().await.unwrap());
                run(&mut **others.last_mut().unwrap(), "SELECT 1").await;
            }
            drop(others);
            let shown = sqlx::query_scalar::<_, Option<String>>(show);
            stage.result("then", shown.fetch_one(&mut *connection).await);
        }
    }
}
