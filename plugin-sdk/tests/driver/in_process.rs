//! A host in the same process, without a socket.

use onepool_proto::service::BrokerRequest;
use onepool_sdk::{Code, OnepoolConnectOptions, OnepoolError, OnepoolPool};
use sqlx_core::connection::{ConnectOptions, Connection};
use sqlx_core::query::query;

use crate::host::{Host, Reply};

#[tokio::test]
async fn options_and_their_clones_share_one_session() {
    let host = Host::new();
    let options = host.options();
    let mut one = options.connect().await.unwrap();
    let mut two = options.clone().connect().await.unwrap();
    query("SELECT 1").execute(&mut one).await.unwrap();
    query("SELECT 1").execute(&mut two).await.unwrap();
    assert_eq!(host.sessions(), 1);
    let other: OnepoolConnectOptions = host.options();
    other.connect().await.unwrap();
    assert_eq!(host.sessions(), 2);
}

#[tokio::test]
async fn a_host_that_comes_back_is_found_again() {
    let host = Host::scripted(|request| match request {
        BrokerRequest::PingDatabase { .. } => Some(Reply::HangUp),
        _ => None,
    });
    let pool = OnepoolPool::connect_with(host.options()).await.unwrap();
    let mut connection = pool.acquire().await.unwrap();
    let error = connection.ping_database().await.unwrap_err();
    let code = OnepoolError::of(&error).map(OnepoolError::code);
    assert_eq!(code, Some(Code::SESSION_LOST));
    assert!(connection.ping().await.is_err());
    drop(connection);
    query("SELECT 1").execute(&pool).await.unwrap();
    assert_eq!(host.sessions(), 2);
}
