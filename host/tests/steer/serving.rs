//! A running `onepool serve`, and the commands that ask it.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Output, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use parking_lot::Mutex;
use serde_json::Value;
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};

use crate::plugin::{self, Remote, Stage};

/// Longer than anything here takes, so that a test that hangs ends.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

/// A configuration in its parts, as a test changes them.
#[derive(Clone, Debug)]
pub(crate) struct Config {
    pub(crate) url: String,
    pub(crate) max_connections: u32,
    /// The names of the plugins, and what else their tables say.
    pub(crate) plugins: Vec<(String, String)>,
    /// Further tables.
    pub(crate) more: String,
    /// Variables of the host's environment.
    pub(crate) variables: Vec<(&'static str, String)>,
}

impl Config {
    pub(crate) fn new(url: &str, max_connections: u32, plugins: &[&str]) -> Self {
        let plugins = plugins
            .iter()
            .map(|name| ((*name).to_owned(), String::new()));
        Self {
            url: url.to_owned(),
            max_connections,
            plugins: plugins.collect(),
            more: String::new(),
            variables: Vec::new(),
        }
    }

    fn text(&self, folder: &TempDir) -> String {
        let Self {
            url,
            max_connections,
            plugins,
            more,
            variables: _,
        } = self;
        let mut text = format!(
            "[database]\nurl = '{url}'\n[host]\nendpoint = '{}'\n[pool]\nmax_connections = \
             {max_connections}\n{more}\n",
            folder.path().join("own").join("host.sock").display()
        );
        let program = std::env::current_exe().unwrap();
        let (variable, stage) = plugin::environment(&folder.path().join("stage"));
        for (name, keys) in plugins {
            write!(
                text,
                "[plugins.{name}]\nprogram = '{}'\narguments = {:?}\nenvironment = {{ {variable} = \
                 '{stage}' }}\n{keys}\n",
                program.display(),
                plugin::ARGUMENTS,
            )
            .unwrap();
        }
        text
    }
}

/// A running `onepool serve`. It is killed when dropped.
pub(crate) struct Serving {
    pub(crate) host: Child,
    folder: TempDir,
    pub(crate) stage: Stage,
    log: Arc<Mutex<String>>,
    variables: Vec<(&'static str, String)>,
}

impl Serving {
    /// Starts it, and waits until it is ready.
    pub(crate) async fn start(config: &Config) -> Self {
        let folder = tempfile::Builder::new()
            .prefix("onepool-")
            .tempdir()
            .unwrap();
        let stage = Stage::new(&folder.path().join("stage"));
        fs::write(folder.path().join("onepool.toml"), config.text(&folder)).unwrap();
        let mut host = serve(&folder, &config.variables);
        let log = Arc::new(Mutex::new(String::new()));
        gather(&mut host, &log);
        let serving = Self {
            host,
            folder,
            stage,
            log,
            variables: config.variables.clone(),
        };
        serving.log_says("the host is up").await;
        serving
    }

    /// The plugins of these names, in this order, once they are up.
    pub(crate) async fn plugins<const COUNT: usize>(
        &self,
        names: [&str; COUNT],
    ) -> [Remote; COUNT] {
        let mut up = Vec::new();
        for _ in names {
            up.push(self.stage.enter().await);
        }
        names.map(|name| {
            let at = up.iter().position(|remote| remote.name == name);
            up.swap_remove(at.expect("another plugin came up"))
        })
    }

    /// Writes another configuration.
    pub(crate) fn write(&self, config: &Config) {
        fs::write(self.file(), config.text(&self.folder)).unwrap();
    }

    /// Where its configuration is.
    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    pub(crate) fn file(&self) -> PathBuf {
        self.folder.path().join("onepool.toml")
    }

    pub(crate) fn endpoint(&self) -> PathBuf {
        self.folder.path().join("own").join("host.sock")
    }

    /// Runs a command.
    pub(crate) async fn ask(&self, words: &[&str]) -> Output {
        let mut command = onepool();
        command.args(words).current_dir(self.folder.path());
        let output = tokio::time::timeout(PATIENCE, command.output()).await;
        output.expect("the command hangs").unwrap()
    }

    /// What a command prints that must go well.
    pub(crate) async fn said(&self, words: &[&str]) -> String {
        let output = self.ask(words).await;
        let error = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{words:?}: {error}");
        String::from_utf8(output.stdout).unwrap()
    }

    /// The same as JSON.
    pub(crate) async fn json(&self, words: &[&str]) -> Value {
        let said = self.said(&[words, &["--json"]].concat()).await;
        serde_json::from_str(&said).unwrap()
    }

    /// Why a command fails.
    pub(crate) async fn refused(&self, words: &[&str]) -> String {
        let output = self.ask(words).await;
        assert!(!output.status.success(), "{words:?} succeeds");
        String::from_utf8(output.stderr).unwrap()
    }

    pub(crate) fn log(&self) -> String {
        self.log.lock().clone()
    }

    /// Waits until the log has a line that says this.
    pub(crate) async fn log_says(&self, what: &str) -> String {
        let mut found = None;
        eventually(what, async || {
            let log = self.log();
            found = log
                .lines()
                .find(|line| line.contains(what))
                .map(str::to_owned);
            found.is_some()
        })
        .await;
        found.unwrap()
    }

    pub(crate) fn signal(&self, signal: &str) {
        let pid = self.host.id().unwrap().to_string();
        let sent = std::process::Command::new("kill")
            .args([signal, &pid])
            .status();
        assert!(sent.unwrap().success());
    }

    /// Ends it in order, for good.
    pub(crate) async fn stop(mut self) {
        self.end().await;
    }

    /// Ends it in order.
    pub(crate) async fn end(&mut self) {
        self.signal("-TERM");
        let ended = tokio::time::timeout(PATIENCE, self.host.wait()).await;
        let status = ended.expect("the host does not end").unwrap();
        assert!(status.success(), "{}", self.log());
    }

    /// Starts it again, after it has ended.
    pub(crate) async fn start_again(&mut self) {
        self.log.lock().clear();
        self.host = serve(&self.folder, &self.variables);
        gather(&mut self.host, &self.log);
        self.log_says("the host is up").await;
    }
}

fn onepool() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_onepool"));
    command
        .env_remove("RUST_LOG")
        .env_remove("ONEPOOL_DATABASE")
        .env_remove("ONEPOOL_CONFIG")
        .env_remove("OTEL_EXPORTER_OTLP_ENDPOINT")
        .env_remove("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT")
        .kill_on_drop(true)
        .stdin(Stdio::null());
    command
}

fn serve(folder: &TempDir, variables: &[(&str, String)]) -> Child {
    let mut command = onepool();
    command
        .arg("serve")
        .envs(variables.iter().cloned())
        .current_dir(folder.path())
        .stdout(Stdio::null())
        .stderr(Stdio::piped());
    command.spawn().unwrap()
}

/// Gathers the log of a host.
fn gather(host: &mut Child, log: &Arc<Mutex<String>>) {
    let log = Arc::clone(log);
    let mut lines = BufReader::new(host.stderr.take().unwrap()).lines();
    tokio::spawn(async move {
        while let Ok(Some(line)) = lines.next_line().await {
            let mut log = log.lock();
            log.push_str(&line);
            log.push('\n');
        }
    });
}

/// Waits for what happens in its own time.
pub(crate) async fn eventually(what: &str, mut holds: impl AsyncFnMut() -> bool) {
    let deadline = Instant::now() + PATIENCE;
    while !holds().await {
        assert!(Instant::now() < deadline, "in vain waited for: {what}");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}
