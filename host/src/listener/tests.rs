use std::fs::Permissions;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::os::unix::net::UnixListener;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use bytes::Bytes;
use futures_util::{SinkExt, StreamExt};
use onepool_proto::codec::{HostFrame, PluginCodec, PluginFrame};

use onepool_proto::endpoint::Endpoint;
use onepool_proto::handshake::{
    self, Answer, HEADER_BYTES, Hello, MAGIC, Token, Welcome, body_length,
};
use onepool_proto::id::{ConnectionId, Mint, RowSetId};
use onepool_proto::message::{Call, Effect, EffectKind, Execute, Sql, Want};
use onepool_proto::service::BrokerRequest;
use onepool_proto::{Code, Failure, limits};
use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::UnixStream;
use tokio_util::codec::Framed;

use crate::{Host, HostBuilder, HostError};

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
    handshake::decode(&body).unwrap()
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
    handshake::encode(&Hello::new(plugin, token.clone())).unwrap()
}

async fn enter(host: &Host, plugin: &str, token: &Token) -> (UnixStream, Welcome) {
    let mut stream = knock(host).await;
    stream.write_all(&hello(plugin, token)).await.unwrap();
    match hear(&mut stream).await {
        Answer::Welcome(welcome) => (stream, welcome),
        Answer::Refused(failure) => panic!("{failure:?}"),
    }
}

#[tokio::test]
async fn a_token_admits_once_and_each_welcome_holds_the_next() {
    let (_folder, host) = host().await;
    let mut token = host.issue_token("p").unwrap();
    let mut sessions = Vec::new();
    for _ in 0..3 {
        let (stream, welcome) = enter(&host, "p", &token).await;
        assert_eq!(welcome.database, host.database());
        let failure = refusal_of(&host, &hello("p", &token)).await;
        assert_eq!(failure.code, Code::TOKEN_USED);
        token = welcome.next_token;
        sessions.push((stream, welcome.session));
    }
    assert_ne!(sessions[0].1, sessions[1].1);
    assert_eq!(host.stats().sessions_opened, 3);
    assert_eq!(host.stats().handshakes_refused, 3);
}

#[tokio::test]
async fn a_token_is_good_for_its_plugin_alone() {
    let (_folder, host) = host().await;
    let token = host.issue_token("p").unwrap();
    host.issue_token("other").unwrap();
    for (plugin, token) in [
        ("other", &token),
        ("unknown", &token),
        ("p", &Token::new("guess")),
        ("p", &Token::new("")),
    ] {
        let failure = refusal_of(&host, &hello(plugin, token)).await;
        assert_eq!(failure.code, Code::TOKEN_REFUSED);
        assert!(!failure.message.contains(token.secret()) || token.secret().is_empty());
    }
    enter(&host, "p", &token).await;
}

#[tokio::test]
async fn what_is_no_handshake_is_refused_with_a_reason() {
    let (_folder, host) = host().await;
    let failure = refusal_of(&host, b"GET / HTTP/1.1\r\nHost: x\r\n\r\n").await;
    assert_eq!(failure.code, Code::NOT_ONEPOOL);

    let mut too_large = MAGIC.to_vec();
    too_large.extend((limits::HANDSHAKE_BYTES + 1).to_le_bytes());
    let failure = refusal_of(&host, &too_large).await;
    assert_eq!(failure.code, Code::REQUEST_TOO_LARGE);

    let mut malformed = MAGIC.to_vec();
    malformed.extend(4_u16.to_le_bytes());
    malformed.extend([0xff; 4]);
    let failure = refusal_of(&host, &malformed).await;
    assert_eq!(failure.code, Code::MALFORMED);
}

#[tokio::test]
async fn a_plugin_of_another_version_is_refused_and_keeps_its_token() {
    let (_folder, host) = host().await;
    let token = host.issue_token("p").unwrap();
    let newer = Hello {
        oldest_version: u16::MAX,
        newest_version: u16::MAX,
        ..Hello::new("p", token.clone())
    };
    let failure = refusal_of(&host, &handshake::encode(&newer).unwrap()).await;
    assert_eq!(failure.code, Code::VERSION_MISMATCH);
    enter(&host, "p", &token).await;
}

#[tokio::test]
async fn a_handshake_cut_short_is_closed_and_uses_nothing_up() {
    let (_folder, host) = host().await;
    let token = host.issue_token("p").unwrap();
    let whole = hello("p", &token);
    for length in [0, 1, HEADER_BYTES, HEADER_BYTES + 1, whole.len() - 1] {
        let mut stream = knock(&host).await;
        stream.write_all(&whole[..length]).await.unwrap();
        stream.shutdown().await.unwrap();
        assert_eq!(stream.read(&mut [0]).await.unwrap(), 0);
    }
    enter(&host, "p", &token).await;
    assert_eq!(host.stats().handshakes_broken, 5);
}

#[tokio::test]
async fn a_slow_peer_is_refused() {
    let (_folder, host) = host().await;
    let token = host.issue_token("p").unwrap();
    let mut stream = knock(&host).await;
    stream.write_all(&hello("p", &token)[..5]).await.unwrap();
    tokio::time::pause();
    assert_eq!(refusal(&mut stream).await.code, Code::HANDSHAKE_TIMEOUT);
}

#[tokio::test]
async fn silent_peers_do_not_keep_others_out() {
    let (_folder, host) = host().await;
    let token = host.issue_token("p").unwrap();
    let mut silent = Vec::new();
    for _ in 0..100 {
        silent.push(knock(&host).await);
    }
    tokio::time::pause();
    enter(&host, "p", &token).await;
}

#[tokio::test]
async fn a_full_host_refuses_and_has_room_again_when_a_session_ends() {
    let folder = tempfile::tempdir().unwrap();
    let host = builder(&folder).max_sessions(1).start().await.unwrap();
    let token = host.issue_token("p").unwrap();
    let (stream, welcome) = enter(&host, "p", &token).await;
    let token = welcome.next_token;
    let failure = refusal_of(&host, &hello("p", &token)).await;
    assert_eq!(failure.code, Code::HOST_FULL);
    assert_eq!(host.client("q").dial().unwrap_err().code, Code::HOST_FULL);
    drop(stream);
    // The refusals above did not use the token up.
    let entered = async {
        loop {
            let mut stream = knock(&host).await;
            stream.write_all(&hello("p", &token)).await.unwrap();
            match hear(&mut stream).await {
                Answer::Welcome(_) => return,
                Answer::Refused(failure) => assert_eq!(failure.code, Code::HOST_FULL),
            }
        }
    };
    tokio::time::timeout(Duration::from_secs(10), entered)
        .await
        .unwrap();
}

#[tokio::test]
async fn a_stopped_host_is_gone() {
    let (_folder, host) = host().await;
    let token = host.issue_token("p").unwrap();
    let (stream, _) = enter(&host, "p", &token).await;
    let path = host.endpoint().path().unwrap().to_owned();
    host.stop().await;
    assert!(!path.exists());
    assert!(!path.parent().unwrap().exists());
    assert_eq!(goodbye(stream).await, Code::HOST_STOPPING);
    assert_eq!(
        host.client("p").dial().unwrap_err().code,
        Code::HOST_STOPPING
    );
}

#[tokio::test]
async fn a_dropped_host_is_gone() {
    let (_folder, host) = host().await;
    let path = host.endpoint().path().unwrap().to_owned();
    let stopped = host.stopped.clone();
    drop(host);
    stopped.cancelled().await;
    assert!(!path.exists());
}

#[tokio::test]
async fn a_session_that_sends_garbage_ends_alone() {
    let (_folder, host) = host().await;
    let token = host.issue_token("p").unwrap();
    let (mut rogue, welcome) = enter(&host, "p", &token).await;
    let (other, _) = enter(&host, "p", &welcome.next_token).await;
    rogue
        .write_all(&[3, 0, 0, 0, 0xff, 0xff, 0xff])
        .await
        .unwrap();
    assert_eq!(goodbye(rogue).await, Code::MALFORMED);
    let mut other = Framed::new(other, PluginCodec::new(limits::FRAME_BYTES));
    let payload = Bytes::from_static(b"hello");
    let request = BrokerRequest::Echo { payload };
    let (id, trace) = (1, None);
    other
        .send(PluginFrame::Call { id, trace, request })
        .await
        .unwrap();
    let frame = other.next().await.unwrap().unwrap();
    assert!(matches!(frame, HostFrame::Answer { id: 1, .. }));
}

/// The one frame that is left, and the end.
async fn goodbye(stream: UnixStream) -> Code {
    let mut plugin = Framed::new(stream, PluginCodec::new(limits::FRAME_BYTES));
    match plugin.next().await {
        Some(Ok(HostFrame::Goodbye(failure))) => {
            assert!(!matches!(plugin.next().await, Some(Ok(_))));
            failure.code
        }
        other => panic!("{other:?}"),
    }
}

fn socket_in(folder: &Path) -> (PathBuf, Endpoint) {
    let path = folder.join("host.sock");
    (path.clone(), Endpoint::unix(path).unwrap())
}

fn mode(path: &Path) -> u32 {
    path.symlink_metadata().unwrap().mode() & 0o777
}

#[tokio::test]
async fn folder_and_socket_are_private_and_removed() {
    let folder = tempfile::tempdir().unwrap();
    let own = folder.path().join("own");
    let (path, endpoint) = socket_in(&own);
    let host = builder(&folder).endpoint(endpoint).start().await.unwrap();
    assert_eq!((mode(&own), mode(&path)), (0o700, 0o600));
    host.stop().await;
    assert!(!own.exists());
}

#[tokio::test]
async fn with_users_allowed_they_can_knock_and_no_more() {
    let folder = tempfile::tempdir().unwrap();
    let own = folder.path().join("own");
    let (path, endpoint) = socket_in(&own);
    let builder = builder(&folder).endpoint(endpoint).allow_user(12_345);
    let host = builder.start().await.unwrap();
    assert_eq!((mode(&own), mode(&path)), (0o711, 0o666));
    host.stop().await;
}

#[tokio::test]
async fn a_folder_open_to_others_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let (path, endpoint) = socket_in(folder.path());
    for (mode, others) in [(0o755, false), (0o710, false), (0o733, true), (0o720, true)] {
        let mut builder = builder(&folder).endpoint(endpoint.clone());
        std::fs::set_permissions(folder.path(), Permissions::from_mode(mode)).unwrap();
        if others {
            builder = builder.allow_user(12_345);
        }
        let error = builder.start().await.unwrap_err();
        assert!(matches!(error, HostError::Folder { .. }), "{error}");
        assert!(error.to_string().contains("open to other users"), "{error}");
        assert!(!path.exists());
    }
}

/// A host that was killed leaves its socket, which must not keep the next one from starting.
#[tokio::test]
async fn the_socket_of_a_dead_host_is_replaced() {
    let folder = tempfile::tempdir().unwrap();
    let (path, endpoint) = socket_in(folder.path());
    drop(UnixListener::bind(&path).unwrap());
    assert!(path.exists());
    std::fs::write(folder.path().join("host.sock.lock"), "").unwrap();
    let host = builder(&folder).endpoint(endpoint).start().await.unwrap();
    let token = host.issue_token("p").unwrap();
    enter(&host, "p", &token).await;
    host.stop().await;
    // The folder was there before the host.
    assert!(folder.path().exists());
}

#[tokio::test]
async fn the_socket_of_a_live_process_is_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let (path, endpoint) = socket_in(folder.path());
    let theirs = UnixListener::bind(&path).unwrap();
    let error = builder(&folder)
        .endpoint(endpoint)
        .start()
        .await
        .unwrap_err();
    assert!(matches!(error, HostError::EndpointInUse(_)), "{error}");
    assert!(UnixStream::connect(&path).await.is_ok());
    drop(theirs);
}

#[tokio::test]
async fn two_hosts_do_not_share_an_endpoint() {
    let folder = tempfile::tempdir().unwrap();
    let own = folder.path().join("own");
    let (_, endpoint) = socket_in(&own);
    let first = builder(&folder).endpoint(endpoint.clone()).start().await;
    let first = first.unwrap();
    let second = builder(&folder).endpoint(endpoint.clone()).start().await;
    assert!(matches!(second, Err(HostError::EndpointInUse(_))));
    // The attempt took nothing from the first.
    let token = first.issue_token("p").unwrap();
    let (stream, _) = enter(&first, "p", &token).await;
    drop(stream);
    first.stop().await;
    let third = builder(&folder).endpoint(endpoint).start().await.unwrap();
    third.stop().await;
    assert!(!own.exists());
}

#[tokio::test]
async fn a_file_in_the_way_is_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let (path, endpoint) = socket_in(folder.path());
    std::fs::write(&path, "precious").unwrap();
    let error = builder(&folder)
        .endpoint(endpoint)
        .start()
        .await
        .unwrap_err();
    assert!(matches!(error, HostError::NotASocket(_)), "{error}");
    assert_eq!(std::fs::read_to_string(&path).unwrap(), "precious");
}

#[tokio::test]
async fn a_pipe_is_no_endpoint_here() {
    let folder = tempfile::tempdir().unwrap();
    let endpoint = Endpoint::pipe("onepool").unwrap();
    let error = builder(&folder)
        .endpoint(endpoint)
        .start()
        .await
        .unwrap_err();
    assert!(matches!(error, HostError::EndpointKind(_)), "{error}");
}

/// The token of a launched plugin is for its process and those it started.
#[cfg(target_os = "linux")]
#[tokio::test]
async fn a_launched_plugins_token_is_for_its_process() {
    let (_folder, host) = host().await;
    let mut other = std::process::Command::new("sleep")
        .arg("60")
        .spawn()
        .unwrap();
    let (launch, token) = host.registry.begin_launch("theirs");
    host.registry.launched(launch, other.id());
    let failure = refusal_of(&host, &hello("theirs", &token)).await;
    other.kill().unwrap();
    other.wait().unwrap();
    assert_eq!(failure.code, Code::PEER_REFUSED);

    let (launch, token) = host.registry.begin_launch("mine");
    let early = tokio::spawn({
        let mut stream = knock(&host).await;
        let hello = hello("mine", &token);
        async move {
            stream.write_all(&hello).await.unwrap();
            hear(&mut stream).await
        }
    });
    tokio::task::yield_now().await;
    // The plugin was faster than the host's note of its process.
    assert!(!early.is_finished());
    host.registry.launched(launch, std::process::id());
    assert!(matches!(early.await.unwrap(), Answer::Welcome(_)));
}

fn endless(mint: &Mint) -> Execute {
    let sql =
        "WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n) SELECT count(*) FROM n";
    let open = Effect {
        sequence: 1,
        kind: EffectKind::Open { read_only: false },
    };
    Execute {
        call: Call {
            connection: ConnectionId::mint(mint),
            effects: vec![open],
            deadline_ms: None,
        },
        transaction: None,
        sql: Sql::Text(sql.to_owned()),
        arguments: Some(Vec::new()),
        persistent: false,
        want: Want::Rows,
        row_set: RowSetId::mint(mint),
    }
}

/// A plugin that dies sends no cancel. Its session used to go on until its statement was done.
#[tokio::test]
async fn a_plugin_that_dies_takes_its_statement_with_it() {
    let (_folder, host) = host().await;
    let token = host.issue_token("p").unwrap();
    let (stream, _) = enter(&host, "p", &token).await;
    let mut plugin = Framed::new(stream, PluginCodec::new(limits::FRAME_BYTES));
    let call = endless(&Mint::new());
    let payload = Bytes::new();
    for (id, request) in [
        (1, BrokerRequest::Execute { call }),
        (2, BrokerRequest::Echo { payload }),
    ] {
        let trace = None;
        let frame = PluginFrame::Call { id, trace, request };
        plugin.send(frame).await.unwrap();
    }
    // Calls are taken in order, so the statement is on its way when the echo has come back.
    let frame = plugin.next().await.unwrap().unwrap();
    assert!(matches!(frame, HostFrame::Answer { id: 2, .. }));
    drop(plugin);
    let before = Instant::now();
    host.stop().await;
    assert!(before.elapsed() < Duration::from_secs(7));
}
