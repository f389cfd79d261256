//! How long a call may take, and who is told.

use std::time::Duration;

use onepool_proto::message::Want;
use onepool_proto::page::{Page, PageItem};
use onepool_proto::service::BrokerRequest;
use onepool_sdk::{Code, OnepoolError, with_deadline};
use sqlx_core::connection::{ConnectOptions, Connection};
use sqlx_core::error::Error;
use sqlx_core::query::query;

use crate::answers::{columns, execute_reply, rows};
use crate::host::{Event, Host, Reply};

const MINUTE: Duration = Duration::from_secs(60);

fn code(error: &Error) -> Option<Code> {
    OnepoolError::of(error).map(OnepoolError::code)
}

fn deadlines(host: &Host) -> Vec<Option<u64>> {
    host.executed(|execute| execute.call.deadline_ms)
}

#[tokio::test]
async fn the_time_that_is_left_crosses() {
    let host = Host::new();
    let mut connection = host.options().connect().await.unwrap();
    query("DELETE").execute(&mut connection).await.unwrap();
    with_deadline(MINUTE, query("DELETE").execute(&mut connection))
        .await
        .unwrap();
    let mut hasty = host.options().deadline(MINUTE / 2).connect().await.unwrap();
    query("DELETE").execute(&mut hasty).await.unwrap();
    with_deadline(MINUTE, query("DELETE").execute(&mut hasty))
        .await
        .unwrap();
    let sent = deadlines(&host);
    assert_eq!(sent[0], None);
    let within = |sent: Option<u64>, limit: u64| {
        let sent = sent.unwrap();
        assert!(sent <= limit && sent > limit - 20_000, "{sent} of {limit}");
    };
    within(sent[1], 60_000);
    within(sent[2], 30_000);
    within(sent[3], 30_000);
}

#[tokio::test]
async fn a_deadline_that_has_passed_sends_nothing() {
    let host = Host::new();
    let mut connection = host.options().connect().await.unwrap();
    let error = with_deadline(Duration::ZERO, async {
        let mut transaction = connection.begin().await.unwrap();
        query("DELETE")
            .execute(&mut *transaction)
            .await
            .unwrap_err()
    })
    .await;
    assert_eq!(code(&error), Some(Code::DEADLINE_EXCEEDED));
    assert_eq!(host.calls(), [""; 0]);
}

#[tokio::test]
async fn pages_share_the_deadline_of_their_statement() {
    let host = Host::scripted(|request| match request {
        BrokerRequest::Execute { call } if call.want == Want::Rows => {
            Some(Reply::Now(execute_reply(Page {
                items: vec![columns(), PageItem::Rows(rows(&["a"]))],
                more: true,
            })))
        }
        _ => None,
    });
    let mut connection = host.options().connect().await.unwrap();
    let all = query("SELECT").fetch_all(&mut connection);
    let error = with_deadline(MINUTE, all).await.unwrap_err();
    assert_eq!(code(&error), Some(Code::STALE_ID));
    let fetches = host.look(|events| {
        let fetches = events.iter().filter_map(|event| match event {
            Event::Call(BrokerRequest::Fetch { call }) => Some(call.deadline_ms),
            _ => None,
        });
        fetches.collect::<Vec<_>>()
    });
    let statement = deadlines(&host)[0];
    assert!(fetches[0].is_some() && fetches[0] <= statement);
}
