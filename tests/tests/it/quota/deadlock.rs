//! Plugins that hold a backend and wait for another one.

use std::time::Duration;

use onepool_host::{Code, Quota};
use onepool_sdk::OnepoolPool;

use super::{UNLIMITED, bounded, code, eventually, execute, host, number, plugin};

/// Opens a transaction, waits until everybody has, and asks for a second backend.
async fn hold_and_wait(
    pool: OnepoolPool,
    ready: std::sync::Arc<tokio::sync::Barrier>,
) -> sqlx::Result<i64> {
    let mut transaction = pool.begin().await?;
    sqlx::query("SELECT 1").execute(&mut *transaction).await?;
    ready.wait().await;
    let second = number(&pool, "SELECT count(*) FROM pg_class WHERE 1 = 2").await;
    transaction.rollback().await?;
    second
}

#[tokio::test]
async fn a_ring_of_four_is_broken_once() {
    let database = onepool_tests::postgres().await.database(5).await;
    let host = host(&database.url, 5)
        .default_quota(UNLIMITED)
        .hold_and_wait_timeout(Duration::from_millis(300));
    let host = host.start().await.unwrap();
    let ready = std::sync::Arc::new(tokio::sync::Barrier::new(4));
    let mut ring = Vec::new();
    for name in ["north", "east", "south", "west"] {
        let pool = plugin(&host, name).await;
        ring.push(tokio::spawn(hold_and_wait(pool, ready.clone())));
    }
    let mut failures = Vec::new();
    for member in ring {
        if let Err(error) = bounded(member).await.unwrap() {
            failures.push(error);
        }
    }
    let [failure] = &failures[..] else {
        panic!("one must fail for the others to go on: {failures:?}");
    };
    assert_eq!(code(failure), Some(Code::DEADLOCK));
    for name in ["north", "east", "south", "west"] {
        assert!(failure.to_string().contains(name), "{failure}");
    }
    assert_eq!(host.pool_stats().deadlocks, 1);
    assert_eq!(database.refusals().await, 0);
}

/// On SQLite one writer is enough: it waits for the lane that it has itself.
#[tokio::test]
async fn a_writer_that_waits_for_itself_is_told() {
    let file = onepool_tests::sqlite();
    let host = host(&file.url, 4)
        .default_quota(UNLIMITED)
        .hold_and_wait_timeout(Duration::from_millis(100));
    let host = host.start().await.unwrap();
    let pool = plugin(&host, "nested").await;
    execute(&pool, "CREATE TABLE seen (i int)").await.unwrap();
    let mut transaction = pool.begin().await.unwrap();
    let insert = "INSERT INTO seen VALUES (1)";
    sqlx::query(insert)
        .execute(&mut *transaction)
        .await
        .unwrap();
    let second = bounded(execute(&pool, insert)).await.unwrap_err();
    assert_eq!(code(&second), Some(Code::DEADLOCK));
    transaction.commit().await.unwrap();
    assert_eq!(number(&pool, "SELECT count(*) FROM seen").await.unwrap(), 1);
}

#[tokio::test]
async fn ordinary_queueing_is_never_failed() {
    let database = onepool_tests::postgres().await.database(2).await;
    let host = host(&database.url, 2)
        .default_quota(UNLIMITED)
        .hold_and_wait_timeout(Duration::from_millis(50));
    let host = host.start().await.unwrap();
    let (worker, waiter) = (plugin(&host, "worker").await, plugin(&host, "waiter").await);
    let busy = worker.clone();
    let working = tokio::spawn(async move { execute(&busy, "SELECT pg_sleep(1)").await });
    eventually("the statement to run", async || {
        host.pool_stats().backends.leased == 1
    })
    .await;
    // Who waits while it holds what it uses is no deadlock either.
    let second = tokio::spawn(async move { execute(&worker, "SELECT 1").await });
    // They wait for twenty times as long as a deadlock takes.
    let waited = bounded(number(&waiter, "SELECT count(*) FROM pg_class WHERE 1 = 2")).await;
    assert_eq!(waited.unwrap(), 0);
    working.await.unwrap().unwrap();
    second.await.unwrap().unwrap();
    assert_eq!(host.pool_stats().deadlocks, 0);
}

#[tokio::test]
async fn a_queue_timeout_names_who_holds_and_the_caller_itself() {
    let database = onepool_tests::postgres().await.database(3).await;
    let quota = Quota {
        queue_timeout: Duration::from_millis(300),
        ..UNLIMITED
    };
    let host = host(&database.url, 3).default_quota(quota);
    let host = host.start().await.unwrap();
    let (mine, other) = (plugin(&host, "mine").await, plugin(&host, "other").await);
    let mut held = Vec::new();
    for pool in [&mine, &other] {
        let mut transaction = pool.begin().await.unwrap();
        sqlx::query("SELECT 1")
            .execute(&mut *transaction)
            .await
            .unwrap();
        held.push(transaction);
    }
    let asking = mine.clone();
    let second =
        tokio::spawn(async move { number(&asking, "SELECT count(*) FROM pg_class").await });
    eventually("the call to wait", async || {
        let stats = host.pool_stats();
        let mine = stats.plugins.iter().find(|(name, _)| name == "mine");
        mine.is_some_and(|(_, stats)| stats.holding_and_waiting == 1)
    })
    .await;
    let error = second.await.unwrap().unwrap_err();
    assert_eq!(code(&error), Some(Code::QUEUE_TIMEOUT));
    let text = error.to_string();
    for part in [
        "mine for ",
        "other for ",
        "(transaction)",
        "0 calls",
        "holds 1 of them",
    ] {
        assert!(text.contains(part), "{part}: {text}");
    }
    let wait = onepool_sdk::OnepoolError::of(&error).and_then(|error| error.wait());
    let wait = wait.unwrap();
    assert!(wait.waited_ms >= 300 && wait.holders.len() == 2, "{wait:?}");
}
