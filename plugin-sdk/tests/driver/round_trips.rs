//! How many round trips each thing costs.

use onepool_proto::message::{EffectKind, Want};
use onepool_proto::service::BrokerRequest;
use onepool_sdk::{OnepoolConnection, OnepoolPool, OnepoolPoolOptions};
use sqlx_core::connection::{ConnectOptions, Connection};
use sqlx_core::query::query;
use sqlx_core::raw_sql::raw_sql;

use crate::answers::{execute_reply, words};
use crate::host::{Host, Reply};

fn host_of_words() -> Host {
    Host::scripted(|request| match request {
        BrokerRequest::Execute { .. } => Some(Reply::Now(execute_reply(words(&["a", "b"])))),
        _ => None,
    })
}

async fn connection(host: &Host) -> OnepoolConnection {
    host.options().connect().await.unwrap()
}

#[tokio::test]
async fn opening_pinging_and_closing_cost_nothing() {
    let host = Host::new();
    let mut connection = connection(&host).await;
    connection.ping().await.unwrap();
    connection.close().await.unwrap();
    let pool: OnepoolPool = OnepoolPoolOptions::new()
        .connect_with(host.options())
        .await
        .unwrap();
    drop(pool.acquire().await.unwrap());
    pool.close().await;
    assert_eq!(host.calls(), [""; 0]);
    assert_eq!(host.effects(), []);
}

#[tokio::test]
async fn a_query_whose_rows_fit_a_page_costs_one() {
    let host = host_of_words();
    let mut connection = connection(&host).await;
    let rows = query("SELECT word FROM words")
        .fetch_all(&mut connection)
        .await
        .unwrap();
    assert_eq!(rows.len(), 2);
    assert_eq!(host.calls(), ["execute"]);
    assert_eq!(host.effects(), [EffectKind::Open { read_only: false }]);
    query("SELECT word FROM words")
        .fetch_optional(&mut connection)
        .await
        .unwrap();
    query("DELETE FROM words")
        .execute(&mut connection)
        .await
        .unwrap();
    raw_sql("SELECT 1; SELECT 2")
        .execute(&mut connection)
        .await
        .unwrap();
    assert_eq!(host.calls().len(), 4);
    assert_eq!(
        host.executed(|execute| (execute.want, execute.arguments.is_some())),
        [
            (Want::Rows, true),
            (Want::First, true),
            (Want::Summary, true),
            (Want::Summary, false)
        ]
    );
}

#[tokio::test]
async fn a_transaction_costs_its_statements_and_one() {
    let host = Host::new();
    let mut connection = connection(&host).await;
    let mut transaction = connection.begin().await.unwrap();
    assert_eq!(
        host.calls(),
        [""; 0],
        "begin rides with the first statement"
    );
    for _ in 0..2 {
        query("DELETE FROM words")
            .execute(&mut *transaction)
            .await
            .unwrap();
    }
    transaction.commit().await.unwrap();
    assert_eq!(host.calls(), ["execute", "execute", "finish"]);
}

#[tokio::test]
async fn a_transaction_without_statements_costs_nothing() {
    let host = Host::new();
    let mut connection = connection(&host).await;
    connection.begin().await.unwrap().commit().await.unwrap();
    connection.begin().await.unwrap().rollback().await.unwrap();
    drop(connection.begin().await.unwrap());
    let mut outer = connection.begin().await.unwrap();
    outer.begin().await.unwrap().commit().await.unwrap();
    drop(outer.begin().await.unwrap());
    drop(outer);
    assert_eq!(host.calls(), [""; 0]);
    query("DELETE FROM words")
        .execute(&mut connection)
        .await
        .unwrap();
    assert_eq!(host.effects(), [EffectKind::Open { read_only: false }]);
    assert_eq!(host.executed(|execute| execute.transaction), [None]);
}
