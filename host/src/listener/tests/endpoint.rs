//! Whose the endpoint is, and what is left of it.

use std::fs::Permissions;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::os::unix::net::UnixListener;
use std::path::{Path, PathBuf};

use onepool_proto::endpoint::Endpoint;
use tokio::net::UnixStream;

use super::{builder, enter, host};
use crate::HostError;

fn socket_in(folder: &Path) -> (PathBuf, Endpoint) {
    let path = folder.join("host.sock");
    (path.clone(), Endpoint::unix(path).unwrap())
}

fn mode(path: &Path) -> u32 {
    path.symlink_metadata().unwrap().mode() & 0o777
}

#[tokio::test]
async fn folder_and_socket_are_private_and_removed() {
    let folder = tempfile::tempdir().unwrap();
    let own = folder.path().join("own");
    let (path, endpoint) = socket_in(&own);
    let host = builder(&folder).endpoint(endpoint).start().await.unwrap();
    assert_eq!((mode(&own), mode(&path)), (0o700, 0o600));
    host.stop().await;
    assert!(!own.exists());
}

#[tokio::test]
async fn with_users_allowed_they_can_knock_and_no_more() {
    let folder = tempfile::tempdir().unwrap();
    let own = folder.path().join("own");
    let (path, endpoint) = socket_in(&own);
    let builder = builder(&folder).endpoint(endpoint).allow_user(12_345);
    let host = builder.start().await.unwrap();
    assert_eq!((mode(&own), mode(&path)), (0o711, 0o666));
    host.stop().await;
}

#[tokio::test]
async fn a_folder_open_to_others_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let (path, endpoint) = socket_in(folder.path());
    for (mode, others) in [(0o755, false), (0o710, false), (0o733, true), (0o720, true)] {
        let mut builder = builder(&folder).endpoint(endpoint.clone());
        std::fs::set_permissions(folder.path(), Permissions::from_mode(mode)).unwrap();
        if others {
            builder = builder.allow_user(12_345);
        }
        let error = builder.start().await.unwrap_err();
        assert!(matches!(error, HostError::Folder { .. }), "{error}");
        assert!(error.to_string().contains("open to other users"), "{error}");
        assert!(!path.exists());
    }
}

/// A host that was killed leaves its socket, which must not keep the next one from starting.
#[tokio::test]
async fn the_socket_of_a_dead_host_is_replaced() {
    let folder = tempfile::tempdir().unwrap();
    let (path, endpoint) = socket_in(folder.path());
    drop(UnixListener::bind(&path).unwrap());
    assert!(path.exists());
    std::fs::write(folder.path().join("host.sock.lock"), "").unwrap();
    let host = builder(&folder).endpoint(endpoint).start().await.unwrap();
    let token = host.issue_token("p").unwrap();
    enter(&host, "p", &token).await;
    host.stop().await;
    // The folder was there before the host.
    assert!(folder.path().exists());
}

#[tokio::test]
async fn the_socket_of_a_live_process_is_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let (path, endpoint) = socket_in(folder.path());
    let theirs = UnixListener::bind(&path).unwrap();
    let error = builder(&folder)
        .endpoint(endpoint)
        .start()
        .await
        .unwrap_err();
    assert!(matches!(error, HostError::EndpointInUse(_)), "{error}");
    assert!(UnixStream::connect(&path).await.is_ok());
    drop(theirs);
}

#[tokio::test]
async fn two_hosts_do_not_share_an_endpoint() {
    let folder = tempfile::tempdir().unwrap();
    let own = folder.path().join("own");
    let (_, endpoint) = socket_in(&own);
    let first = builder(&folder).endpoint(endpoint.clone()).start().await;
    let first = first.unwrap();
    let second = builder(&folder).endpoint(endpoint.clone()).start().await;
    assert!(matches!(second, Err(HostError::EndpointInUse(_))));
    // The attempt took nothing from the first.
    let token = first.issue_token("p").unwrap();
    let (stream, _) = enter(&first, "p", &token).await;
    drop(stream);
    first.stop().await;
    let third = builder(&folder).endpoint(endpoint).start().await.unwrap();
    third.stop().await;
    assert!(!own.exists());
}

#[tokio::test]
async fn a_file_in_the_way_is_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let (path, endpoint) = socket_in(folder.path());
    std::fs::write(&path, "precious").unwrap();
    let error = builder(&folder)
        .endpoint(endpoint)
        .start()
        .await
        .unwrap_err();
    assert!(matches!(error, HostError::NotASocket(_)), "{error}");
    assert_eq!(std::fs::read_to_string(&path).unwrap(), "precious");
}

#[tokio::test]
async fn a_pipe_is_no_endpoint_here() {
    let folder = tempfile::tempdir().unwrap();
    let endpoint = Endpoint::pipe("onepool").unwrap();
    let error = builder(&folder)
        .endpoint(endpoint)
        .start()
        .await
        .unwrap_err();
    assert!(matches!(error, HostError::EndpointKind(_)), "{error}");
}

#[tokio::test]
async fn a_dropped_host_is_gone() {
    let (_folder, host) = host().await;
    let path = host.endpoint().path().unwrap().to_owned();
    let stopped = host.stopped.clone();
    drop(host);
    stopped.cancelled().await;
    assert!(!path.exists());
}
