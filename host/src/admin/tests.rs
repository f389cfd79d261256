//! A host is asked over its socket.

use std::os::unix::fs::PermissionsExt;
use std::sync::Arc;

use onepool_proto::endpoint::{ENDPOINT_VARIABLE, PLUGIN_VARIABLE, TOKEN_VARIABLE};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::UnixStream;

use super::*;
use crate::{Host, Plugin, Quota};

struct Place {
    _folder: tempfile::TempDir,
    host: Arc<Host>,
    admin: tokio::task::JoinHandle<()>,
}

async fn host() -> Place {
    let folder = tempfile::tempdir().unwrap();
    let database = folder.path().join("test.db");
    let endpoint = Endpoint::unix(folder.path().join("own").join("host.sock")).unwrap();
    let host = Host::builder()
        .database(format!("sqlite://{}?mode=rwc", database.display()))
        .endpoint(endpoint)
        .plugin(Plugin::new("once", "true"))
        .start()
        .await
        .unwrap();
    let host = Arc::new(host);
    let admin = AdminSocket::open(host.endpoint()).unwrap();
    let admin = tokio::spawn(admin.run(Arc::clone(&host)));
    Place {
        _folder: folder,
        host,
        admin,
    }
}

#[tokio::test]
async fn a_host_says_how_it_and_its_plugins_are_doing() {
    let place = host().await;
    place.host.plugin_ended("once").await.unwrap();
    let mut client = AdminClient::connect(place.host.endpoint()).await.unwrap();
    match client.ask(&Request::Status).await.unwrap() {
        Reply::Status(status) => {
            assert_eq!(
                status.summary,
                "nobody waits: 0 of 10 connections are in use"
            );
            assert_eq!(
                (status.launched, status.running, status.sessions),
                (1, 0, 0)
            );
            assert_eq!(status.endpoint, place.host.endpoint().to_string());
        }
        other => panic!("{other:?}"),
    }
    match client.ask(&Request::Plugins).await.unwrap() {
        Reply::Plugins(plugins) => {
            assert_eq!(
                (&*plugins[0].name, plugins[0].state),
                ("once", StateName::Exited)
            );
            assert_eq!(plugins[0].ended.as_deref(), Some("exit status: 0"));
        }
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_plugin_is_started_again_or_the_reason_is_said() {
    let place = host().await;
    let mut client = AdminClient::connect(place.host.endpoint()).await.unwrap();
    let restart = |plugin: &str| Request::Restart {
        plugin: plugin.to_owned(),
    };
    assert_eq!(client.ask(&restart("once")).await.unwrap(), Reply::Done);
    assert_eq!(place.host.plugins()[0].restarts, 1);
    match client.ask(&restart("twice")).await.unwrap() {
        Reply::Failed(reason) => assert!(reason.contains("no plugin named twice"), "{reason}"),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn whoever_attaches_gets_what_it_needs() {
    let place = host().await;
    let mut client = AdminClient::connect(place.host.endpoint()).await.unwrap();
    let quota = Quota {
        max: Some(3),
        ..Quota::default()
    };
    place.host.set_quota("new", quota).unwrap();
    for no_timeouts in [false, true] {
        let attach = Request::Attach {
            plugin: "new".to_owned(),
            no_timeouts,
        };
        let Reply::Attached(attachment) = client.ask(&attach).await.unwrap() else {
            panic!("not attached");
        };
        let names: Vec<_> = attachment
            .variables
            .iter()
            .map(|(name, _)| &**name)
            .collect();
        assert_eq!(names, [ENDPOINT_VARIABLE, TOKEN_VARIABLE, PLUGIN_VARIABLE]);
        let now = place.host.quota("new");
        assert_eq!(now.transaction_timeout.is_none(), no_timeouts);
        assert_eq!(now.max, Some(3));
    }
    let wrong = Request::Attach {
        plugin: "a b".to_owned(),
        no_timeouts: false,
    };
    assert!(matches!(
        client.ask(&wrong).await.unwrap(),
        Reply::Failed(_)
    ));
}

#[tokio::test]
async fn nonsense_is_answered_and_harms_nobody() {
    let place = host().await;
    let path = super::place(place.host.endpoint()).unwrap();
    let mode = std::fs::metadata(&path).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    let mut stream = UnixStream::connect(&path).await.unwrap();
    stream.write_all(b"\0\0\0\x02{}").await.unwrap();
    let length = stream.read_u32().await.unwrap();
    let mut text = vec![0; length as usize];
    stream.read_exact(&mut text).await.unwrap();
    assert!(String::from_utf8(text).unwrap().contains("cannot be read"));
    // Too long to be anything.
    stream.write_all(&[0xff; 4]).await.unwrap();
    assert_eq!(stream.read(&mut [0]).await.unwrap_or(0), 0);
    AdminClient::connect(place.host.endpoint()).await.unwrap();
}

#[tokio::test]
async fn the_socket_goes_and_what_a_dead_host_left_is_replaced() {
    let place = host().await;
    let path = super::place(place.host.endpoint()).unwrap();
    place.admin.abort();
    assert!(place.admin.await.unwrap_err().is_cancelled());
    assert!(!path.exists());
    let error = AdminClient::connect(place.host.endpoint())
        .await
        .unwrap_err();
    assert!(error.to_string().contains("no host answers"), "{error}");
    std::fs::write(&path, "").unwrap();
    let admin = AdminSocket::open(place.host.endpoint()).unwrap();
    assert_eq!(admin.path(), path);
    drop(admin);
    place.host.stop().await;
    assert!(
        !path.parent().unwrap().exists(),
        "nothing is left in the folder"
    );
}
