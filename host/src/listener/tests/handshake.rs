//! Who comes in, and who does not.

use std::time::Duration;

use onepool_proto::handshake::{self, Answer, HEADER_BYTES, Hello, MAGIC, Token};
use onepool_proto::{Code, limits};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::{builder, enter, hear, hello, host, knock, refusal, refusal_of};

#[tokio::test]
async fn a_token_admits_once_and_each_welcome_holds_the_next() {
    let (_folder, host) = host().await;
    let mut token = host.issue_token("p").unwrap();
    let mut sessions = Vec::new();
    for _ in 0..3 {
        let (stream, welcome) = enter(&host, "p", &token).await;
        assert_eq!(welcome.database, host.database());
        let failure = refusal_of(&host, &hello("p", &token)).await;
        assert_eq!(failure.code, Code::TOKEN_USED);
        token = welcome.next_token;
        sessions.push((stream, welcome.session));
    }
    assert_ne!(sessions[0].1, sessions[1].1);
    assert_eq!(host.stats().sessions_opened, 3);
    assert_eq!(host.stats().handshakes_refused, 3);
}

#[tokio::test]
async fn a_token_is_good_for_its_plugin_alone() {
    let (_folder, host) = host().await;
    let token = host.issue_token("p").unwrap();
    host.issue_token("other").unwrap();
    for (plugin, token) in [
        ("other", &token),
        ("unknown", &token),
        ("p", &Token::new("guess")),
        ("p", &Token::new("")),
    ] {
        let failure = refusal_of(&host, &hello(plugin, token)).await;
        assert_eq!(failure.code, Code::TOKEN_REFUSED);
        assert!(!failure.message.contains(token.secret()) || token.secret().is_empty());
    }
    enter(&host, "p", &token).await;
}

#[tokio::test]
async fn what_is_no_handshake_is_refused_with_a_reason() {
    let (_folder, host) = host().await;
    let failure = refusal_of(&host, b"GET / HTTP/1.1\r\nHost: x\r\n\r\n").await;
    assert_eq!(failure.code, Code::NOT_ONEPOOL);

    let mut too_large = MAGIC.to_vec();
    too_large.extend((limits::HANDSHAKE_BYTES + 1).to_le_bytes());
    let failure = refusal_of(&host, &too_large).await;
    assert_eq!(failure.code, Code::REQUEST_TOO_LARGE);

    let mut malformed = MAGIC.to_vec();
    malformed.extend(4_u16.to_le_bytes());
    malformed.extend([0xff; 4]);
    let failure = refusal_of(&host, &malformed).await;
    assert_eq!(failure.code, Code::MALFORMED);
}

#[tokio::test]
async fn a_plugin_of_another_version_is_refused_and_keeps_its_token() {
    let (_folder, host) = host().await;
    let token = host.issue_token("p").unwrap();
    let newer = Hello {
        oldest_version: u16::MAX,
        newest_version: u16::MAX,
        ..Hello::new("p", token.clone())
    };
    let failure = refusal_of(&host, &handshake::encode(&newer).unwrap()).await;
    assert_eq!(failure.code, Code::VERSION_MISMATCH);
    enter(&host, "p", &token).await;
}

#[tokio::test]
async fn a_handshake_cut_short_is_closed_and_uses_nothing_up() {
    let (_folder, host) = host().await;
    let token = host.issue_token("p").unwrap();
    let whole = hello("p", &token);
    for length in [0, 1, HEADER_BYTES, HEADER_BYTES + 1, whole.len() - 1] {
        let mut stream = knock(&host).await;
        stream.write_all(&whole[..length]).await.unwrap();
        stream.shutdown().await.unwrap();
        assert_eq!(stream.read(&mut [0]).await.unwrap(), 0);
    }
    enter(&host, "p", &token).await;
    assert_eq!(host.stats().handshakes_broken, 5);
}

#[tokio::test]
async fn a_slow_peer_is_refused() {
    let (_folder, host) = host().await;
    let token = host.issue_token("p").unwrap();
    let mut stream = knock(&host).await;
    stream.write_all(&hello("p", &token)[..5]).await.unwrap();
    tokio::time::pause();
    assert_eq!(refusal(&mut stream).await.code, Code::HANDSHAKE_TIMEOUT);
}

#[tokio::test]
async fn silent_peers_do_not_keep_others_out() {
    let (_folder, host) = host().await;
    let token = host.issue_token("p").unwrap();
    let mut silent = Vec::new();
    for _ in 0..100 {
        silent.push(knock(&host).await);
    }
    tokio::time::pause();
    enter(&host, "p", &token).await;
}

#[tokio::test]
async fn a_full_host_refuses_and_has_room_again_when_a_session_ends() {
    let folder = tempfile::tempdir().unwrap();
    let host = builder(&folder).max_sessions(1).start().await.unwrap();
    let token = host.issue_token("p").unwrap();
    let (stream, welcome) = enter(&host, "p", &token).await;
    let token = welcome.next_token;
    let failure = refusal_of(&host, &hello("p", &token)).await;
    assert_eq!(failure.code, Code::HOST_FULL);
    assert_eq!(host.client("q").dial().unwrap_err().code, Code::HOST_FULL);
    drop(stream);
    // The refusals above did not use the token up.
    let entered = async {
        loop {
            let mut stream = knock(&host).await;
            stream.write_all(&hello("p", &token)).await.unwrap();
            match hear(&mut stream).await {
                Answer::Welcome(_) => return,
                Answer::Refused(failure) => assert_eq!(failure.code, Code::HOST_FULL),
            }
        }
    };
    tokio::time::timeout(Duration::from_secs(10), entered)
        .await
        .unwrap();
}

/// The token of a launched plugin is for its process and those it started.
#[cfg(target_os = "linux")]
#[tokio::test]
async fn a_launched_plugins_token_is_for_its_process() {
    let (_folder, host) = host().await;
    let mut other = std::process::Command::new("sleep")
        .arg("60")
        .spawn()
        .unwrap();
    let (launch, token) = host.registry.begin_launch("theirs");
    launch.pid.set(other.id()).unwrap();
    let failure = refusal_of(&host, &hello("theirs", &token)).await;
    other.kill().unwrap();
    other.wait().unwrap();
    assert_eq!(failure.code, Code::PEER_REFUSED);

    let (launch, token) = host.registry.begin_launch("mine");
    let early = tokio::spawn({
        let mut stream = knock(&host).await;
        let hello = hello("mine", &token);
        async move {
            stream.write_all(&hello).await.unwrap();
            hear(&mut stream).await
        }
    });
    tokio::task::yield_now().await;
    // The plugin was faster than the host's note of its process.
    assert!(!early.is_finished());
    launch.pid.set(std::process::id()).unwrap();
    assert!(matches!(early.await.unwrap(), Answer::Welcome(_)));
}
