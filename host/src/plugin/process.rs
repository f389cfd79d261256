//! Launches plugins as child processes, watches them, and ends them.

use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use onepool_proto::endpoint::{ENDPOINT_VARIABLE, Endpoint, PLUGIN_VARIABLE, TOKEN_VARIABLE};
use onepool_proto::handshake::Token;
use onepool_proto::{Code, Failure};
use tokio::process::{Child, ChildStderr, ChildStdout, Command};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::definition::Plugin;
use super::environment::is_secret;
use super::output;
use super::registry::{LaunchId, Registry};
use super::spawner::Spawner;
use crate::error::HostError;
use crate::roster::Roster;
use crate::transport::Parting;

/// How long the last output of a plugin that has ended is waited for. Whoever inherited its
/// output may keep it open for ever.
const LAST_OUTPUT_TIMEOUT: Duration = Duration::from_secs(1);

/// Keeps the console's Ctrl-C from a child.
#[cfg(windows)]
const CREATE_NEW_PROCESS_GROUP: u32 = 0x200;

/// What all launched plugins are told to do. Clones tell the same ones.
#[derive(Clone, Debug, Default)]
pub(crate) struct Orders {
    /// Come to an end.
    pub(crate) terminate: CancellationToken,
    /// End now.
    pub(crate) kill: CancellationToken,
}

/// Launches plugins that connect to `endpoint`.
#[derive(Debug)]
pub(crate) struct Launcher {
    pub(crate) spawner: Spawner,
    pub(crate) endpoint: Endpoint,
    pub(crate) registry: Registry,
    pub(crate) roster: Roster,
    pub(crate) orders: Orders,
    pub(crate) tracker: TaskTracker,
}

impl Launcher {
    /// Launches a plugin and watches it until it ends.
    pub(crate) async fn launch(&self, plugin: &Plugin) -> Result<(), HostError> {
        let (launch, token) = self.registry.begin_launch(&plugin.name);
        let command = command(plugin, &self.endpoint, &token);
        let child = match self.spawner.spawn(command).await {
            Ok(child) => child,
            Err(source) => {
                self.registry.not_launched(launch);
                return Err(HostError::PluginStart {
                    plugin: plugin.name.clone(),
                    program: plugin.program.clone(),
                    source,
                });
            }
        };
        if let Some(pid) = child.id() {
            tracing::info!(plugin = plugin.name, pid, "plugin launched");
            self.registry.launched(launch, pid);
        }
        let watch = Watch {
            plugin: plugin.name.clone(),
            launch,
            registry: self.registry.clone(),
            roster: self.roster.clone(),
            orders: self.orders.clone(),
        };
        self.tracker.spawn(watch.run(child));
        Ok(())
    }
}

fn command(plugin: &Plugin, endpoint: &Endpoint, token: &Token) -> Command {
    let mut command = Command::new(&plugin.program);
    command.args(&plugin.args);
    for (name, _) in std::env::vars_os() {
        if name.to_str().is_some_and(is_secret) {
            command.env_remove(name);
        }
    }
    command
        .envs(&plugin.env)
        .env(ENDPOINT_VARIABLE, endpoint.to_string())
        .env(TOKEN_VARIABLE, token.secret())
        .env(PLUGIN_VARIABLE, &plugin.name)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    if let Some(folder) = &plugin.current_dir {
        command.current_dir(folder);
    }
    // In a group of its own a plugin does not get the terminal's Ctrl-C: the host ends it in
    // order. And a shell script is signalled together with what it runs.
    #[cfg(unix)]
    command.process_group(0);
    #[cfg(windows)]
    command.creation_flags(CREATE_NEW_PROCESS_GROUP);
    command
}

/// One launched plugin.
struct Watch {
    plugin: String,
    launch: LaunchId,
    registry: Registry,
    roster: Roster,
    orders: Orders,
}

impl Watch {
    async fn run(self, mut child: Child) {
        let logging = self.log(child.stdout.take(), child.stderr.take());
        let waiting = async {
            let status = self.wait(&mut child).await;
            self.exited(status);
        };
        tokio::pin!(logging, waiting);
        tokio::select! {
            () = &mut waiting => {
                let _ = tokio::time::timeout(LAST_OUTPUT_TIMEOUT, logging).await;
            }
            // A plugin may close its output and go on.
            () = &mut logging => waiting.await,
        }
    }

    async fn log(&self, stdout: Option<ChildStdout>, stderr: Option<ChildStderr>) {
        let stdout = async {
            if let Some(pipe) = stdout {
                output::log(&self.plugin, "stdout", pipe).await;
            }
        };
        let stderr = async {
            if let Some(pipe) = stderr {
                output::log(&self.plugin, "stderr", pipe).await;
            }
        };
        tokio::join!(stdout, stderr);
    }

    /// Waits for the process to end, and passes orders on to it. `None` if the operating system
    /// does not say how it ended.
    async fn wait(&self, child: &mut Child) -> Option<ExitStatus> {
        let (mut asked, mut killed) = (false, false);
        loop {
            tokio::select! {
                status = child.wait() => {
                    return status
                        .inspect_err(|error| {
                            tracing::error!(
                                plugin = self.plugin, %error, "the plugin cannot be waited for"
                            );
                        })
                        .ok();
                }
                () = self.orders.kill.cancelled(), if !killed => {
                    killed = true;
                    tracing::warn!(plugin = self.plugin, "the plugin did not end in time; killing it");
                    kill(child);
                }
                () = self.orders.terminate.cancelled(), if !asked => {
                    asked = true;
                    self.terminate(child);
                }
            }
        }
    }

    fn exited(&self, status: Option<ExitStatus>) {
        let asked = self.orders.terminate.is_cancelled();
        match status {
            Some(status) if status.success() || asked => {
                tracing::info!(plugin = self.plugin, %status, "plugin ended");
            }
            Some(status) => tracing::warn!(plugin = self.plugin, %status, "plugin ended"),
            None => {}
        }
        self.registry.exited(self.launch, status);
        // The process's own sessions end by themselves; this is for those it left to others.
        let failure = Failure::new(Code::SESSION_LOST, "the plugin's process has ended");
        self.roster.part_launch(self.launch, &Parting::Now(failure));
    }

    /// Asks the process and those it started to end.
    #[cfg(unix)]
    fn terminate(&self, child: &Child) {
        signal_group(child, rustix::process::Signal::TERM);
    }

    /// There is no signal that asks a process to end: its sessions end, and with them its reason
    /// to run.
    #[cfg(not(unix))]
    fn terminate(&self, _child: &Child) {
        self.roster
            .part_launch(self.launch, &Parting::Drained(crate::roster::stopping()));
    }
}

#[cfg(unix)]
fn kill(child: &mut Child) {
    signal_group(child, rustix::process::Signal::KILL);
}

#[cfg(not(unix))]
fn kill(child: &mut Child) {
    // An error means that it has ended already.
    let _ = child.start_kill();
}

/// Signals the process and all of its group.
#[cfg(unix)]
fn signal_group(child: &Child, signal: rustix::process::Signal) {
    let pid = child.id().and_then(|pid| i32::try_from(pid).ok());
    if let Some(pid) = pid.and_then(rustix::process::Pid::from_raw) {
        // An error means that it has ended already. Its id is not used again before it has been
        // waited for.
        let _ = rustix::process::kill_process_group(pid, signal);
    }
}
