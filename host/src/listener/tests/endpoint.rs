//! Whose the endpoint is, and what is left of it.

use std::fs::Permissions;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::os::unix::net::UnixListener;
use std::path::{Path, PathBuf};
use std::time::Duration;

use onepool_proto::Code;
use onepool_proto::endpoint::Endpoint;
use tokio::net::UnixStream;

use super::super::leftovers;
use super::{builder, enter, host, knock, refusal};
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

/// Whoever can put a link there chooses where plugins send their tokens.
#[tokio::test]
async fn links_in_the_place_of_folder_and_socket_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let (real, link) = (folder.path().join("real"), folder.path().join("link"));
    std::fs::create_dir(&real).unwrap();
    std::fs::set_permissions(&real, Permissions::from_mode(0o700)).unwrap();
    std::os::unix::fs::symlink(&real, &link).unwrap();
    let (_, endpoint) = socket_in(&link);
    let error = builder(&folder).endpoint(endpoint).start().await;
    let error = error.unwrap_err();
    assert!(matches!(error, HostError::Folder { .. }), "{error}");
    assert!(error.to_string().contains("give the path that it leads to"));

    let (path, endpoint) = socket_in(&real);
    let theirs = folder.path().join("theirs.sock");
    for leads_to in [&theirs, &folder.path().join("nowhere")] {
        let _listener = UnixListener::bind(&theirs);
        std::os::unix::fs::symlink(leads_to, &path).unwrap();
        let error = builder(&folder).endpoint(endpoint.clone()).start().await;
        let error = error.unwrap_err();
        assert!(matches!(error, HostError::NotASocket(_)), "{error}");
        assert!(path.is_symlink(), "it is left to whoever made it");
        std::fs::remove_file(&path).unwrap();
    }
    assert!(!real.join("host.sock.lock").exists());
}

#[tokio::test]
async fn a_folder_of_another_user_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let theirs = folder.path().join("theirs");
    std::fs::create_dir(&theirs).unwrap();
    std::fs::set_permissions(&theirs, Permissions::from_mode(0o700)).unwrap();
    // Only root can give a folder away; what is root's is another's for everybody else.
    let (theirs, owner) = match std::os::unix::fs::chown(&theirs, Some(12_345), None) {
        Ok(()) => (theirs, 12_345),
        Err(_) => (PathBuf::from("/usr"), 0),
    };
    let (_, endpoint) = socket_in(&theirs);
    let error = builder(&folder).endpoint(endpoint).start().await;
    let error = error.unwrap_err();
    assert!(matches!(error, HostError::Folder { .. }), "{error}");
    let says = format!("belongs to user {owner}");
    assert!(error.to_string().contains(&says), "{error}");
}

#[tokio::test]
async fn a_folder_that_everybody_can_replace_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let builder = || builder(&folder);
    let open = folder.path().join("open");
    std::fs::create_dir(&open).unwrap();
    let (_, endpoint) = socket_in(&open.join("own"));
    let set_mode = |mode| std::fs::set_permissions(&open, Permissions::from_mode(mode)).unwrap();
    set_mode(0o777);
    let error = builder().endpoint(endpoint.clone()).start().await;
    let error = error.unwrap_err();
    assert!(matches!(error, HostError::Folder { .. }), "{error}");
    assert!(error.to_string().contains("chmod o-w"), "{error}");
    assert!(!open.join("own").exists(), "nothing is left behind");
    // As in a folder for temporary files.
    set_mode(0o1777);
    let host = builder().endpoint(endpoint).start().await.unwrap();
    host.stop().await;
}

#[tokio::test]
async fn nobody_comes_in_while_the_folder_is_open_to_others() {
    let folder = tempfile::tempdir().unwrap();
    let own = folder.path().join("own");
    let (_, endpoint) = socket_in(&own);
    let host = builder(&folder).endpoint(endpoint).start().await.unwrap();
    let token = host.issue_token("p").unwrap();
    let set_mode = |mode| std::fs::set_permissions(&own, Permissions::from_mode(mode)).unwrap();
    for mode in [0o777, 0o770, 0o711] {
        set_mode(mode);
        let failure = refusal(&mut knock(&host).await).await;
        assert_eq!(failure.code, Code::PEER_REFUSED);
        assert!(failure.message.contains("with mode 700"), "{failure}");
    }
    if std::os::unix::fs::chown(&own, Some(12_345), None).is_ok() {
        set_mode(0o700);
        let failure = refusal(&mut knock(&host).await).await;
        assert!(
            failure.message.contains("belongs to user 12345"),
            "{failure}"
        );
        let root = rustix::process::geteuid().as_raw();
        std::os::unix::fs::chown(&own, Some(root), None).unwrap();
    }
    set_mode(0o700);
    // The token was not used up.
    enter(&host, "p", &token).await;
    host.stop().await;
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

/// A host that was killed once left its folder in the folder for temporary files for good.
#[tokio::test]
async fn the_folder_of_a_dead_host_is_removed() {
    let parent = tempfile::tempdir().unwrap();
    let fresh = |number: u64| parent.path().join(format!("onepool-{number:016x}"));
    let clear = |age| leftovers::clear(parent.path(), "host.sock", age);
    let folder = tempfile::tempdir().unwrap();
    let (_, endpoint) = socket_in(&fresh(1));
    let alive = builder(&folder).endpoint(endpoint).start().await.unwrap();
    let dead = |number| {
        let folder = fresh(number);
        std::fs::create_dir(&folder).unwrap();
        std::fs::set_permissions(&folder, Permissions::from_mode(0o700)).unwrap();
        drop(UnixListener::bind(folder.join("host.sock")).unwrap());
        std::fs::write(folder.join("host.sock.lock"), "").unwrap();
        folder
    };
    let (plain, with_a_file, open) = (dead(2), dead(3), dead(4));
    std::fs::write(with_a_file.join("precious"), "").unwrap();
    std::fs::set_permissions(&open, Permissions::from_mode(0o777)).unwrap();
    std::os::unix::fs::symlink(dead(5), fresh(6)).unwrap();
    std::fs::create_dir(fresh(7)).unwrap();
    let other = parent.path().join("onepool-mine");
    std::fs::rename(dead(8), &other).unwrap();

    clear(Duration::from_secs(3600));
    assert!(plain.exists(), "it may be that of a host that is starting");
    clear(Duration::ZERO);
    assert!(!plain.exists() && !fresh(5).exists());
    assert!(with_a_file.join("precious").exists());
    assert!(open.join("host.sock").exists(), "it may be somebody else's");
    assert!(fresh(6).is_symlink() && fresh(7).exists());
    assert!(other.join("host.sock").exists());
    let token = alive.issue_token("p").unwrap();
    enter(&alive, "p", &token).await;
    alive.stop().await;
}
