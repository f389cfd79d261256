//! Plugins that are told over their session to end.

use std::time::Duration;

use onepool_host::StopGraces;
use onepool_sdk::{DatabaseKind, OnepoolConnectOptions, OnepoolPool, shutdown_requested};

use super::child::{Line, Stage};
use super::place::{Place, eventually, plugin};

/// The plugin's side: it writes what it has when it is told to end.
pub(super) async fn writer(pool: &OnepoolPool, line: &mut Line) {
    // Deaf to the signal, so that only the message can end it well.
    let mut deaf = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate());
    let deaf = deaf.as_mut().unwrap();
    sqlx::raw_sql("CREATE TABLE IF NOT EXISTS written (n BIGINT)")
        .execute(pool)
        .await
        .unwrap();
    line.say("up").await;
    tokio::select! {
        () = shutdown_requested() => {}
        _ = deaf.recv() => panic!("signalled without being told first"),
    }
    sqlx::query("INSERT INTO written VALUES (1)")
        .execute(pool)
        .await
        .unwrap();
    shutdown_requested().await;
    std::process::exit(7);
}

#[tokio::test]
async fn a_plugin_that_is_told_to_end_can_still_write() {
    let place = Place::new(DatabaseKind::Sqlite, 2).await;
    let stage = Stage::new();
    let graces = StopGraces {
        message: Duration::from_secs(60),
        signal: Duration::ZERO,
    };
    let writer = stage.plugin("writer", "writer").stop_graces(graces);
    let host = place
        .host()
        .stop_timeout(Duration::from_secs(60))
        .plugin(writer);
    let host = host.start().await.unwrap();
    let mut first = stage.enter().await;
    first.hear().await;
    assert_eq!(first.hear().await, "up");
    eventually("it listens", async || host.plugins()[0].awaits_shutdown).await;

    // It is told before it is replaced, and before the host stops.
    let (restarted, mut second) = tokio::join!(host.restart_plugin("writer"), stage.enter());
    restarted.unwrap();
    assert_eq!(first.try_hear().await, None);
    second.hear().await;
    assert_eq!(second.hear().await, "up");
    eventually("it listens", async || host.plugins()[0].awaits_shutdown).await;
    let count = sqlx::query_scalar::<_, i64>("SELECT count(*) FROM written");
    assert_eq!(
        count
            .fetch_one(&plugin(&host, "reader").await)
            .await
            .unwrap(),
        1
    );
    host.stop().await;
    let status = host.plugin_ended("writer").await.unwrap();
    assert_eq!(status.code(), Some(7));
}

/// Whoever attached by itself is not the host's to end, and must not keep it from stopping.
#[tokio::test]
async fn an_attached_plugin_that_listens_does_not_keep_the_host() {
    let place = Place::new(DatabaseKind::Sqlite, 2).await;
    let host = place
        .host()
        .stop_timeout(Duration::from_secs(60))
        .start()
        .await
        .unwrap();
    let token = host.issue_token("attached").unwrap();
    let options = OnepoolConnectOptions::endpoint(host.endpoint().clone())
        .plugin("attached")
        .token(token.secret());
    let pool = OnepoolPool::connect_with(options).await.unwrap();
    let asked = tokio::spawn(shutdown_requested());
    sqlx::query("SELECT 1").execute(&pool).await.unwrap();
    eventually("it listens", async || host.plugins()[0].awaits_shutdown).await;
    let stopping = tokio::time::timeout(Duration::from_secs(20), host.stop()).await;
    assert!(stopping.is_ok(), "the session is told goodbye at once");
    assert!(!asked.is_finished(), "the process was not asked to end");
    asked.abort();
}
