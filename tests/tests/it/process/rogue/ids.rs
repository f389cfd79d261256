//! Ids that name nothing, nothing any more, or too much.

use onepool_proto::id::{StatementId, TransactionId, UploadId};
use onepool_proto::message::{Effect, EffectKind, Effects, Execute, FinishHow, Sql, Uploaded};
use onepool_proto::service::BrokerRequest;
use onepool_proto::{Code, DatabaseKind};

use super::super::raw::{BEGIN, CONNECTION, OPEN, Raw, call, execute, inside, statement};
use super::{Scene, fetch, finish};

#[tokio::test]
async fn ids_that_name_nothing() {
    let scene = Scene::new(DatabaseKind::Sqlite).await;
    let mut rogue = Raw::enter(&scene.host).await;
    let unknown = execute(call(1, &[]), "SELECT 1");
    assert_eq!(rogue.refused(unknown).await, Code::UNKNOWN_ID);
    let unknown = inside(call(1, &[OPEN]), "SELECT 1");
    assert_eq!(rogue.refused(unknown).await, Code::UNKNOWN_ID);
    let unknown = BrokerRequest::Execute {
        call: Execute {
            sql: Sql::Known(StatementId::from_bytes([9; 16])),
            ..statement(call(1, &[]), "")
        },
    };
    assert_eq!(rogue.refused(unknown).await, Code::UNKNOWN_STATEMENT);
    assert_eq!(rogue.refused(fetch(0)).await, Code::UNKNOWN_ID);
    let upload = UploadId::from_bytes([9; 16]);
    let unknown = BrokerRequest::Uploaded {
        call: Uploaded { upload, length: 0 },
    };
    assert_eq!(rogue.refused(unknown).await, Code::UNKNOWN_ID);
    assert_eq!(
        rogue.refused(finish(FinishHow::Commit, 0)).await,
        Code::UNKNOWN_ID
    );
    // A call that does not exist is cancelled: 1 is `Cancel`, 9 its number.
    rogue.send_frame(&[1, 9]).await;
    rogue.still_works().await;
    scene.finish(rogue).await;
}

#[tokio::test]
async fn ids_of_what_has_ended() {
    let scene = Scene::new(DatabaseKind::Sqlite).await;
    let mut rogue = Raw::enter(&scene.host).await;
    rogue
        .done(inside(call(1, &[OPEN, BEGIN]), "INSERT INTO t VALUES (7)"))
        .await;
    rogue.done(finish(FinishHow::Commit, 0)).await;
    // The ancestor of this project panicked here, and took every plugin with it.
    for how in [FinishHow::Commit, FinishHow::Rollback] {
        assert_eq!(rogue.refused(finish(how, 0)).await, Code::STALE_ID);
    }
    let stale = inside(call(3, &[]), "DELETE FROM t");
    assert_eq!(rogue.refused(stale).await, Code::STALE_ID);
    let again = execute(call(3, &[BEGIN]), "SELECT 1");
    assert_eq!(rogue.refused(again).await, Code::DUPLICATE_ID);
    rogue.done(execute(call(4, &[]), "DELETE FROM t")).await;
    let close = Effects {
        connection: CONNECTION,
        effects: vec![Effect {
            sequence: 4,
            kind: EffectKind::Close,
        }],
    };
    rogue
        .done(BrokerRequest::Flush { calls: vec![close] })
        .await;
    let stale = execute(call(5, &[]), "SELECT 1");
    assert_eq!(rogue.refused(stale).await, Code::STALE_ID);
    let reopened = execute(call(1, &[OPEN]), "SELECT 1");
    assert_eq!(rogue.refused(reopened).await, Code::STALE_ID);
    rogue.still_works().await;
    scene.finish(rogue).await;
}

#[tokio::test]
async fn transactions_that_overlap() {
    let scene = Scene::new(DatabaseKind::Sqlite).await;
    let mut rogue = Raw::enter(&scene.host).await;
    rogue
        .done(inside(call(1, &[OPEN, BEGIN]), "INSERT INTO t VALUES (1)"))
        .await;
    let twice = inside(call(3, &[BEGIN]), "SELECT 1");
    assert_eq!(rogue.refused(twice).await, Code::DUPLICATE_ID);
    let second = EffectKind::Begin {
        transaction: TransactionId::from_bytes([8; 16]),
    };
    let nested = inside(call(4, &[second]), "SELECT 1");
    assert_eq!(rogue.refused(nested).await, Code::OUT_OF_ORDER);
    let outside = execute(call(5, &[]), "SELECT 1");
    assert_eq!(rogue.refused(outside).await, Code::OUT_OF_ORDER);
    let skipped = inside(call(500, &[OPEN]), "SELECT 1");
    assert_eq!(rogue.refused(skipped).await, Code::OUT_OF_ORDER);
    assert_eq!(
        rogue.refused(finish(FinishHow::Commit, u32::MAX)).await,
        Code::DATABASE
    );
    rogue.done(inside(call(5, &[]), "DELETE FROM t")).await;
    rogue.done(finish(FinishHow::Commit, 0)).await;
    scene.finish(rogue).await;
}
