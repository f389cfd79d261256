//! The process between this one and a server.
//!
//! A server must end when this process does, even by `kill -9`, and no code of this process runs
//! then. So the server is the child of a small shell script, the guard, that reads orders from a
//! pipe whose only writer is this process. When the pipe closes, the guard stops the server and
//! removes its folder. Should the guard be killed, the kernel signals the server (on Linux).

use std::ffi::OsString;
use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::os::unix::process::CommandExt;
use std::path::Path;
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

/// Dropping it stops the server and removes its folder.
#[derive(Debug)]
pub(crate) struct Guard {
    kind: Kind,
    pid: u32,
    orders: Mutex<ChildStdin>,
    server: watch::Receiver<Told>,
}

impl Guard {
    /// Starts a guard for the server that `command` runs. The server itself waits for
    /// [`start`](Self::start).
    pub(crate) fn spawn(
        kind: Kind,
        folder: &Path,
        last_signal: &str,
        command: &[OsString],
    ) -> Result<Self, Error> {
        let script = folder.join("guard.sh");
        fs::write(&script, SCRIPT).map_err(Error::io("write a server's guard"))?;
        let mut child = Command::new("sh")
            .arg(script)
            .arg(folder)
            .arg(last_signal)
            .args(command)
            .current_dir("/")
            .env_clear()
            .envs([("LC_ALL", "C"), ("TZ", "UTC")])
            .env("PATH", programs::path_variable())
            .env("TMPDIR", folder)
            // The terminal's Ctrl-C is for this process; the guard follows when the pipe closes.
            .process_group(0)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .map_err(Error::io("start a server's guard"))?;
        let pid = child.id();
        let orders = child.stdin.take().ok_or(Error::NoGuard { kind })?;
        let (sender, server) = watch::channel(Told::default());
        thread::spawn(move || follow(child, &sender));
        Ok(Self {
            kind,
            pid,
            orders: Mutex::new(orders),
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
        let mut orders = self
            .orders
            .lock()
            .map_err(|_| Error::NoGuard { kind: self.kind })?;
        writeln!(orders, "{order}").map_err(Error::io("give an order to a server's guard"))
    }
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
