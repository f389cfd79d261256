//! The plugins of these tests are this very program: a launched copy runs [`as_a_plugin`] alone,
//! and does what its environment says.

use std::env;
use std::io::{Read, Write};
use std::os::unix::net::{UnixListener as StdListener, UnixStream as StdStream};
use std::os::unix::process::ExitStatusExt;
use std::path::PathBuf;
use std::time::Duration;

use onepool_proto::Code;
use onepool_proto::endpoint::{ENDPOINT_VARIABLE, PLUGIN_VARIABLE, TOKEN_VARIABLE};
use onepool_proto::handshake::{self, Answer, HEADER_BYTES, Hello, Token, body_length};
use tempfile::TempDir;
use tokio::io::AsyncReadExt;
use tokio::net::{UnixListener, UnixStream};

mod log;
mod supervision;

use super::*;
use crate::{Host, HostBuilder, HostError};

/// What the copy is to do.
const ROLE: &str = "ROLE_IN_TEST";
/// Where it says that it is ready; it stays connected as long as it lives.
const READY: &str = "READY_IN_TEST";

#[test]
fn as_a_plugin() {
    match env::var(ROLE).as_deref() {
        Ok("enter") => {
            let _session = enter(|_| {});
            std::process::exit(42);
        }
        Ok("serve") => {
            let _session = enter(|_| {});
            loop {
                std::thread::park();
            }
        }
        Ok("modern") => {
            enter(|hello| (hello.oldest_version, hello.newest_version) = (1000, 1001));
        }
        Ok("mute") => {
            let _socket = StdStream::connect(env::var_os(ENDPOINT_VARIABLE).unwrap()).unwrap();
            loop {
                std::thread::park();
            }
        }
        Ok("stay") => {
            let mut ready = StdStream::connect(env::var_os(READY).unwrap()).unwrap();
            ready.write_all(b"r").unwrap();
            loop {
                std::thread::park();
            }
        }
        _ => {}
    }
}

fn enter(change: impl FnOnce(&mut Hello)) -> StdStream {
    let mut stream = StdStream::connect(env::var_os(ENDPOINT_VARIABLE).unwrap()).unwrap();
    let token = Token::new(env::var(TOKEN_VARIABLE).unwrap());
    let mut hello = Hello::new(env::var(PLUGIN_VARIABLE).unwrap(), token);
    change(&mut hello);
    stream
        .write_all(&handshake::encode(&hello).unwrap())
        .unwrap();
    let mut header = [0; HEADER_BYTES];
    stream.read_exact(&mut header).unwrap();
    let mut body = vec![0; body_length(header).unwrap()];
    stream.read_exact(&mut body).unwrap();
    let answer: Answer = handshake::decode(&body).unwrap();
    assert!(matches!(answer, Answer::Welcome(_)), "{answer:?}");
    stream
}

/// The copy, run by the shell in the way that `script` says; `"$@"` is its command line.
fn copy_in_shell(role: &str, script: &str) -> Plugin {
    Plugin::new("p", "sh")
        .args(["-c", script, "sh"])
        .arg(env::current_exe().unwrap())
        .args(["--exact", "plugin::tests::as_a_plugin", "--nocapture"])
        .env(ROLE, role)
}

fn builder(folder: &TempDir) -> HostBuilder {
    let database = folder.path().join("test.db");
    Host::builder().database(format!("sqlite://{}?mode=rwc", database.display()))
}

struct Ready {
    listener: UnixListener,
    path: PathBuf,
}

impl Ready {
    fn in_folder(folder: &TempDir) -> Self {
        let path = folder.path().join("ready.sock");
        let listener = StdListener::bind(&path).unwrap();
        listener.set_nonblocking(true).unwrap();
        Self {
            listener: UnixListener::from_std(listener).unwrap(),
            path,
        }
    }

    /// Waits for the copy; what is returned ends when the copy does.
    async fn wait(&self) -> UnixStream {
        let (mut stream, _) = self.listener.accept().await.unwrap();
        assert_eq!(stream.read_u8().await.unwrap(), b'r');
        stream
    }
}

#[tokio::test]
async fn a_launched_plugin_comes_in_and_its_end_is_noticed() {
    let folder = tempfile::tempdir().unwrap();
    for script in ["exec \"$@\"", "\"$@\"; exit $?"] {
        let builder = builder(&folder).plugin(copy_in_shell("enter", script));
        let host = builder.start().await.unwrap();
        let status = host.plugin_ended("p").await.unwrap();
        assert_eq!(status.code(), Some(42), "{script}");
        assert_eq!(host.stats().sessions_opened, 1);
        assert_eq!(host.stats().handshakes_refused, 0);
        assert_eq!(host.plugins()[0].state, PluginState::Exited(Some(status)));
        assert_eq!(host.plugin_ended("unknown").await, None);
        host.stop().await;
    }
}

#[tokio::test]
async fn the_token_of_a_plugin_that_has_ended_admits_nobody() {
    let registry = Registry::default();
    let (launch, token) = registry.begin_launch("p");
    let admission = registry.admit("p", token.clone()).unwrap();
    registry.revoke(launch.id);
    let next = admission.next_token();
    // Not even when an admission that was under way is given up.
    drop(admission);
    assert!(registry.admit("p", token).is_err());
    let failure = registry.admit("p", next).unwrap_err();
    assert_eq!(failure.code, Code::TOKEN_REFUSED);
}

#[tokio::test]
async fn a_program_that_is_not_there_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let socket = folder.path().join("own").join("host.sock");
    let builder = builder(&folder)
        .endpoint(crate::Endpoint::unix(&socket).unwrap())
        .plugin(Plugin::new("p", "/nowhere/program"));
    match builder.start().await {
        Err(HostError::PluginStart {
            plugin,
            program,
            source: StartFailure::NotFound(named),
        }) => {
            assert_eq!((&*plugin, &program), ("p", &named));
            assert_eq!(named, PathBuf::from("/nowhere/program"));
        }
        other => panic!("{other:?}"),
    }
    assert!(!socket.exists());
}

#[tokio::test]
async fn a_stopping_host_asks_its_plugins_to_end() {
    let folder = tempfile::tempdir().unwrap();
    let ready = Ready::in_folder(&folder);
    let script = "trap 'exit 3' TERM; \"$@\" & wait $!";
    let plugin = copy_in_shell("stay", script).env(READY, &ready.path);
    let host = builder(&folder).plugin(plugin).start().await.unwrap();
    let mut copy = ready.wait().await;
    assert_eq!(host.plugins()[0].state, PluginState::Starting);
    host.stop().await;
    let status = host.plugin_ended("p").await.unwrap();
    assert_eq!(status.code(), Some(3));
    // What the plugin started has ended with it.
    assert_eq!(copy.read(&mut [0]).await.unwrap(), 0);
}

#[tokio::test]
async fn a_plugin_that_does_not_end_is_killed() {
    let folder = tempfile::tempdir().unwrap();
    let ready = Ready::in_folder(&folder);
    let script = "trap '' TERM; exec \"$@\"";
    let plugin = copy_in_shell("stay", script).env(READY, &ready.path);
    let builder = builder(&folder).stop_timeout(Duration::from_millis(10));
    let host = builder.plugin(plugin).start().await.unwrap();
    let mut copy = ready.wait().await;
    host.stop().await;
    let status = host.plugin_ended("p").await.unwrap();
    assert_eq!(status.signal(), Some(9));
    assert_eq!(copy.read(&mut [0]).await.unwrap(), 0);
}

#[tokio::test]
async fn a_dropped_host_ends_its_plugins() {
    let folder = tempfile::tempdir().unwrap();
    let ready = Ready::in_folder(&folder);
    let plugin = copy_in_shell("stay", "exec \"$@\"").env(READY, &ready.path);
    let host = builder(&folder).plugin(plugin).start().await.unwrap();
    let mut copy = ready.wait().await;
    drop(host);
    assert_eq!(copy.read(&mut [0]).await.unwrap(), 0);
}
