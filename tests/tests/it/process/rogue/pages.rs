//! Rows, and requests in parts, in any order but the right one.

use bytes::Bytes;
use onepool_proto::codec::HostFrame;
use onepool_proto::id::{RowSetId, UploadId};
use onepool_proto::message::{EffectKind, Effects, UploadPart, Uploaded};
use onepool_proto::service::BrokerRequest;
use onepool_proto::{Code, DatabaseKind};

use super::super::place::quiet;
use super::super::raw::{CONNECTION, OPEN, ROW_SET, Raw, call, code_of, execute, statement};
use super::{MANY, Scene, fetch};

#[tokio::test]
async fn pages_out_of_order() {
    let scene = Scene::new(DatabaseKind::Sqlite).await;
    let mut rogue = Raw::enter(&scene.host).await;
    rogue.done(execute(call(1, &[OPEN]), MANY)).await;
    for page in [0, 2, u32::MAX] {
        assert_eq!(rogue.refused(fetch(page)).await, Code::OUT_OF_ORDER);
    }
    rogue.done(fetch(1)).await;
    // The same row set once more: the first one ends, and this one begins at its first page.
    rogue.done(execute(call(2, &[]), MANY)).await;
    assert_eq!(rogue.refused(fetch(2)).await, Code::OUT_OF_ORDER);
    rogue.done(fetch(1)).await;
    let other = RowSetId::from_bytes([9; 16]);
    let unheard_of = EffectKind::CloseRowSet { row_set: other };
    let close = EffectKind::CloseRowSet { row_set: ROW_SET };
    rogue
        .done(BrokerRequest::PingDatabase {
            call: call(2, &[unheard_of, close]),
        })
        .await;
    assert_eq!(rogue.refused(fetch(2)).await, Code::STALE_ID);
    for _ in 0..50 {
        let mut other = statement(call(3, &[]), "SELECT 1");
        other.row_set = RowSetId::from_bytes([8; 16]);
        rogue.done(BrokerRequest::Execute { call: other }).await;
    }
    // So long ago that the host need not know it any more.
    assert_eq!(rogue.refused(fetch(2)).await, Code::UNKNOWN_ID);
    scene.finish(rogue).await;
}

#[tokio::test]
async fn closing_while_rows_stream() {
    let scene = Scene::new(DatabaseKind::Sqlite).await;
    let mut rogue = Raw::enter(&scene.host).await;
    rogue.done(execute(call(1, &[OPEN]), MANY)).await;
    assert_eq!(scene.host.pool_stats().backends.leased, 1);
    let close = Effects {
        connection: CONNECTION,
        effects: call(2, &[EffectKind::Close]).effects,
    };
    let closing = rogue
        .start(BrokerRequest::Flush { calls: vec![close] })
        .await;
    let fetching = rogue.start(fetch(1)).await;
    let mut codes = Vec::new();
    for _ in 0..2 {
        match rogue.next().await {
            Some(HostFrame::Answer { id, response }) => {
                codes.push((id, code_of(&response)));
            }
            other => panic!("no answer, but {other:?}"),
        }
    }
    codes.sort_unstable();
    assert_eq!(codes, [(closing, None), (fetching, Some(Code::STALE_ID))]);
    quiet(&scene.host).await;
    rogue.still_works().await;
    scene.finish(rogue).await;
}

#[tokio::test]
async fn deadlines_beyond_the_end_of_time() {
    let scene = Scene::new(DatabaseKind::Sqlite).await;
    let mut rogue = Raw::enter(&scene.host).await;
    let mut head = call(1, &[OPEN]);
    head.deadline_ms = Some(u64::MAX);
    rogue.done(execute(head.clone(), MANY)).await;
    let mut next = fetch(1);
    if let BrokerRequest::Fetch { call } = &mut next {
        call.deadline_ms = Some(u64::MAX);
    }
    rogue.done(next).await;
    head.effects.clear();
    head.deadline_ms = Some(0);
    let late = execute(head, "DELETE FROM t");
    assert_eq!(rogue.refused(late).await, Code::DEADLINE_EXCEEDED);
    scene.finish(rogue).await;
}

#[tokio::test]
async fn uploads_that_do_not_add_up() {
    let scene = Scene::new(DatabaseKind::Sqlite).await;
    let mut rogue = Raw::enter(&scene.host).await;
    let part = |id: u8, offset: u64, bytes: usize| BrokerRequest::Upload {
        part: UploadPart {
            upload: UploadId::from_bytes([id; 16]),
            offset,
            bytes: Bytes::from(vec![0xff; bytes]),
        },
    };
    let run = |length: u64| BrokerRequest::Uploaded {
        call: Uploaded {
            upload: UploadId::from_bytes([0; 16]),
            length,
        },
    };
    assert_eq!(
        rogue.refused(part(0, u64::MAX, 1)).await,
        Code::OUT_OF_ORDER
    );
    rogue.done(part(0, 0, 9)).await;
    assert_eq!(rogue.refused(run(u64::MAX)).await, Code::OUT_OF_ORDER);
    rogue.done(part(0, 0, 9)).await;
    assert_eq!(rogue.refused(run(9)).await, Code::MALFORMED);
    for id in 0..16 {
        rogue.done(part(id, 0, 0)).await;
    }
    assert_eq!(rogue.refused(part(99, 0, 1)).await, Code::TOO_MANY_OBJECTS);
    scene.finish(rogue).await;
}
