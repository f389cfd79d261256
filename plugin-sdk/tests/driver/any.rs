//! `sqlx::Any` with this driver installed.

use onepool_proto::Value;
use onepool_proto::message::Want;
use onepool_proto::service::BrokerRequest;
use sqlx_core::any::driver::install_drivers;
use sqlx_core::any::{Any, AnyConnection};
use sqlx_core::connection::Connection;
use sqlx_core::query::query;
use sqlx_core::query_scalar::query_scalar;
use sqlx_core::row::Row;

use crate::answers::{execute_reply, words};
use crate::host::{Host, Reply};
use crate::socket::Socket;

#[tokio::test]
async fn any_connections_lead_to_the_host() {
    install_drivers(&[onepool_sdk::any::DRIVER]).unwrap();
    let host = Host::scripted(|request| match request {
        BrokerRequest::Execute { call } if call.want != Want::Summary => {
            Some(Reply::Now(execute_reply(words(&["a", "b"]))))
        }
        _ => None,
    });
    let socket = Socket::listen(&host);
    let mut connection = AnyConnection::connect(&socket.url()).await.unwrap();
    assert_eq!(connection.backend_name(), "onepool");
    let word: String = query_scalar("SELECT word FROM words WHERE id = $1")
        .bind(7_i64)
        .bind(Option::<String>::None)
        .fetch_one(&mut connection)
        .await
        .unwrap();
    assert_eq!(word, "a");
    let mut transaction = connection.begin().await.unwrap();
    let rows = query::<Any>("SELECT word FROM words")
        .fetch_all(&mut *transaction)
        .await
        .unwrap();
    let all: Vec<&str> = rows.iter().map(|row| row.get("word")).collect();
    assert_eq!(all, ["a", "b"]);
    transaction.commit().await.unwrap();
    assert_eq!(host.calls(), ["execute", "execute", "finish"]);
    let arguments = host.executed(|execute| execute.arguments.clone());
    assert!(matches!(
        &arguments[0].as_deref(),
        Some([Value::Scalar(_), Value::Null(_)])
    ));
    connection.close().await.unwrap();
}
