//! A host is knocked at with raw bytes.

mod endpoint;
mod handshake;
mod session;

use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt;
use std::time::Duration;

use onepool_proto::Failure;
use onepool_proto::handshake::{
    self as wire, Answer, HEADER_BYTES, Hello, Token, Welcome, body_length,
};
use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::UnixStream;

use crate::{Host, HostBuilder};

fn builder(folder: &TempDir) -> HostBuilder {
    let database = folder.path().join("test.db");
    // A folder for temporary files may be made open to others.
    std::fs::set_permissions(folder.path(), Permissions::from_mode(0o700)).unwrap();
    Host::builder()
        .database(format!("sqlite://{}?mode=rwc", database.display()))
        .stop_timeout(Duration::from_secs(8))
}

async fn host() -> (TempDir, Host) {
    let folder = tempfile::tempdir().unwrap();
    let host = builder(&folder).start().await.unwrap();
    (folder, host)
}

async fn knock(host: &Host) -> UnixStream {
    let path = host.endpoint().path().unwrap();
    UnixStream::connect(path).await.unwrap()
}

async fn hear(stream: &mut UnixStream) -> Answer {
    let mut header = [0; HEADER_BYTES];
    stream.read_exact(&mut header).await.unwrap();
    let mut body = vec![0; body_length(header).unwrap()];
    stream.read_exact(&mut body).await.unwrap();
    wire::decode(&body).unwrap()
}

/// Says `bytes`, and returns why the host refuses; the host closes after that.
async fn refusal_of(host: &Host, bytes: &[u8]) -> Failure {
    let mut stream = knock(host).await;
    stream.write_all(bytes).await.unwrap();
    refusal(&mut stream).await
}

async fn refusal(stream: &mut UnixStream) -> Failure {
    match hear(stream).await {
        Answer::Refused(failure) => {
            // A socket closed with unread bytes in it may say reset instead of end.
            let rest = stream.read(&mut [0]).await;
            assert!(matches!(rest, Ok(0) | Err(_)));
            failure
        }
        Answer::Welcome(welcome) => panic!("{welcome:?}"),
    }
}

fn hello(plugin: &str, token: &Token) -> Vec<u8> {
    wire::encode(&Hello::new(plugin, token.clone())).unwrap()
}

async fn enter(host: &Host, plugin: &str, token: &Token) -> (UnixStream, Welcome) {
    let mut stream = knock(host).await;
    stream.write_all(&hello(plugin, token)).await.unwrap();
    match hear(&mut stream).await {
        Answer::Welcome(welcome) => (stream, welcome),
        Answer::Refused(failure) => panic!("{failure:?}"),
    }
}
