//! How sessions over a socket end.

use std::time::{Duration, Instant};

use bytes::Bytes;
use futures_util::{SinkExt, StreamExt};
use onepool_proto::codec::{HostFrame, PluginCodec, PluginFrame};
use onepool_proto::id::{ConnectionId, Mint, RowSetId};
use onepool_proto::message::{Call, Effect, EffectKind, Execute, Sql, Want};
use onepool_proto::service::BrokerRequest;
use onepool_proto::{Code, limits};
use tokio::io::AsyncWriteExt;
use tokio::net::UnixStream;
use tokio_util::codec::Framed;

use super::{enter, host};

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
        known_columns: None,
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
