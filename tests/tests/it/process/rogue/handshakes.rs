//! Knocking.

use onepool_proto::handshake::{self, Answer, Hello, Token};
use onepool_proto::{Code, DatabaseKind};

use super::super::place::eventually;
use super::super::raw::Raw;
use super::Scene;

#[tokio::test]
async fn strange_handshakes_are_refused_with_a_reason() {
    let scene = Scene::new(DatabaseKind::Sqlite).await;
    let host = &scene.host;
    let hello = |name: &str, token: Token, version: u16| {
        handshake::encode(&Hello {
            oldest_version: version,
            newest_version: version,
            ..Hello::new(name, token)
        })
        .unwrap()
    };
    let used = host.issue_token("rogue").unwrap();
    let mut first = Raw::knock(host).await;
    first.send(&hello("rogue", used.clone(), 1)).await;
    assert!(matches!(first.answer().await, Answer::Welcome(_)));
    let other = host.issue_token("other").unwrap();
    let next = host.issue_token("rogue").unwrap();
    let cases: Vec<(Vec<u8>, Code)> = vec![
        (b"GET / HTTP/1.1\r\n\r\n".to_vec(), Code::NOT_ONEPOOL),
        (vec![0; 4096], Code::NOT_ONEPOOL),
        (b"onepool\n\xff\xff".to_vec(), Code::REQUEST_TOO_LARGE),
        (b"onepool\n\x00\x00".to_vec(), Code::MALFORMED),
        (
            b"onepool\n\x05\x00\xff\xff\xff\xff\xff".to_vec(),
            Code::MALFORMED,
        ),
        // A name of 2^64 - 1 bytes.
        (
            b"onepool\n\x0c\x00\x01\x01\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01".to_vec(),
            Code::MALFORMED,
        ),
        (
            hello("rogue", Token::new("guessed"), 1),
            Code::TOKEN_REFUSED,
        ),
        (hello("rogue", used, 1), Code::TOKEN_USED),
        (hello("rogue", other, 1), Code::TOKEN_REFUSED),
        (hello("rogue", next, 9999), Code::VERSION_MISMATCH),
    ];
    let refused = cases.len() as u64;
    for (bytes, code) in cases {
        let mut rogue = Raw::knock(host).await;
        rogue.send(&bytes).await;
        match rogue.answer().await {
            Answer::Refused(failure) => assert_eq!(failure.code, code, "{bytes:?}"),
            Answer::Welcome(_) => panic!("let in with {bytes:?}"),
        }
        assert!(rogue.next().await.is_none(), "the host hangs up");
    }
    let mut half = Raw::knock(host).await;
    half.send(b"onepool\n\x05\x00\x01").await;
    drop(half);
    eventually("half a handshake is noted", async || {
        host.stats().handshakes_broken == 1
    })
    .await;
    assert_eq!(host.stats().handshakes_refused, refused);
    scene.finish(first).await;
}

#[tokio::test]
async fn silence_is_not_listened_to_for_ever() {
    let scene = Scene::new(DatabaseKind::Sqlite).await;
    let mut rogue = Raw::knock(&scene.host).await;
    rogue.send(b"onepool\n").await;
    match rogue.answer().await {
        Answer::Refused(failure) => assert_eq!(failure.code, Code::HANDSHAKE_TIMEOUT),
        Answer::Welcome(_) => panic!("let in"),
    }
    scene.finish(rogue).await;
}
