//! The process between this one and a server.
//!
//! A server must end when this process does, even by `kill -9`, and no code of this process runs
//! then. So the server is the child of a small shell script, the guard, that reads orders from a
//! pipe whose only writer is this process. When the pipe closes, the guard stops the server and
//! removes its folder. Should the guard be killed, the kernel signals the server (on Linux).
//!
//! A server that is for all programs of a run gets its one order from another script, which keeps
//! the pipe open until the run's process is gone.

use std::ffi::OsString;
use std::fs;
use std::io::{self, BufRead, BufReader, Write};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::Mutex;
use std::thread;
use std::time::Duration;

use tokio::sync::watch;

use super::error::Error;
use super::{Kind, programs};

const SCRIPT: &str = include_str!("guard.sh");

/// How long a server may take to end; one that was told to stop closes what is open.
const GONE_TIMEOUT: Duration = Duration::from_secs(60);

/// What the guard has said of its server.
#[derive(Debug, Clone, Copy, Default)]
struct Told {
    /// How often it was started. One that ends at once is started all the same.
    starts: u32,
    /// The process id of the last one started.
    pid: u32,
    /// Whether any process of it is left.
    running: bool,
}

/// Gives the order to start when file `$2` is there, and no more until process `$1` is gone.
const RUN_SCRIPT: &str = r#"
    until [ -e "$2" ]; do
        kill -0 "$1" || exit
        sleep 0.01
    done
    echo start
    while kill -0 "$1"; do
        sleep 0.5
    done"#;

/// Dropping it stops the server and removes its folder, unless they are a run's.
#[derive(Debug)]
pub(crate) struct Guard {
    kind: Kind,
    pid: u32,
    orders: Orders,
    server: watch::Receiver<Told>,
}

/// How the guard is told what to do.
#[derive(Debug)]
enum Orders {
    Pipe(Mutex<ChildStdin>),
    /// A run's server is only started, by making this file.
    Start(PathBuf),
}

impl Guard {
    /// Starts a guard for the server that `command` runs. The server itself waits for
    /// [`start`](Self::start). With `run`, it stops at the end of that process instead of this one.
    pub(crate) fn spawn(
        kind: Kind,
        folder: &Path,
        last_signal: &str,
        command: &[OsString],
        run: Option<u32>,
    ) -> Result<Self, Error> {
        let script = folder.join("guard.sh");
        fs::write(&script, SCRIPT).map_err(Error::io("write a server's guard"))?;
        let start = folder.join("start");
        let input = match run {
            Some(run) => keep_open(run, &start).map_err(Error::io("start a run's orders"))?,
            None => Stdio::piped(),
        };
        let mut child = shell(folder)
            .arg(script)
            .arg(folder)
            .arg(last_signal)
            .args(command)
            .stdin(input)
            .spawn()
            .map_err(Error::io("start a server's guard"))?;
        let pid = child.id();
        let orders = match child.stdin.take() {
            Some(orders) => Orders::Pipe(Mutex::new(orders)),
            None => Orders::Start(start),
        };
        let (sender, server) = watch::channel(Told::default());
        thread::spawn(move || follow(child, &sender));
        Ok(Self {
            kind,
            pid,
            orders,
            server,
        })
    }

    pub(crate) fn pid(&self) -> u32 {
        self.pid
    }

    pub(crate) fn is_running(&self) -> bool {
        self.server.borrow().running
    }

    /// Starts the server, and answers its process id.
    pub(crate) async fn start(&self) -> Result<u32, Error> {
        let mut server = self.server.clone();
        let before = server.borrow().starts;
        self.order("start")?;
        let told = server.wait_for(|told| told.starts > before).await;
        told.map(|told| told.pid)
            .map_err(|_| Error::NoGuard { kind: self.kind })
    }

    /// Sends the server a signal that ends it, and waits until all of its processes are gone.
    pub(crate) async fn end(&self, signal: &str) -> Result<(), Error> {
        if self.is_running() {
            self.order(signal)?;
        }
        let late = Error::Late {
            kind: self.kind,
            what: "end",
            log: String::new(),
        };
        tokio::time::timeout(GONE_TIMEOUT, self.gone())
            .await
            .map_err(|_| late)?
    }

    /// Waits until the server has no process, for whatever reason.
    pub(crate) async fn gone(&self) -> Result<(), Error> {
        let mut server = self.server.clone();
        server
            .wait_for(|told| !told.running)
            .await
            .map(|_| ())
            .map_err(|_| Error::NoGuard { kind: self.kind })
    }

    fn order(&self, order: &str) -> Result<(), Error> {
        let ordered = match &self.orders {
            Orders::Pipe(orders) => {
                let mut orders = orders
                    .lock()
                    .map_err(|_| Error::NoGuard { kind: self.kind })?;
                writeln!(orders, "{order}")
            }
            Orders::Start(file) => fs::write(file, ""),
        };
        ordered.map_err(Error::io("give an order to a server's guard"))
    }
}

/// A shell that lives on its own. The terminal's Ctrl-C is for this process; a guard follows when its
/// pipe closes.
fn shell(folder: &Path) -> Command {
    let mut command = Command::new("sh");
    command
        .current_dir("/")
        .env_clear()
        .envs([("LC_ALL", "C"), ("TZ", "UTC")])
        .env("PATH", programs::path_variable())
        .env("TMPDIR", folder)
        .process_group(0)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null());
    command
}

/// The orders of a run's server.
fn keep_open(run: u32, start: &Path) -> io::Result<Stdio> {
    let mut command = shell(Path::new("/"));
    command.args(["-c", RUN_SCRIPT, "run"]);
    command.arg(run.to_string()).arg(start);
    let mut orders = command.spawn()?;
    Ok(orders.stdout.take().map_or_else(Stdio::null, Stdio::from))
}

/// Passes on what the guard says until it ends. A thread, for the tests that share a server each
/// have a runtime of their own, and none of them lives as long as the server.
fn follow(mut guard: Child, server: &watch::Sender<Told>) {
    if let Some(output) = guard.stdout.take() {
        for line in BufReader::new(output).lines().map_while(Result::ok) {
            server.send_modify(|told| match line.parse() {
                Ok(pid) => {
                    *told = Told {
                        starts: told.starts + 1,
                        pid,
                        running: true,
                    };
                }
                Err(_) => told.running = false,
            });
        }
    }
    // Its status says nothing; this only leaves no zombie behind.
    let _ = guard.wait();
}
