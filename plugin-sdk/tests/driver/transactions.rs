//! Transactions, savepoints, and what is said when they fail.

use onepool_proto::message::{EffectKind, FinishHow};
use onepool_proto::service::{BrokerRequest, BrokerResponse};
use onepool_proto::{Code, Failure};
use onepool_sdk::{OnepoolConnection, OnepoolError};
use sqlx_core::connection::{ConnectOptions, Connection};
use sqlx_core::error::Error;
use sqlx_core::query::query;

use crate::host::{Event, Host, Reply};

async fn connection(host: &Host) -> OnepoolConnection {
    host.options().connect().await.unwrap()
}

async fn delete(connection: &mut OnepoolConnection) {
    query("DELETE").execute(connection).await.unwrap();
}

fn finished(host: &Host) -> Vec<(u32, FinishHow)> {
    host.look(|events| {
        let finishes = events.iter().filter_map(|event| match event {
            Event::Call(BrokerRequest::Finish { call }) => Some((call.depth, call.how)),
            _ => None,
        });
        finishes.collect()
    })
}

#[tokio::test]
async fn begin_and_savepoints_ride_with_the_next_statement() {
    let host = Host::new();
    let mut connection = connection(&host).await;
    let mut outer = connection.begin().await.unwrap();
    let mut inner = outer.begin().await.unwrap();
    let mut innermost = inner.begin().await.unwrap();
    delete(&mut innermost).await;
    innermost.rollback().await.unwrap();
    inner.commit().await.unwrap();
    outer.commit().await.unwrap();
    let transaction = host.executed(|execute| execute.transaction)[0].unwrap();
    let savepoint = |depth| EffectKind::Savepoint { transaction, depth };
    assert_eq!(
        host.effects(),
        [
            EffectKind::Open { read_only: false },
            EffectKind::Begin { transaction },
            savepoint(1),
            savepoint(2)
        ]
    );
    let (commit, rollback) = (FinishHow::Commit, FinishHow::Rollback);
    assert_eq!(finished(&host), [(2, rollback), (1, commit), (0, commit)]);
    assert_eq!(host.calls().len(), 4);
}

#[tokio::test]
async fn dropped_transactions_and_savepoints_are_rolled_back_without_waiting() {
    // A flush that is not answered leaves its effects to the next statement.
    let host = Host::scripted(|request| match request {
        BrokerRequest::Flush { .. } => Some(Reply::Never),
        _ => None,
    });
    let mut connection = connection(&host).await;
    let mut outer = connection.begin().await.unwrap();
    delete(&mut outer).await;
    let mut inner = outer.begin().await.unwrap();
    delete(&mut inner).await;
    drop(inner);
    delete(&mut outer).await;
    drop(outer);
    assert_eq!(host.calls(), ["execute"; 3]);
    let transaction = host.executed(|execute| execute.transaction)[0].unwrap();
    let last = EffectKind::Rollback { transaction };
    host.wait_for_effect(|kind| *kind == last).await;
    let expected = [
        EffectKind::Open { read_only: false },
        EffectKind::Begin { transaction },
        EffectKind::Savepoint {
            transaction,
            depth: 1,
        },
        EffectKind::RollbackTo {
            transaction,
            depth: 1,
        },
        last,
    ];
    assert_eq!(host.effects(), expected);
    let carried = host.executed(|execute| execute.call.effects.len());
    assert_eq!(
        carried,
        [2, 1, 1],
        "each effect rode with the next statement"
    );
}

#[tokio::test]
async fn a_savepoint_that_was_never_used_leaves_no_trace() {
    let host = Host::new();
    let mut connection = connection(&host).await;
    let mut outer = connection.begin().await.unwrap();
    delete(&mut outer).await;
    drop(outer.begin().await.unwrap());
    outer.begin().await.unwrap().commit().await.unwrap();
    let mut inner = outer.begin().await.unwrap();
    delete(&mut inner).await;
    inner.commit().await.unwrap();
    outer.commit().await.unwrap();
    assert_eq!(host.effects().len(), 3, "open, begin, one savepoint");
    assert_eq!(host.calls(), ["execute", "execute", "finish", "finish"]);
}

#[tokio::test]
async fn other_beginnings_go_at_once() {
    let host = Host::new();
    let mut connection = connection(&host).await;
    for plain in ["BEGIN", "begin;", " START TRANSACTION "] {
        let plain = sqlx_core::sql_str::AssertSqlSafe(plain);
        let transaction = connection.begin_with(plain).await.unwrap();
        transaction.commit().await.unwrap();
    }
    assert_eq!(host.calls(), [""; 0]);
    let mut transaction = connection.begin_with("BEGIN IMMEDIATE").await.unwrap();
    assert_eq!(host.calls(), ["begin"]);
    assert!(transaction.is_in_transaction());
    let nested = transaction.begin_with("BEGIN IMMEDIATE").await.unwrap_err();
    assert!(matches!(nested, Error::InvalidSavePointStatement));
    delete(&mut transaction).await;
    transaction.commit().await.unwrap();
    assert_eq!(host.calls(), ["begin", "execute", "finish"]);
}

#[tokio::test]
async fn a_refused_beginning_leaves_no_transaction() {
    let host = Host::scripted(|request| match request {
        BrokerRequest::Begin { .. } => Some(Reply::Now(BrokerResponse::Begin(Err(Failure::new(
            Code::QUEUE_TIMEOUT,
            "waited",
        ))))),
        _ => None,
    });
    let mut connection = connection(&host).await;
    let error = connection.begin_with("BEGIN IMMEDIATE").await.unwrap_err();
    let code = OnepoolError::of(&error).map(OnepoolError::code);
    assert_eq!(code, Some(Code::QUEUE_TIMEOUT));
    assert!(!connection.is_in_transaction());
    delete(&mut connection).await;
    assert_eq!(host.executed(|execute| execute.transaction), [None]);
    assert_eq!(host.effects().len(), 1, "and nothing to roll back");
}

#[tokio::test]
async fn a_failed_commit_is_an_error_and_the_connection_lives_on() {
    let host = Host::scripted(|request| match request {
        BrokerRequest::Finish { .. } => Some(Reply::Now(BrokerResponse::Finish(Err(
            Failure::new(Code::TRANSACTION_FAILED, "an earlier statement failed"),
        )))),
        _ => None,
    });
    let mut connection = connection(&host).await;
    let mut transaction = connection.begin().await.unwrap();
    delete(&mut transaction).await;
    let error = transaction.commit().await.unwrap_err();
    let code = OnepoolError::of(&error).map(OnepoolError::code);
    assert_eq!(code, Some(Code::TRANSACTION_FAILED));
    assert!(!connection.is_in_transaction());
    delete(&mut connection).await;
    assert_eq!(host.executed(|execute| execute.transaction)[1], None);
}

#[tokio::test]
async fn a_closure_is_committed_or_rolled_back() {
    let host = Host::new();
    let mut connection = connection(&host).await;
    let done: Result<u32, Error> = connection
        .transaction(|transaction| {
            Box::pin(async move {
                delete(transaction).await;
                Ok(7)
            })
        })
        .await;
    assert_eq!(done.unwrap(), 7);
    let failed: Result<(), Error> = connection
        .transaction(|transaction| {
            Box::pin(async move {
                delete(transaction).await;
                Err(Error::RowNotFound)
            })
        })
        .await;
    assert!(matches!(failed, Err(Error::RowNotFound)));
    let expected = [(0, FinishHow::Commit), (0, FinishHow::Rollback)];
    assert_eq!(finished(&host), expected);
}
