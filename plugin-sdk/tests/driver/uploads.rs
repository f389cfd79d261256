//! Requests that do not fit a frame.

use onepool_proto::limits::UPLOAD_PART_BYTES;
use onepool_proto::message::{EffectKind, Execute, LargeRequest, Sql};
use onepool_proto::service::{BrokerRequest, BrokerResponse};
use onepool_proto::{Code, DatabaseKind, Failure, Limits, Scalar, Value};
use onepool_sdk::{OnepoolArguments, OnepoolError};
use sqlx_core::connection::{ConnectOptions, Connection};
use sqlx_core::error::Error;
use sqlx_core::query::query_with;

use crate::answers::arguments;
use crate::host::{Event, Host, Reply};

fn blob(bytes: usize) -> OnepoolArguments {
    arguments([Scalar::Bytes(vec![7; bytes].into())])
}

/// What was uploaded, put together again.
fn uploaded(host: &Host) -> Execute {
    let mut whole = Vec::new();
    host.look(|events| {
        for event in events {
            match event {
                Event::Call(BrokerRequest::Upload { part }) => {
                    assert_eq!(part.offset, whole.len() as u64);
                    assert!(part.bytes.len() <= UPLOAD_PART_BYTES as usize);
                    whole.extend_from_slice(&part.bytes);
                }
                Event::Call(BrokerRequest::Uploaded { call }) => {
                    assert_eq!(call.length, whole.len() as u64);
                }
                _ => {}
            }
        }
    });
    match postcard::from_bytes(&whole).unwrap() {
        LargeRequest::Execute(execute) => execute,
        other => panic!("{other:?}"),
    }
}

fn code(error: &Error) -> Option<Code> {
    OnepoolError::of(error).map(OnepoolError::code)
}

#[tokio::test]
async fn a_large_argument_travels_in_parts_with_all_that_a_call_carries() {
    let host = Host::new();
    let mut connection = host.options().connect().await.unwrap();
    let mut transaction = connection.begin().await.unwrap();
    let size = UPLOAD_PART_BYTES as usize * 2 + 100;
    query_with("INSERT INTO blobs VALUES (?)", blob(size))
        .execute(&mut *transaction)
        .await
        .unwrap();
    assert_eq!(host.calls(), ["upload", "upload", "upload", "uploaded"]);
    let execute = uploaded(&host);
    assert_eq!(
        execute.sql,
        Sql::Text("INSERT INTO blobs VALUES (?)".into())
    );
    assert_eq!(execute.call.effects.len(), 2);
    assert!(execute.transaction.is_some());
    let [Value::Scalar(Scalar::Bytes(bytes))] = &execute.arguments.unwrap()[..] else {
        panic!("one argument");
    };
    assert_eq!(bytes.len(), size);
    // The answer acknowledged the effects.
    query_with("DELETE", OnepoolArguments::default())
        .execute(&mut *transaction)
        .await
        .unwrap();
    assert_eq!(host.executed(|execute| execute.call.effects.len()), [0]);
}

#[tokio::test]
async fn a_request_over_the_limit_is_refused_before_anything_is_sent() {
    let limits = Limits {
        upload_bytes: 1_000_000,
        ..Limits::default()
    };
    let host = Host::with(DatabaseKind::Sqlite, limits, |_| None);
    let mut connection = host.options().connect().await.unwrap();
    let error = query_with("INSERT", blob(1_000_001))
        .execute(&mut connection)
        .await
        .unwrap_err();
    assert_eq!(code(&error), Some(Code::REQUEST_TOO_LARGE));
    assert_eq!(host.calls(), [""; 0]);
}

#[tokio::test]
async fn a_refused_part_acknowledges_nothing() {
    let host = Host::scripted(|request| match request {
        BrokerRequest::Upload { part } if part.offset > 0 => Some(Reply::Now(
            BrokerResponse::Upload(Err(Failure::new(Code::QUOTA_EXCEEDED, "too many"))),
        )),
        _ => None,
    });
    let mut connection = host.options().connect().await.unwrap();
    let error = query_with("INSERT", blob(1_000_000))
        .execute(&mut connection)
        .await
        .unwrap_err();
    assert_eq!(code(&error), Some(Code::QUOTA_EXCEEDED));
    query_with("DELETE", OnepoolArguments::default())
        .execute(&mut connection)
        .await
        .unwrap();
    // By the next call, or by a flush that came before it.
    let first = host.effects().into_iter().next();
    assert!(matches!(first, Some(EffectKind::Open { .. })), "{first:?}");
}

#[tokio::test]
async fn the_parts_of_a_dropped_request_are_given_up() {
    let host = Host::scripted(|request| match request {
        BrokerRequest::Upload { part } if part.offset > 0 => Some(Reply::Never),
        _ => None,
    });
    let options = host.options();
    let mut connection = options.connect().await.unwrap();
    let upload = {
        let insert = query_with("INSERT", blob(1_000_000)).execute(&mut connection);
        let second = host.wait_for(|events| match events {
            [_, Event::Call(BrokerRequest::Upload { part }), ..] => Some(part.upload),
            _ => None,
        });
        tokio::select! {
            _ = insert => unreachable!("the second part is not answered"),
            upload = second => upload,
        }
    };
    let length = host
        .wait_for(|events| {
            events.iter().find_map(|event| match event {
                Event::Call(BrokerRequest::Uploaded { call }) if call.upload == upload => {
                    Some(call.length)
                }
                _ => None,
            })
        })
        .await;
    assert_eq!(length, u64::MAX, "a length that it cannot have");
}

#[tokio::test]
async fn a_host_with_small_frames_gets_small_parts() {
    let limits = Limits {
        frame_bytes: 20_000,
        ..Limits::default()
    };
    let host = Host::with(DatabaseKind::Sqlite, limits, |_| None);
    let mut connection = host.options().connect().await.unwrap();
    query_with("INSERT", blob(50_000))
        .execute(&mut connection)
        .await
        .unwrap();
    let largest = host.look(|events| {
        let parts = events.iter().filter_map(|event| match event {
            Event::Call(BrokerRequest::Upload { part }) => Some(part.bytes.len()),
            _ => None,
        });
        parts.max()
    });
    assert!(largest.unwrap() < 20_000);
}
