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
