//! Many sets of arguments in one round trip.

use onepool_proto::limits::{BATCH_SETS, UPLOAD_PART_BYTES};
use onepool_proto::message::{BatchFailed, BatchReply, LargeRequest, Sql, Summary, UploadedReply};
use onepool_proto::service::{BrokerRequest, BrokerResponse};
use onepool_proto::{DatabaseFailure, Failure, Scalar};
use onepool_sdk::{
    BatchExecutor, BatchMode, Code, OnepoolArguments, OnepoolDatabaseError, OnepoolError,
    OnepoolPool,
};
use sqlx_core::connection::{ConnectOptions, Connection};
use sqlx_core::error::Error;

use crate::answers::arguments;
use crate::host::{Event, Host, Reply};

fn sets(count: i64) -> Vec<OnepoolArguments> {
    let set = |number| arguments([Scalar::I64(number)]);
    (0..count).map(set).collect()
}

#[tokio::test]
async fn a_batch_costs_one_round_trip() {
    let host = Host::new();
    let mut connection = host.options().connect().await.unwrap();
    let mut transaction = connection.begin().await.unwrap();
    let results = transaction
        .execute_batch(
            "INSERT INTO t VALUES (?)",
            sets(1000),
            BatchMode::AllOrNothing,
        )
        .await
        .unwrap();
    assert_eq!(results.len(), 1000);
    assert_eq!(host.calls(), ["batch"]);
    host.look(|events| {
        let Some(Event::Call(BrokerRequest::Batch { call })) = events.first() else {
            panic!("{events:?}");
        };
        assert!(call.transaction.is_some());
        assert_eq!(call.sets.len(), 1000);
        assert_eq!(call.sql, Sql::Text("INSERT INTO t VALUES (?)".into()));
    });
}

#[tokio::test]
async fn a_pool_takes_batches_too_and_an_empty_one_costs_nothing() {
    let host = Host::new();
    let pool = OnepoolPool::connect_with(host.options()).await.unwrap();
    let none = pool
        .execute_batch("INSERT", [], BatchMode::StopAtFirst)
        .await;
    assert!(none.unwrap().is_empty());
    pool.execute_batch("INSERT", sets(2), BatchMode::StopAtFirst)
        .await
        .unwrap();
    assert_eq!(host.calls(), ["batch"]);
}

#[tokio::test]
async fn the_set_that_failed_is_named() {
    let host = Host::scripted(|request| match request {
        BrokerRequest::Batch { .. } => Some(Reply::Now(BrokerResponse::Batch(Ok(BatchReply {
            summaries: vec![Summary {
                rows_affected: 1,
                last_insert_id: Some(5),
            }],
            failed: Some(BatchFailed {
                set: 1,
                failure: Failure::database(DatabaseFailure {
                    message: "duplicate".into(),
                    ..DatabaseFailure::default()
                }),
            }),
        })))),
        _ => None,
    });
    let mut connection = host.options().connect().await.unwrap();
    let error = connection
        .execute_batch("INSERT", sets(3), BatchMode::StopAtFirst)
        .await
        .unwrap_err();
    assert_eq!(error.set, Some(1));
    assert_eq!(error.completed[0].last_insert_id(), Some(5));
    assert!(error.to_string().starts_with("set 1 of the batch failed"));
    let error = Error::from(error);
    let error = error.as_database_error().unwrap();
    assert!(error.try_downcast_ref::<OnepoolDatabaseError>().is_some());
}

#[tokio::test]
async fn a_large_batch_travels_in_parts() {
    let host = Host::scripted(|request| match request {
        BrokerRequest::Uploaded { .. } => {
            let summaries = vec![Summary::default(); 40_000];
            Some(Reply::Now(BrokerResponse::Uploaded(Ok(
                UploadedReply::Batch(BatchReply {
                    summaries,
                    failed: None,
                }),
            ))))
        }
        _ => None,
    });
    let mut connection = host.options().connect().await.unwrap();
    let results = connection
        .execute_batch("INSERT", sets(40_000), BatchMode::AllOrNothing)
        .await
        .unwrap();
    assert_eq!(results.len(), 40_000);
    let part = host.look(|events| match events {
        [Event::Call(BrokerRequest::Upload { part }), ..] => part.bytes.clone(),
        other => panic!("{other:?}"),
    });
    assert!(part.len() <= UPLOAD_PART_BYTES as usize);
    let whole: LargeRequest = postcard::from_bytes(&part).unwrap();
    assert!(matches!(whole, LargeRequest::Batch(batch) if batch.sets.len() == 40_000));
}

#[tokio::test]
async fn a_batch_has_a_limit() {
    let host = Host::new();
    let mut connection = host.options().connect().await.unwrap();
    let error = connection
        .execute_batch(
            "INSERT",
            sets(i64::from(BATCH_SETS) + 1),
            BatchMode::AllOrNothing,
        )
        .await
        .unwrap_err();
    let code = OnepoolError::of(&error.source).map(OnepoolError::code);
    assert_eq!(code, Some(Code::REQUEST_TOO_LARGE));
    assert_eq!(host.calls(), [""; 0]);
}
