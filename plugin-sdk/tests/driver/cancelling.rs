//! Futures and streams that are dropped half-way.

use std::future::{Future, poll_fn};
use std::pin::pin;
use std::task::Poll;

use futures_util::TryStreamExt;
use onepool_proto::message::{EffectKind, Sql};
use onepool_proto::page::{Page, PageItem};
use onepool_proto::service::BrokerRequest;
use onepool_sdk::OnepoolConnection;
use sqlx_core::connection::{ConnectOptions, Connection};
use sqlx_core::query::query;
use sqlx_core::raw_sql::raw_sql;

use crate::answers::{columns, execute_reply, rows};
use crate::host::{Event, Host, Reply};

/// A host that never answers `SLOW`, and whose `LONG` has more pages. It answers no flush either, so
/// that calls carry what the flush task may have sent before them.
fn host() -> Host {
    Host::scripted(|request| match request {
        BrokerRequest::Execute { call } => match &call.sql {
            Sql::Text(text) if text == "SLOW" => Some(Reply::Never),
            Sql::Text(text) if text == "LONG" => Some(Reply::Now(execute_reply(Page {
                items: vec![columns(), PageItem::Rows(rows(&["a", "b"]))],
                more: true,
            }))),
            _ => None,
        },
        BrokerRequest::Fetch { .. } => Some(Reply::Never),
        BrokerRequest::Begin { call } if call.statement == "BEGIN SLOW" => Some(Reply::Never),
        BrokerRequest::Finish { .. } | BrokerRequest::Flush { .. } => Some(Reply::Never),
        _ => None,
    })
}

/// Polls `future` until it has sent a call that the host has seen, then drops it.
async fn drop_once_heard(host: &Host, future: impl Future) {
    let before = host.look(<[Event]>::len);
    let mut future = pin!(future);
    let mut heard = pin!(host.wait_for(|events| (events.len() > before).then_some(())));
    poll_fn(|cx| {
        assert!(
            future.as_mut().poll(cx).is_pending(),
            "it must not be answered"
        );
        heard.as_mut().poll(cx)
    })
    .await;
}

/// Polls `future` once, then drops it: its call may be written later, or never.
async fn drop_at_once(future: impl Future) {
    let mut future = pin!(future);
    poll_fn(|cx| {
        let _ = future.as_mut().poll(cx);
        Poll::Ready(())
    })
    .await;
}

async fn connection(host: &Host) -> OnepoolConnection {
    host.options().connect().await.unwrap()
}

#[tokio::test]
async fn a_dropped_query_is_cancelled_and_its_row_set_closed() {
    let host = host();
    let mut connection = connection(&host).await;
    drop_once_heard(&host, raw_sql("SLOW").fetch_all(&mut connection)).await;
    host.wait_for(|events| {
        events
            .iter()
            .find(|event| matches!(event, Event::Cancel))
            .map(drop)
    })
    .await;
    let minted = host.executed(|execute| execute.row_set)[0];
    let closed = host
        .wait_for_effect(|kind| matches!(kind, EffectKind::CloseRowSet { .. }))
        .await;
    assert_eq!(closed, EffectKind::CloseRowSet { row_set: minted });
}

#[tokio::test]
async fn a_stream_dropped_half_way_closes_its_row_set_with_the_next_call() {
    let host = host();
    let mut connection = connection(&host).await;
    let mut stream = raw_sql("LONG").fetch(&mut connection);
    assert!(stream.try_next().await.unwrap().is_some());
    drop(stream);
    query("DELETE").execute(&mut connection).await.unwrap();
    let row_set = host.executed(|execute| execute.row_set)[0];
    let effects = host.executed(|execute| execute.call.effects.clone());
    assert_eq!(effects[1].len(), 1, "opening was acknowledged");
    assert_eq!(effects[1][0].kind, EffectKind::CloseRowSet { row_set });
}

#[tokio::test]
async fn what_an_unanswered_call_carried_is_carried_again() {
    let host = host();
    let mut connection = connection(&host).await;
    let mut transaction = connection.begin().await.unwrap();
    drop_once_heard(&host, raw_sql("SLOW").execute(&mut *transaction)).await;
    query("DELETE").execute(&mut *transaction).await.unwrap();
    let carried = host.executed(|execute| execute.call.effects.len());
    assert_eq!(carried[0], 2, "open and begin");
    assert!(
        carried[1] == 3,
        "open, begin, and closing the row set: {carried:?}"
    );
    query("DELETE").execute(&mut *transaction).await.unwrap();
    assert_eq!(host.executed(|execute| execute.call.effects.len())[2], 0);
    let transactions = host.executed(|execute| execute.transaction);
    assert!(transactions[0].is_some());
    assert!(transactions.iter().all(|id| *id == transactions[0]));
}

#[tokio::test]
async fn a_call_that_was_perhaps_never_written_loses_no_effect() {
    let host = host();
    let options = host.options();
    let mut connection = options.connect().await.unwrap();
    for _ in 0..20 {
        let mut transaction = connection.begin().await.unwrap();
        drop_at_once(raw_sql("SLOW").execute(&mut *transaction)).await;
    }
    drop(connection);
    host.wait_for_effect(|kind| *kind == EffectKind::Close)
        .await;
    let effects = host.effects();
    let count = |is_it: fn(&EffectKind) -> bool| effects.iter().filter(|kind| is_it(kind)).count();
    assert_eq!(count(|kind| matches!(kind, EffectKind::Begin { .. })), 20);
    assert_eq!(
        count(|kind| matches!(kind, EffectKind::Rollback { .. })),
        20
    );
    assert_eq!(
        count(|kind| matches!(kind, EffectKind::CloseRowSet { .. })),
        20
    );
}

#[tokio::test]
async fn a_dropped_begin_or_commit_is_rolled_back() {
    let host = host();
    let mut connection = connection(&host).await;
    drop_once_heard(&host, connection.begin_with("BEGIN SLOW")).await;
    assert!(!connection.is_in_transaction());
    host.wait_for_effect(|kind| matches!(kind, EffectKind::Rollback { .. }))
        .await;
    let mut transaction = connection.begin().await.unwrap();
    query("DELETE").execute(&mut *transaction).await.unwrap();
    drop_once_heard(&host, transaction.commit()).await;
    assert!(!connection.is_in_transaction());
    let last = host.executed(|execute| execute.transaction)[0].unwrap();
    host.wait_for_effect(|kind| *kind == EffectKind::Rollback { transaction: last })
        .await;
}
