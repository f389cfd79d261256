use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use futures_core::Stream;
use futures_util::Sink;
use onepool_proto::service::{BrokerClient, BrokerRequest, BrokerResponse};
use onepool_proto::{Code, Failure};
use tarpc::{ClientMessage, Response, client, context};

use crate::plugin::{Plugin, PluginState};
use crate::transport::{Wire, WireError};
use crate::{Host, HostError, Limits, testing};

fn connect(dialer: &crate::MemoryDialer) -> BrokerClient {
    let link = dialer.dial().unwrap();
    BrokerClient::new(client::Config::default(), link.channel).spawn()
}

#[tokio::test]
async fn a_client_in_the_same_process_is_served() {
    let host = testing::host().await;
    let client = connect(&host.dialer("p"));
    let payload = Bytes::from_static(b"hello");
    let echo = client.echo(context::current(), payload.clone()).await;
    assert_eq!(echo.unwrap(), payload);
    let plugins = host.plugins();
    assert_eq!(plugins.len(), 1);
    assert_eq!(plugins[0].name, "p");
    assert_eq!(plugins[0].state, PluginState::Attached);
    assert_eq!(plugins[0].sessions, 1);
    host.stop().await;
    assert_eq!(host.stats().sessions, 0);
    assert!(client.echo(context::current(), payload).await.is_err());
}

#[tokio::test]
async fn a_name_that_is_none_is_refused() {
    let host = testing::host().await;
    let failure = host.dialer("not a name").dial().unwrap_err();
    assert_eq!(failure.code, Code::INVALID_ARGUMENT);
    let error = host.issue_token("").unwrap_err();
    assert!(matches!(error, HostError::PluginName(_)));
}

#[tokio::test]
async fn what_cannot_work_is_refused_before_anything_is_opened() {
    let host = || Host::builder().database("sqlite:x.db");
    let small = Limits {
        frame_bytes: 1,
        ..Limits::default()
    };
    for builder in [
        Host::builder(),
        host().max_connections(0),
        host().max_sessions(0),
        host().limits(small),
        host().plugin(Plugin::new("a b", "true")),
        host()
            .plugin(Plugin::new("a", "true"))
            .plugin(Plugin::new("a", "false")),
        host().database_with(|| async { Err::<String, _>("no password") }),
    ] {
        assert!(builder.start().await.is_err());
    }
}

#[tokio::test]
async fn a_database_may_be_supplied() {
    let folder = tempfile::tempdir().unwrap();
    let url = format!("sqlite://{}?mode=rwc", folder.path().join("x").display());
    let host = Host::builder().database_with(move || {
        let url = url.clone();
        async move { Ok::<_, std::io::Error>(url) }
    });
    host.start().await.unwrap().stop().await;
}

/// A wire that panics when it is read.
struct Broken;

impl Stream for Broken {
    type Item = Result<ClientMessage<BrokerRequest>, WireError>;

    fn poll_next(self: Pin<&mut Self>, _cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        panic!("a wire that panics on purpose");
    }
}

impl Sink<Response<BrokerResponse>> for Broken {
    type Error = WireError;

    fn poll_ready(self: Pin<&mut Self>, _cx: &mut Context<'_>) -> Poll<Result<(), WireError>> {
        Poll::Ready(Ok(()))
    }

    fn start_send(
        self: Pin<&mut Self>,
        _response: Response<BrokerResponse>,
    ) -> Result<(), WireError> {
        Ok(())
    }

    fn poll_flush(self: Pin<&mut Self>, _cx: &mut Context<'_>) -> Poll<Result<(), WireError>> {
        Poll::Ready(Ok(()))
    }

    fn poll_close(self: Pin<&mut Self>, _cx: &mut Context<'_>) -> Poll<Result<(), WireError>> {
        Poll::Ready(Ok(()))
    }
}

impl Wire for Broken {
    fn say_goodbye(self: Pin<&mut Self>, _failure: Failure) -> Result<(), WireError> {
        Ok(())
    }
}

#[tokio::test]
async fn a_panic_stays_within_its_session() {
    let host = testing::host().await;
    let client = connect(&host.dialer("other"));
    let seat = host.roster.seat().unwrap();
    seat.serve(Arc::from("p"), None, Broken).await;
    assert_eq!(host.stats().sessions_panicked, 1);
    assert_eq!(host.stats().sessions, 1);
    let echo = client.echo(context::current(), Bytes::new()).await;
    assert!(echo.is_ok());
}

/// A watchdog was told that all is well by whichever runtime it asked.
#[tokio::test]
async fn a_host_whose_thread_is_stuck_does_not_respond() {
    let host = testing::host().await;
    host.responds().await;
    let (release, stuck) = std::sync::mpsc::channel::<()>();
    host.thread.spawn(async move { stuck.recv() });
    {
        let mut responds = std::pin::pin!(host.responds());
        let moment = tokio::time::timeout(Duration::from_millis(100), &mut responds);
        assert!(moment.await.is_err());
        release.send(()).unwrap();
        responds.await;
    }
    host.stop().await;
    host.responds().await;
}
