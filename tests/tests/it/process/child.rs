//! Plugins in processes of their own: this test binary once more, in a role.
//!
//! The two talk in lines over a socket, so that a test knows how far its plugin has come.

use std::env;
use std::process::Command;

use onepool_host::Plugin;
use onepool_sdk::OnepoolPool;
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::{UnixListener, UnixStream};

use super::place::soon;
#[cfg(target_os = "linux")]
use super::quiet;
use super::{databases, deaths, flood, host_death, killed, shutdown, size};

const ROLE: &str = "TEST_ROLE";
const STAGE: &str = "TEST_STAGE";
const ARGUMENTS: [&str; 3] = ["--exact", "process::child::plays_its_role", "--nocapture"];

/// Where plugins report.
pub(super) struct Stage {
    listener: UnixListener,
    folder: TempDir,
}

impl Stage {
    pub(super) fn new() -> Self {
        let folder = tempfile::Builder::new().prefix("onepool-").tempdir();
        let folder = folder.unwrap();
        let listener = UnixListener::bind(folder.path().join("stage")).unwrap();
        Self { listener, folder }
    }

    /// A plugin that plays this role.
    pub(super) fn plugin(&self, name: &str, role: &str) -> Plugin {
        Plugin::new(name, env::current_exe().unwrap())
            .args(ARGUMENTS)
            .env(ROLE, role)
            .env(STAGE, self.folder.path().join("stage"))
    }

    /// A process of the test's own that plays this role.
    pub(super) fn play<'a>(&self, command: &'a mut Command, role: &str) -> &'a mut Command {
        command
            .args(ARGUMENTS)
            .env(ROLE, role)
            .env(STAGE, self.folder.path().join("stage"))
    }

    /// The plugin that reports next.
    pub(super) async fn enter(&self) -> Line {
        let accepted = soon("the plugin's start", self.listener.accept()).await;
        Line::over(accepted.unwrap().0)
    }
}

/// A plugin that plays this role and reports where this process, itself a child, reports.
pub(super) fn sibling(name: &str, role: &str) -> Plugin {
    Plugin::new(name, env::current_exe().unwrap())
        .args(ARGUMENTS)
        .env(ROLE, role)
}

/// The same, behind a shell: the process that is launched is not the one that plays.
pub(super) fn grandchild(name: &str, role: &str) -> Plugin {
    Plugin::new(name, "sh")
        .args(["-c", "\"$@\" & wait", "sh"])
        .arg(env::current_exe().unwrap())
        .args(ARGUMENTS)
        .env(ROLE, role)
}

/// One end of a talk between a test and its plugin.
pub(super) struct Line(BufReader<UnixStream>);

impl Line {
    fn over(socket: UnixStream) -> Self {
        Self(BufReader::new(socket))
    }

    pub(super) async fn say(&mut self, line: &str) {
        let line = format!("{line}\n");
        self.0.write_all(line.as_bytes()).await.unwrap();
    }

    pub(super) async fn hear(&mut self) -> String {
        let line = soon("the other process", self.try_hear()).await;
        line.expect("the other process goes on")
    }

    /// What the other process says next; `None` if it has ended.
    pub(super) async fn try_hear(&mut self) -> Option<String> {
        let mut line = String::new();
        let read = self.0.read_line(&mut line).await.unwrap_or(0);
        (read > 0).then(|| line.trim_end().to_owned())
    }
}

/// SIGKILL, for a process that this test has started.
pub(super) fn kill(pid: &str) {
    let status = Command::new("kill").args(["-KILL", pid]).status();
    assert!(status.unwrap().success());
}

/// What a plugin process runs. In the suite itself there is no role to play.
#[tokio::test]
async fn plays_its_role() {
    let (Ok(role), Ok(stage)) = (env::var(ROLE), env::var(STAGE)) else {
        return;
    };
    let socket = UnixStream::connect(stage).await.unwrap();
    let mut line = Line::over(socket);
    line.say(&std::process::id().to_string()).await;
    match role.split_once(' ').unwrap_or((&role, "")) {
        ("host", url) => size::host_process(url, &mut line).await,
        ("knocked", url) => flood::host_process(url, &mut line).await,
        ("mortal", url) => host_death::host_process(url, &mut line).await,
        ("orphan", how) => host_death::orphan(how, &mut line).await,
        ("killed", how) => killed::victim(how, &launched().await, &mut line).await,
        ("two", _) => databases::two(&mut line).await,
        ("several", _) => databases::several(&mut line).await,
        ("dies", state) => deaths::victim(state, &mut line).await,
        ("streamer", _) => size::streamer(&launched().await, &mut line).await,
        #[cfg(target_os = "linux")]
        ("caller", _) => quiet::caller(&launched().await, &mut line).await,
        ("writer", _) => shutdown::writer(&launched().await, &mut line).await,
        _ => panic!("no such role: {role}"),
    }
}

/// The pool of a plugin that the host has launched.
pub(super) async fn launched() -> OnepoolPool {
    OnepoolPool::connect("onepool:").await.unwrap()
}
