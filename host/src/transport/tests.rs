use std::time::Duration;

use bytes::Bytes;
use futures_util::{SinkExt, StreamExt};
use onepool_proto::codec::{HostFrame, PluginCodec, PluginFrame};
use onepool_proto::service::{BrokerRequest, BrokerResponse};
use onepool_proto::{Code, Failure};
use tarpc::{ClientMessage, Response};
use tokio::io::{AsyncWriteExt, DuplexStream, duplex};
use tokio_util::codec::Framed;

use super::*;

const FRAME_BYTES: u32 = 4096;

type Plugin = Framed<DuplexStream, PluginCodec>;
type Host = Orderly<SocketWire<DuplexStream>>;

fn session() -> (Plugin, Host, Partings) {
    let (near, far) = duplex(64 * 1024);
    let (partings, orders) = partings();
    let host = Orderly::new(SocketWire::new(far, FRAME_BYTES), orders);
    let plugin = Framed::new(near, PluginCodec::new(2 * FRAME_BYTES));
    (plugin, host, partings)
}

fn call(id: u64) -> PluginFrame {
    let payload = Bytes::from_static(b"hello");
    PluginFrame::Call {
        id,
        trace: None,
        request: BrokerRequest::Echo { payload },
    }
}

fn answer(request_id: u64, bytes: usize) -> Response<BrokerResponse> {
    Response {
        request_id,
        message: Ok(BrokerResponse::Echo(vec![7; bytes].into())),
    }
}

fn stopping() -> Failure {
    Failure::new(Code::HOST_STOPPING, "stopping")
}

async fn receive_call(host: &mut Host, expected: u64) {
    match host.next().await {
        Some(Ok(ClientMessage::Request(request))) => assert_eq!(request.id, expected),
        other => panic!("{other:?}"),
    }
}

/// The session must not go on for calls that nobody waits for.
async fn end_abandons(host: &mut Host, calls: usize) {
    let end = host.next().await;
    assert!(
        matches!(end, Some(Err(WireError::Abandoned(count))) if count == calls),
        "{end:?}"
    );
    assert!(host.next().await.is_none());
}

async fn hear_goodbye(plugin: &mut Plugin) -> Code {
    match plugin.next().await {
        Some(Ok(HostFrame::Goodbye(failure))) => {
            assert!(plugin.next().await.is_none());
            failure.code
        }
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn calls_and_answers_pass_through() {
    let (mut plugin, mut host, _partings) = session();
    plugin.send(call(3)).await.unwrap();
    receive_call(&mut host, 3).await;
    host.send(answer(3, 5)).await.unwrap();
    let frame = plugin.next().await.unwrap().unwrap();
    assert!(matches!(frame, HostFrame::Answer { id: 3, .. }));
    drop(plugin);
    assert!(host.next().await.is_none());
}

/// A plugin that died in the middle of a statement kept its session, and with it the statement,
/// until the statement was done.
#[tokio::test]
async fn a_plugin_that_dies_abandons_its_calls() {
    let (mut plugin, mut host, _partings) = session();
    for id in [1, 2, 3] {
        plugin.send(call(id)).await.unwrap();
        receive_call(&mut host, id).await;
    }
    host.send(answer(2, 1)).await.unwrap();
    drop(plugin);
    end_abandons(&mut host, 2).await;
}

#[tokio::test]
async fn a_malformed_frame_ends_the_session_with_a_reason() {
    let (mut plugin, mut host, _partings) = session();
    let garbage = [3, 0, 0, 0, 0xff, 0xff, 0xff];
    plugin.get_mut().write_all(&garbage).await.unwrap();
    assert!(host.next().await.is_none());
    drop(host);
    assert_eq!(hear_goodbye(&mut plugin).await, Code::MALFORMED);
}

#[tokio::test]
async fn a_frame_over_the_limit_ends_the_session_with_a_reason() {
    let (mut plugin, mut host, _partings) = session();
    let length = (FRAME_BYTES + 1).to_le_bytes();
    plugin.get_mut().write_all(&length).await.unwrap();
    assert!(host.next().await.is_none());
    drop(host);
    assert_eq!(hear_goodbye(&mut plugin).await, Code::REQUEST_TOO_LARGE);
}

#[tokio::test]
async fn a_plugin_that_dies_within_a_frame_is_an_error() {
    let (mut plugin, mut host, _partings) = session();
    plugin.get_mut().write_all(&[9, 0, 0, 0, 1]).await.unwrap();
    drop(plugin);
    assert!(host.next().await.unwrap().is_err());
    assert!(host.next().await.is_none());
}

/// A reply that does not fit would leave its caller waiting for ever.
#[tokio::test]
async fn an_answer_over_the_limit_ends_the_session_with_a_reason() {
    let (mut plugin, mut host, _partings) = session();
    plugin.send(call(1)).await.unwrap();
    receive_call(&mut host, 1).await;
    let too_large = FRAME_BYTES as usize + 1;
    host.send(answer(1, too_large)).await.unwrap();
    assert!(host.next().await.is_none());
    drop(host);
    assert_eq!(hear_goodbye(&mut plugin).await, Code::INTERNAL);
}

#[tokio::test]
async fn a_session_told_to_go_goes_at_once() {
    let (mut plugin, mut host, partings) = session();
    plugin.send(call(1)).await.unwrap();
    receive_call(&mut host, 1).await;
    partings.part(Parting::Now(stopping()));
    end_abandons(&mut host, 1).await;
    drop(host);
    assert_eq!(hear_goodbye(&mut plugin).await, Code::HOST_STOPPING);
}

#[tokio::test]
async fn a_draining_session_answers_what_is_under_way_and_takes_nothing_new() {
    let (mut plugin, mut host, partings) = session();
    for id in [1, 2, 3] {
        plugin.send(call(id)).await.unwrap();
        receive_call(&mut host, id).await;
    }
    partings.part(Parting::Drained(stopping()));
    plugin.send(call(4)).await.unwrap();
    plugin.send(PluginFrame::Cancel { id: 2 }).await.unwrap();
    // The call is not passed on, the cancel is.
    let message = host.next().await.unwrap().unwrap();
    assert!(matches!(
        message,
        ClientMessage::Cancel { request_id: 2, .. }
    ));
    host.send(answer(1, 1)).await.unwrap();
    let (mut sink, mut stream) = host.split();
    let ended = tokio::spawn(async move { stream.next().await.is_none() });
    tokio::task::yield_now().await;
    assert!(!ended.is_finished());
    sink.send(answer(3, 1)).await.unwrap();
    assert!(ended.await.unwrap());
    drop(sink);
    for expected in [1, 3] {
        let frame = plugin.next().await.unwrap().unwrap();
        assert!(matches!(frame, HostFrame::Answer { id, .. } if id == expected));
    }
    assert_eq!(hear_goodbye(&mut plugin).await, Code::HOST_STOPPING);
}

#[tokio::test]
async fn a_draining_session_can_be_hurried() {
    let (mut plugin, mut host, partings) = session();
    plugin.send(call(1)).await.unwrap();
    receive_call(&mut host, 1).await;
    partings.part(Parting::Drained(stopping()));
    partings.part(Parting::Now(Failure::new(Code::SESSION_LOST, "now")));
    end_abandons(&mut host, 1).await;
    drop(host);
    assert_eq!(hear_goodbye(&mut plugin).await, Code::SESSION_LOST);
}

#[tokio::test(start_paused = true)]
async fn a_plugin_that_reads_nothing_holds_nobody_up() {
    let (near, far) = duplex(16);
    let (partings, orders) = partings();
    let mut host = Orderly::new(SocketWire::new(far, FRAME_BYTES), orders);
    partings.part(Parting::Now(stopping()));
    let before = tokio::time::Instant::now();
    assert!(host.next().await.is_none());
    assert!(before.elapsed() >= Duration::from_secs(1));
    drop(near);
}
