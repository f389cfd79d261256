//! One session per process and endpoint: sharing it, losing it, opening it anew.

use onepool_proto::service::BrokerRequest;
use onepool_sdk::{Code, DatabaseKind, OnepoolConnection, OnepoolError, OnepoolPool};
use sqlx_core::connection::{ConnectOptions, Connection};
use sqlx_core::error::Error;
use sqlx_core::query::query;

use crate::answers::{execute_reply, words};
use crate::host::{Host, Reply};
use crate::socket::Socket;

fn code(error: &Error) -> Option<Code> {
    OnepoolError::of(error).map(OnepoolError::code)
}

/// A host that hangs up when it is told to.
fn moody_host() -> Host {
    Host::scripted(|request| match request {
        BrokerRequest::Execute { call } => Some(match &call.sql {
            onepool_proto::message::Sql::Text(text) if text == "HANG UP" => Reply::HangUp,
            _ => Reply::Now(execute_reply(words(&["a"]))),
        }),
        BrokerRequest::Finish { .. } => Some(Reply::HangUp),
        _ => None,
    })
}

#[test]
fn a_session_outlives_the_runtime_that_opened_it() {
    let host = moody_host();
    let socket = Socket::listen(&host);
    for _ in 0..3 {
        let runtime = tokio::runtime::Runtime::new().unwrap();
        runtime.block_on(async {
            let pool = OnepoolPool::connect(&socket.url()).await.unwrap();
            let row = query("SELECT word FROM words").fetch_one(&pool).await;
            assert!(row.is_ok());
            let mut other = OnepoolConnection::connect(&socket.url()).await.unwrap();
            assert_eq!(other.database(), DatabaseKind::Sqlite);
            other.ping_database().await.unwrap();
        });
    }
    assert_eq!(host.sessions(), 1);
}

#[tokio::test]
async fn callers_who_come_at_once_open_one_session() {
    let host = moody_host();
    let socket = Socket::listen(&host);
    let options = socket.options();
    let connecting = (0..20).map(|_| options.connect());
    let connections = futures_util::future::try_join_all(connecting)
        .await
        .unwrap();
    assert_eq!(connections.len(), 20);
    assert_eq!(host.sessions(), 1);
}

#[tokio::test]
async fn a_lost_session_says_why_and_the_next_connection_opens_a_new_one() {
    let host = moody_host();
    let socket = Socket::listen(&host);
    let mut old = socket.options().connect().await.unwrap();
    let mut other = socket.options().connect().await.unwrap();
    let error = sqlx_core::raw_sql::raw_sql("HANG UP")
        .execute(&mut old)
        .await
        .unwrap_err();
    assert_eq!(code(&error), Some(Code::HOST_STOPPING));
    assert!(error.to_string().contains("maintenance at noon"), "{error}");
    for connection in [&mut old, &mut other] {
        let error = connection.ping().await.unwrap_err();
        assert_eq!(code(&error), Some(Code::HOST_STOPPING));
        let error = query("SELECT 1").execute(connection).await.unwrap_err();
        assert_eq!(code(&error), Some(Code::HOST_STOPPING));
    }
    // The options still say the first token; the host has told the next one.
    let mut new = socket.options().connect().await.unwrap();
    query("SELECT 1").execute(&mut new).await.unwrap();
    assert_eq!(host.sessions(), 2);
}

#[tokio::test]
async fn a_restarted_host_takes_the_token_of_the_options() {
    let host = moody_host();
    let socket = Socket::listen(&host);
    let mut old = socket.options().connect().await.unwrap();
    let lost = sqlx_core::raw_sql::raw_sql("HANG UP")
        .execute(&mut old)
        .await;
    assert!(lost.is_err());
    "of-the-new-host".clone_into(&mut socket.token.lock().unwrap());
    let error = socket.options().connect().await.unwrap_err();
    assert_eq!(code(&error), Some(Code::TOKEN_REFUSED));
    let options = socket.options().token("of-the-new-host");
    options.connect().await.unwrap();
    assert_eq!(host.sessions(), 2);
}

#[tokio::test]
async fn a_pool_survives_the_loss_of_its_session() {
    let host = moody_host();
    let socket = Socket::listen(&host);
    let pool = OnepoolPool::connect(&socket.url()).await.unwrap();
    let lost = sqlx_core::raw_sql::raw_sql("HANG UP").execute(&pool).await;
    assert_eq!(code(&lost.unwrap_err()), Some(Code::HOST_STOPPING));
    query("SELECT 1").execute(&pool).await.unwrap();
    assert_eq!(host.sessions(), 2);
}

#[tokio::test]
async fn a_commit_without_an_answer_is_of_unknown_outcome() {
    let host = moody_host();
    let socket = Socket::listen(&host);
    let mut connection = socket.options().connect().await.unwrap();
    let mut transaction = connection.begin().await.unwrap();
    query("DELETE FROM words")
        .execute(&mut *transaction)
        .await
        .unwrap();
    let error = transaction.commit().await.unwrap_err();
    assert_eq!(code(&error), Some(Code::OUTCOME_UNKNOWN));
}

#[tokio::test]
async fn what_keeps_a_plugin_out_is_said() {
    let host = moody_host();
    let socket = Socket::listen(&host);
    let url = socket.url();
    let refused = |url: String| async move { OnepoolConnection::connect(&url).await.unwrap_err() };
    let error = refused(url.replace("token=first", "token=wrong")).await;
    assert_eq!(code(&error), Some(Code::TOKEN_REFUSED));
    // Nobody is user 4294967294, so the socket is not theirs. It is root's in a container, and
    // root may always own it.
    if !is_root() {
        let error = refused(format!("{url}&host_uid=4294967294")).await;
        assert_eq!(code(&error), Some(Code::PEER_REFUSED));
    }
    let error = refused("onepool:///nowhere/at/all.sock?plugin=x&token=y".to_owned()).await;
    assert!(matches!(&error, Error::Io(io) if io.kind() == std::io::ErrorKind::NotFound));
    assert!(
        error.to_string().contains("/nowhere/at/all.sock"),
        "{error}"
    );
    assert_eq!(host.sessions(), 0);
}

fn is_root() -> bool {
    use std::os::unix::fs::MetadataExt;
    let file = tempfile::NamedTempFile::new().unwrap();
    file.path().metadata().unwrap().uid() == 0
}

/// Runs itself again as a plugin that a host has started.
#[test]
fn the_environment_leads_to_the_host() {
    const NAME: &str = "sessions::the_environment_leads_to_the_host";
    if std::env::var_os("ONEPOOL_ENDPOINT").is_some() {
        let runtime = tokio::runtime::Runtime::new().unwrap();
        runtime.block_on(async {
            let pool = OnepoolPool::connect("onepool:").await.unwrap();
            query("SELECT 1").execute(&pool).await.unwrap();
        });
        return;
    }
    let host = moody_host();
    let socket = Socket::listen(&host);
    let plugin = std::process::Command::new(std::env::current_exe().unwrap())
        .args(["--exact", NAME])
        .env("ONEPOOL_ENDPOINT", &socket.path)
        .env("ONEPOOL_TOKEN", "first")
        .env("ONEPOOL_PLUGIN", "child")
        .output()
        .unwrap();
    assert!(plugin.status.success(), "{plugin:?}");
    assert_eq!(host.calls(), ["execute"]);
}
