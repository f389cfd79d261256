//! Frames that no codec made.

use onepool_proto::codec::HostFrame;
use onepool_proto::{Code, DatabaseKind, limits};

use super::super::raw::{BEGIN, OPEN, Raw, call, code_of, execute, frame, inside};
use super::{MANY, Scene, fetch};

#[tokio::test]
async fn a_frame_that_cannot_be_read_ends_its_session_alone() {
    let scene = Scene::new(DatabaseKind::Sqlite).await;
    let too_long = (limits::FRAME_BYTES + 1).to_le_bytes();
    let malformed: &[&[u8]] = &[
        b"",
        b"\xff",
        // A call without a request; a request of no known kind; an endless number.
        b"\x00\x01",
        b"\x00\x01\x00\x63",
        b"\x00\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff",
        // An echo of 2^63 bytes; an upload that ends in the middle of its id.
        b"\x00\x01\x00\x00\xff\xff\xff\xff\xff\xff\xff\xff\x7f",
        b"\x00\x01\x00\x0a\x05\x05",
    ];
    for body in malformed {
        let mut rogue = Raw::enter(&scene.host).await;
        rogue.still_works().await;
        rogue.send_frame(body).await;
        assert_eq!(rogue.goodbye().await, Code::MALFORMED, "{body:?}");
    }
    for length in [too_long, u32::MAX.to_le_bytes()] {
        let mut rogue = Raw::enter(&scene.host).await;
        rogue.send(&length).await;
        assert_eq!(rogue.goodbye().await, Code::REQUEST_TOO_LARGE);
        scene.undisturbed().await;
    }
    let rogue = Raw::enter(&scene.host).await;
    scene.finish(rogue).await;
}

/// Bytes that nest as deeply as bytes can: where the wire had a recursive type, reading them would
/// overflow the stack and abort the host.
#[tokio::test]
async fn the_same_byte_over_and_over_nests_nothing() {
    let scene = Scene::new(DatabaseKind::Sqlite).await;
    let whole = frame(1, execute(call(1, &[OPEN]), "SELECT 1"));
    for byte in 0..=u8::MAX {
        // The frame's length and then: kind, call, trace, request, Connection.
        for keep in [4, 5, 7, 8, 24, whole.len() - 20] {
            let mut body = whole[4..keep].to_vec();
            body.resize(body.len() + 50_000, byte);
            let mut rogue = Raw::enter(&scene.host).await;
            rogue.send_frame(&body).await;
            // What makes sense by chance is answered, and the rest ends the session.
            assert!(rogue.answers_or_ends().await, "{byte:#x} after {keep}");
        }
    }
    assert_eq!(scene.host.stats().sessions_panicked, 0);
    let rogue = Raw::enter(&scene.host).await;
    scene.finish(rogue).await;
}

#[tokio::test]
async fn half_a_frame_and_then_nothing() {
    let scene = Scene::new(DatabaseKind::Sqlite).await;
    let mut rogue = Raw::enter(&scene.host).await;
    rogue
        .done(inside(call(1, &[OPEN, BEGIN]), "INSERT INTO t VALUES (1)"))
        .await;
    assert_eq!(scene.host.pool_stats().backends.leased, 1);
    rogue.send(&[200, 0, 0, 0, 0, 2, 0, 1]).await;
    scene.finish(rogue).await;
}

#[tokio::test]
async fn a_call_that_is_numbered_like_another() {
    let scene = Scene::new(DatabaseKind::Sqlite).await;
    let mut rogue = Raw::enter(&scene.host).await;
    for _ in 0..3 {
        rogue.start_as(77, execute(call(1, &[OPEN]), MANY)).await;
    }
    rogue.start_as(78, fetch(5)).await;
    let mut answers = 0;
    loop {
        match rogue.next().await {
            Some(HostFrame::Answer { id: 77, .. }) => answers += 1,
            Some(HostFrame::Answer { id: 78, response }) => {
                assert_eq!(code_of(&response), Some(Code::OUT_OF_ORDER));
                break;
            }
            other => panic!("no answer, but {other:?}"),
        }
    }
    assert!((1..=3).contains(&answers), "{answers}");
    scene.finish(rogue).await;
}
