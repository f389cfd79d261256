//! Results of more than one page.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use futures_util::TryStreamExt;
use onepool_proto::limits::READ_AHEAD_PAGES;
use onepool_proto::message::EffectKind;
use onepool_proto::page::{Page, PageItem};
use onepool_proto::service::{BrokerRequest, BrokerResponse};
use onepool_proto::{Code, Failure};
use onepool_sdk::{OnepoolError, OnepoolRow};
use sqlx_core::Either;
use sqlx_core::connection::ConnectOptions;
use sqlx_core::error::Error;
use sqlx_core::query::query;
use sqlx_core::raw_sql::raw_sql;
use sqlx_core::row::Row;

use crate::answers::{columns, done, execute_reply, rows, stale, words};
use crate::host::{Event, Host, Reply};

fn word(row: &OnepoolRow) -> String {
    let cell = row.try_get_raw(0).unwrap();
    String::from_utf8(cell.bytes().unwrap().to_vec()).unwrap()
}

fn page(items: Vec<PageItem>, more: bool) -> Page {
    Page { items, more }
}

/// A host whose result has these pages.
fn host_of(pages: Vec<Page>) -> Host {
    let pages = Mutex::new(pages);
    Host::scripted(move |request| {
        let at = |index: u32| pages.lock().unwrap().get(index as usize).cloned();
        match request {
            BrokerRequest::Execute { .. } => at(0).map(|page| Reply::Now(execute_reply(page))),
            BrokerRequest::Fetch { call } => Some(Reply::Now(BrokerResponse::Fetch(
                at(call.page).ok_or_else(stale),
            ))),
            _ => None,
        }
    })
}

/// `count` pages of one row each, the row's number.
fn numbered(count: usize) -> Vec<Page> {
    (0..count)
        .map(|index| {
            let row = PageItem::Rows(rows(&[&index.to_string()]));
            let last = index + 1 == count;
            let mut items = vec![row];
            if index == 0 {
                items.insert(0, columns());
            }
            if last {
                items.extend(done(0).items);
            }
            page(items, !last)
        })
        .collect()
}

fn fetched(events: &[Event]) -> Vec<u32> {
    let pages = events.iter().filter_map(|event| match event {
        Event::Call(BrokerRequest::Fetch { call }) => Some(call.page),
        _ => None,
    });
    pages.collect()
}

#[tokio::test]
async fn rows_of_many_pages_come_in_order() {
    let host = host_of(numbered(50));
    let options = host.options();
    let mut connection = options.connect().await.unwrap();
    let all = query("SELECT").fetch_all(&mut connection).await.unwrap();
    let expected: Vec<String> = (0..50).map(|number| number.to_string()).collect();
    assert_eq!(all.iter().map(word).collect::<Vec<_>>(), expected);
    let fetched = host.look(fetched);
    assert_eq!(fetched[..49], (1..50).collect::<Vec<u32>>());
    // Beyond the last page, as many as were asked for ahead of it.
    assert!(
        fetched.len() <= 49 + READ_AHEAD_PAGES as usize,
        "{fetched:?}"
    );
    drop(connection);
    host.wait_for_effect(|kind| *kind == EffectKind::Close)
        .await;
    assert_eq!(host.effects().len(), 2, "nothing was left to close");
}

#[tokio::test]
async fn the_next_pages_are_asked_for_before_the_first_row_is_read() {
    let host = host_of(numbered(50));
    let mut connection = host.options().connect().await.unwrap();
    let mut stream = query("SELECT").fetch(&mut connection);
    assert_eq!(word(&stream.try_next().await.unwrap().unwrap()), "0");
    host.wait_for(|events| (fetched(events).len() == 2).then_some(()))
        .await;
    assert_eq!(host.look(fetched), [1, 2], "and no more than those");
}

#[tokio::test]
async fn a_row_larger_than_a_page_is_put_together() {
    let big = "x".repeat(200_000);
    let mut stream = rows(&["small", &big, "end"]);
    let mut pages = vec![page(vec![columns()], true)];
    while !stream.is_empty() {
        let chunk: Bytes = stream.split_to(stream.len().min(65_536));
        pages.push(page(vec![PageItem::Rows(chunk)], true));
    }
    pages.push(done(3));
    let host = host_of(pages);
    let mut connection = host.options().connect().await.unwrap();
    let all = query("SELECT").fetch_all(&mut connection).await.unwrap();
    let all: Vec<String> = all.iter().map(word).collect();
    assert_eq!(all, ["small", &big, "end"]);
    let first = query("SELECT").fetch_one(&mut connection).await.unwrap();
    assert_eq!(word(&first), "small");
}

#[tokio::test]
async fn a_text_of_several_statements_has_several_results() {
    let mut items = words(&["a"]).items;
    items.extend(done(7).items);
    items.extend(words(&["b", "c"]).items);
    let host = host_of(vec![page(items, false)]);
    let mut connection = host.options().connect().await.unwrap();
    let steps: Vec<String> = raw_sql("SELECT 1; DELETE; SELECT 2")
        .fetch_many(&mut connection)
        .map_ok(|step| match step {
            Either::Left(result) => format!("{} rows", result.rows_affected()),
            Either::Right(row) => word(&row),
        })
        .try_collect()
        .await
        .unwrap();
    assert_eq!(steps, ["a", "1 rows", "7 rows", "b", "c", "2 rows"]);
    let all = raw_sql("...").execute(&mut connection).await.unwrap();
    assert_eq!(all.rows_affected(), 10);
}

#[tokio::test]
async fn an_error_between_pages_ends_the_stream_and_closes_the_row_set() {
    let failure = Failure::new(Code::LEASE_REVOKED, "held for too long");
    let pages = Arc::new(numbered(3));
    let host = Host::scripted(move |request| match request {
        BrokerRequest::Execute { .. } => Some(Reply::Now(execute_reply(pages[0].clone()))),
        BrokerRequest::Fetch { .. } => {
            Some(Reply::Now(BrokerResponse::Fetch(Err(failure.clone()))))
        }
        _ => None,
    });
    let options = host.options();
    let mut connection = options.connect().await.unwrap();
    let mut stream = query("SELECT").fetch(&mut connection);
    assert!(stream.try_next().await.unwrap().is_some());
    let error = stream.try_next().await.unwrap_err();
    let code = OnepoolError::of(&error).map(OnepoolError::code);
    assert_eq!(code, Some(Code::LEASE_REVOKED));
    assert!(stream.try_next().await.unwrap().is_none());
    drop(stream);
    host.wait_for_effect(|kind| matches!(kind, EffectKind::CloseRowSet { .. }))
        .await;
}

#[tokio::test]
async fn a_host_that_breaks_off_in_a_row_is_an_error() {
    let whole = rows(&["cut short"]);
    let cut = PageItem::Rows(whole.slice(..whole.len() - 2));
    for pages in [
        vec![page(vec![columns(), cut.clone()], false)],
        vec![page(
            vec![columns(), cut.clone(), done(1).items.remove(0)],
            false,
        )],
        vec![page(vec![cut], false)],
    ] {
        let host = host_of(pages);
        let mut connection = host.options().connect().await.unwrap();
        let error = query("SELECT")
            .fetch_all(&mut connection)
            .await
            .unwrap_err();
        assert!(matches!(error, Error::Protocol(_)), "{error}");
    }
}

/// A task that read what was at hand kept the others of its thread waiting until it had read it all.
#[tokio::test]
async fn rows_at_hand_leave_others_their_turn() {
    const ROWS: usize = 10_000;
    let host = host_of(vec![words(&["a"; ROWS])]);
    let mut connection = host.options().connect().await.unwrap();
    let turns = Arc::new(AtomicUsize::new(0));
    let others = tokio::spawn({
        let turns = Arc::clone(&turns);
        async move {
            loop {
                turns.fetch_add(1, Ordering::Relaxed);
                tokio::task::yield_now().await;
            }
        }
    });
    let mut stream = query("SELECT").fetch(&mut connection);
    stream.try_next().await.unwrap().unwrap();
    let before = turns.load(Ordering::Relaxed);
    let mut rows = 1;
    while stream.try_next().await.unwrap().is_some() {
        rows += 1;
    }
    assert_eq!(rows, ROWS);
    let turns = turns.load(Ordering::Relaxed) - before;
    assert!(turns >= 5, "{turns} turns");
    others.abort();
}
