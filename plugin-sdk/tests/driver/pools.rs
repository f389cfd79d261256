//! `sqlx::Pool` over virtual connections: what taking one and giving it back costs and carries.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use onepool_proto::Code;
use onepool_proto::message::EffectKind;
use onepool_proto::service::BrokerRequest;
use onepool_sdk::{OnepoolPool, OnepoolPoolOptions};
use sqlx_core::error::Error;
use sqlx_core::query::query;
use sqlx_core::raw_sql::raw_sql;

use crate::answers::execute_failure;
use crate::host::Host;

async fn pool(host: &Host) -> OnepoolPool {
    let options = OnepoolPoolOptions::new().max_connections(1);
    options.connect_with(host.options()).await.unwrap()
}

#[tokio::test]
async fn a_query_on_a_pool_costs_one_round_trip() {
    let host = Host::new();
    let pool = pool(&host).await;
    for _ in 0..5 {
        query("DELETE").execute(&pool).await.unwrap();
        query("SELECT").fetch_optional(&pool).await.unwrap();
    }
    assert_eq!(host.calls(), ["execute"; 10]);
}

#[tokio::test]
async fn what_the_host_keeps_goes_when_the_pool_takes_a_connection_back() {
    let host = Host::new();
    let pool = pool(&host).await;
    const TEMPORARY: &str = "CREATE TEMPORARY TABLE mine (id int)";
    query(TEMPORARY).execute(&pool).await.unwrap();
    // Without a next call.
    host.wait_for_effect(|kind| *kind == EffectKind::Release)
        .await;
    // With one: it carries the release of the call before.
    for _ in 0..3 {
        raw_sql(TEMPORARY).execute(&pool).await.unwrap();
    }
    assert!(releases(&host) >= 3);
}

#[tokio::test]
async fn what_leaves_nothing_with_the_host_is_not_released() {
    let host = Host::new();
    let pool = pool(&host).await;
    for _ in 0..3 {
        query("DELETE").execute(&pool).await.unwrap();
        let mut transaction = pool.begin().await.unwrap();
        query("DELETE").execute(&mut *transaction).await.unwrap();
        transaction.commit().await.unwrap();
    }
    assert_eq!(releases(&host), 0);
    // What was left before is not forgotten for what came after it.
    let mut connection = pool.acquire().await.unwrap();
    raw_sql("CREATE TEMPORARY TABLE mine (id int)")
        .execute(&mut *connection)
        .await
        .unwrap();
    query("DELETE").execute(&mut *connection).await.unwrap();
    drop(connection);
    host.wait_for_effect(|kind| *kind == EffectKind::Release)
        .await;
}

#[tokio::test]
async fn what_failed_is_released() {
    let host = Host::scripted(|request| {
        matches!(request, BrokerRequest::Execute { .. }).then(|| execute_failure(Code::DATABASE))
    });
    let pool = pool(&host).await;
    query("DELETE").execute(&pool).await.unwrap_err();
    host.wait_for_effect(|kind| *kind == EffectKind::Release)
        .await;
}

fn releases(host: &Host) -> usize {
    let effects = host.effects();
    let releases = effects.iter().filter(|kind| **kind == EffectKind::Release);
    releases.count()
}

#[tokio::test]
async fn a_transaction_of_a_pool_is_rolled_back_when_it_is_dropped() {
    let host = Host::new();
    let pool = pool(&host).await;
    let mut transaction = pool.begin().await.unwrap();
    query("DELETE").execute(&mut *transaction).await.unwrap();
    drop(transaction);
    let id = host.executed(|execute| execute.transaction)[0].unwrap();
    host.wait_for_effect(|kind| *kind == EffectKind::Rollback { transaction: id })
        .await;
    let transaction = pool.begin_with("BEGIN IMMEDIATE").await.unwrap();
    transaction.commit().await.unwrap();
    assert_eq!(host.calls(), ["execute", "begin", "finish"]);
}

#[tokio::test]
async fn hooks_of_a_pool_run_and_their_statements_are_counted() {
    let host = Host::new();
    let connected = Arc::new(AtomicU32::new(0));
    let count = Arc::clone(&connected);
    let pool = OnepoolPoolOptions::new()
        .max_connections(2)
        .after_connect(move |connection, _| {
            count.fetch_add(1, Ordering::Relaxed);
            Box::pin(async move {
                query("SET search_path = mine").execute(connection).await?;
                Ok(())
            })
        })
        .connect_with(host.options())
        .await
        .unwrap();
    let (one, two) = (pool.acquire().await.unwrap(), pool.acquire().await.unwrap());
    assert_eq!(connected.load(Ordering::Relaxed), 2);
    assert_eq!(host.calls().len(), 2);
    drop((one, two));
    pool.close().await;
    assert!(matches!(
        pool.acquire().await.unwrap_err(),
        Error::PoolClosed
    ));
}

#[tokio::test]
async fn only_the_plugins_own_pool_times_out_as_a_pool() {
    let host = Host::new();
    let pool = OnepoolPoolOptions::new()
        .max_connections(1)
        .acquire_timeout(std::time::Duration::from_millis(20))
        .connect_with(host.options())
        .await
        .unwrap();
    let held = pool.acquire().await.unwrap();
    let error = pool.acquire().await.unwrap_err();
    assert!(matches!(error, Error::PoolTimedOut));
    drop(held);
}
