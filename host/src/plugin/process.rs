//! Launches plugins as child processes, and signals them.

use std::process::Stdio;
use std::sync::Arc;

use onepool_proto::endpoint::{
    ENDPOINT_VARIABLE, Endpoint, ON_HOST_DEATH_VARIABLE, PLUGIN_VARIABLE, TOKEN_VARIABLE,
};
use onepool_proto::handshake::Token;
use tokio::process::{Child, Command};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::definition::Plugin;
use super::diagnosis::{self, StartFailure};
use super::environment;
use super::launch::Launch;
use super::order::Order;
use super::output::{self, LastLines};
use super::registry::Registry;
use super::spawner::Spawner;
use crate::roster::Roster;

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
    pub(crate) order: Order,
    pub(crate) tracker: TaskTracker,
}

/// A launched process. Dropping it ends it.
#[derive(Debug)]
pub(super) struct Process {
    pub(super) launch: Arc<Launch>,
    pub(super) child: Child,
    /// Writes what it says into the log; ends when everybody who inherited its output has closed it.
    pub(super) logging: JoinSet<()>,
    pub(super) last_lines: LastLines,
}

impl Launcher {
    /// Launches a plugin.
    pub(super) async fn launch(&self, plugin: &Plugin) -> Result<Process, StartFailure> {
        let (launch, token) = self.registry.begin_launch(&plugin.name);
        let command = command(plugin, &self.endpoint, &token);
        let mut child = match self.spawner.spawn(command, plugin.on_host_death).await {
            Ok(child) => child,
            Err(error) => {
                self.registry.revoke(launch.id);
                return Err(diagnosis::of_launch(plugin, error));
            }
        };
        if let Some(pid) = child.id() {
            tracing::info!(plugin = plugin.name, pid, "plugin launched");
            // A launch begins once, so its process is not known yet.
            let _ = launch.pid.set(pid);
        }
        let last_lines = LastLines::default();
        let mut logging = JoinSet::new();
        let (name, stdout, stderr) = (&plugin.name, child.stdout.take(), child.stderr.take());
        log(&mut logging, name, "stdout", stdout, &last_lines);
        log(&mut logging, name, "stderr", stderr, &last_lines);
        Ok(Process {
            launch,
            child,
            logging,
            last_lines,
        })
    }
}

fn log(
    logging: &mut JoinSet<()>,
    plugin: &str,
    stream: &'static str,
    pipe: Option<impl tokio::io::AsyncRead + Unpin + Send + 'static>,
    last_lines: &LastLines,
) {
    if let Some(pipe) = pipe {
        let (plugin, last_lines) = (plugin.to_owned(), last_lines.clone());
        logging.spawn(async move { output::log(&plugin, stream, pipe, &last_lines).await });
    }
}

fn command(plugin: &Plugin, endpoint: &Endpoint, token: &Token) -> Command {
    let mut command = Command::new(&plugin.program);
    command.args(&plugin.args);
    for (name, value) in std::env::vars_os() {
        if environment::is_kept_from_plugins(&name, &value) {
            command.env_remove(name);
        }
    }
    command
        .envs(&plugin.env)
        .env(ENDPOINT_VARIABLE, endpoint.to_string())
        .env(TOKEN_VARIABLE, token.secret())
        .env(PLUGIN_VARIABLE, &plugin.name)
        .env(ON_HOST_DEATH_VARIABLE, plugin.on_host_death.word())
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    if let Some(folder) = &plugin.current_dir {
        command.current_dir(folder);
    }
    #[cfg(unix)]
    if let Some((uid, gid)) = plugin.run_as {
        // As root this takes away the other groups, too.
        command.uid(uid).gid(gid);
    }
    // In a group of its own a plugin does not get the terminal's Ctrl-C: the host ends it in
    // order. And a shell script is signalled together with what it runs.
    #[cfg(unix)]
    command.process_group(0);
    #[cfg(windows)]
    command.creation_flags(CREATE_NEW_PROCESS_GROUP);
    command
}

impl Process {
    /// Asks the process and those it started to end.
    #[cfg(unix)]
    pub(super) fn terminate(&self, _roster: &Roster) {
        self.signal_group(rustix::process::Signal::TERM);
    }

    /// There is no signal that asks a process to end: its sessions end, and with them its reason
    /// to run.
    #[cfg(not(unix))]
    pub(super) fn terminate(&self, roster: &Roster) {
        let parting = crate::transport::Parting::Drained(crate::roster::stopping());
        roster.part_launch(self.launch.id, &parting);
    }

    /// Ends the process and those it started.
    #[cfg(unix)]
    pub(super) fn kill(&mut self) {
        self.signal_group(rustix::process::Signal::KILL);
    }

    /// Ends the process.
    #[cfg(not(unix))]
    pub(super) fn kill(&mut self) {
        // An error means that it has ended already.
        let _ = self.child.start_kill();
    }

    #[cfg(unix)]
    fn signal_group(&self, signal: rustix::process::Signal) {
        let pid = self.child.id().and_then(|pid| i32::try_from(pid).ok());
        if let Some(pid) = pid.and_then(rustix::process::Pid::from_raw) {
            // An error means that it has ended already. Its id is not used again before it has
            // been waited for.
            let _ = rustix::process::kill_process_group(pid, signal);
        }
    }
}
