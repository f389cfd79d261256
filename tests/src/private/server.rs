//! A running server.

use std::fs::{self, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::sync::OnceCell;
use tokio::time::{Instant, sleep};

use super::database::Database;
use super::engine::{Engine, Kind, Login};
use super::error::{Error, or_fail};
use super::guard::Guard;
use super::owner::Owner;
use super::replication::{self, Part};
use super::run::{Place, Run};
use super::tls::Tls;
use super::{admin, folder, template};

/// A start takes a tenth of a second; a machine that is busy building may need far more.
const START_TIMEOUT: Duration = Duration::from_secs(60);

/// Between two attempts to connect to a server that is starting.
const START_INTERVAL: Duration = Duration::from_millis(10);

static POSTGRES: OnceCell<Server> = OnceCell::const_new();
static MARIADB: OnceCell<Server> = OnceCell::const_new();

/// The PostgreSQL server of this process, or of the run it is part of, started on first use.
///
/// # Panics
///
/// When there is none to be had, with one line that says why.
pub async fn postgres() -> Server {
    Kind::Postgres.server().await
}

/// The MariaDB server of this process, or of the run it is part of, started on first use.
///
/// # Panics
///
/// When there is none to be had, with one line that says why.
pub async fn mariadb() -> Server {
    Kind::MariaDb.server().await
}

pub(crate) async fn shared(kind: Kind) -> Result<Server, Error> {
    let cell = match kind {
        Kind::Postgres => &POSTGRES,
        Kind::MariaDb => &MARIADB,
    };
    let server = cell.get_or_try_init(async || match Run::current() {
        Some(run) => run.server(kind).await,
        None => Server::start(kind, Manner::default()).await,
    });
    server.await.cloned()
}

/// What a server is besides.
#[derive(Debug, Clone, Default)]
pub(crate) struct Manner {
    pub(crate) tls: Option<Tls>,
    pub(crate) part: Option<Part>,
    /// Of the process whose end is the server's, where that is not this one.
    pub(crate) run: Option<u32>,
}

/// A private database server. It stops when the last clone, and the last [`Database`] on it, is
/// dropped; the shared ones when the run of all tests ends, or this process if it is not part of
/// one.
#[derive(Debug, Clone)]
pub struct Server {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    kind: Kind,
    folder: PathBuf,
    /// `None` where another process has started it.
    guard: Option<Guard>,
    guard_pid: u32,
    /// The process id of the server program.
    pid: AtomicU32,
    /// How many databases were made, to name the next one.
    databases: AtomicU32,
    /// The databases that no test has any more, by name, to be removed before the next one is made.
    retired: Mutex<Vec<String>>,
}

impl Server {
    pub(crate) async fn start(kind: Kind, manner: Manner) -> Result<Self, Error> {
        let prepared = tokio::task::spawn_blocking(move || prepare(kind, &manner)).await;
        let (folder, guard) = prepared.map_err(|_| Error::NoGuard { kind })??;
        let server = Self::new(kind, folder, guard.pid(), 0, Some(guard));
        server.launch().await?;
        Ok(server)
    }

    /// The server that another program of the run has started, if it answers.
    pub(crate) async fn attach(kind: Kind, place: Place) -> Result<Self, Error> {
        let Place { folder, pid, guard } = place;
        let server = Self::new(kind, folder, guard, pid, None);
        admin::execute(kind, &server.admin_url(), &[]).await?;
        Ok(server)
    }

    fn new(kind: Kind, folder: PathBuf, guard_pid: u32, pid: u32, guard: Option<Guard>) -> Self {
        let inner = Inner {
            kind,
            folder,
            guard,
            guard_pid,
            pid: AtomicU32::new(pid),
            databases: AtomicU32::new(0),
            retired: Mutex::default(),
        };
        Self {
            inner: Arc::new(inner),
        }
    }

    /// Starts the server program and waits until it answers.
    pub(crate) async fn launch(&self) -> Result<(), Error> {
        let (kind, guard) = (self.kind(), self.guard()?);
        self.inner
            .pid
            .store(guard.start().await?, Ordering::Relaxed);
        let deadline = Instant::now() + START_TIMEOUT;
        tokio::select! {
            answered = self.answer(deadline) => answered,
            gone = guard.gone() => {
                gone?;
                Err(Error::Start { kind, log: self.log_end() })
            }
        }
    }

    async fn answer(&self, deadline: Instant) -> Result<(), Error> {
        let url = self.admin_url();
        while let Err(error) = admin::execute(self.kind(), &url, &[]).await {
            if Instant::now() > deadline {
                return Err(Error::Closed {
                    kind: self.kind(),
                    source: Box::new(error),
                    log: self.log_end(),
                });
            }
            sleep(START_INTERVAL).await;
        }
        Ok(())
    }

    /// What kind of server it is.
    pub fn kind(&self) -> Kind {
        self.inner.kind
    }

    /// The folder with the server's socket, log and data.
    pub fn folder(&self) -> &Path {
        &self.inner.folder
    }

    /// The process id of the server program.
    pub fn pid(&self) -> u32 {
        self.inner.pid.load(Ordering::Relaxed)
    }

    /// The process id of the shell that stops the server when this process, or the run, is gone.
    pub fn guard_pid(&self) -> u32 {
        self.inner.guard_pid
    }

    /// The superuser's URL, on a database that always exists.
    pub fn admin_url(&self) -> String {
        self.url(self.engine().admin(None))
    }

    /// What the server has logged until now.
    ///
    /// # Panics
    ///
    /// When the log cannot be read.
    pub fn log(&self) -> String {
        or_fail(self.read("log"))
    }

    /// Makes a database, owned by a new role that may hold `cap` connections at a time. On MariaDB,
    /// 0 means any number.
    ///
    /// # Panics
    ///
    /// When the server refuses.
    pub async fn database(&self, cap: u32) -> Database {
        or_fail(self.create(cap).await)
    }

    async fn create(&self, cap: u32) -> Result<Database, Error> {
        self.remove_retired().await;
        let number = self.inner.databases.fetch_add(1, Ordering::Relaxed) + 1;
        // Other processes may be on the same server.
        let name = format!("app_{}_{number}", process::id());
        admin::execute(
            self.kind(),
            &self.admin_url(),
            &self.engine().create(login(&name), cap),
        )
        .await?;
        Ok(Database::new(self.clone(), name))
    }

    /// Makes room. What cannot be removed goes with the server, and is no reason to fail the test
    /// that comes next.
    async fn remove_retired(&self) {
        let retired = self
            .inner
            .retired
            .lock()
            .map(|mut names| std::mem::take(&mut *names))
            .unwrap_or_default();
        for name in retired {
            let _ = admin::execute(
                self.kind(),
                &self.admin_url(),
                &self.engine().remove(login(&name)),
            )
            .await;
        }
    }

    /// Remembers to remove a database.
    pub(crate) fn retire(&self, name: &str) {
        if let Ok(mut retired) = self.inner.retired.lock() {
            retired.push(name.to_owned());
        }
    }

    pub(crate) fn engine(&self) -> &'static dyn Engine {
        self.kind().engine()
    }

    /// The guard, where this process has started the server.
    pub(crate) fn guard(&self) -> Result<&Guard, Error> {
        let kind = self.kind();
        self.inner.guard.as_ref().ok_or(Error::NoGuard { kind })
    }

    pub(crate) fn url(&self, login: Login<'_>) -> String {
        self.engine().url(self.folder(), login)
    }

    /// Reads a file the server writes, as far as it exists.
    pub(crate) fn read(&self, name: &str) -> Result<String, Error> {
        match fs::read(self.folder().join(name)) {
            Ok(bytes) => Ok(String::from_utf8_lossy(&bytes).into_owned()),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(String::new()),
            Err(error) => Err(Error::io(format!(
                "read {name} of the {} server",
                self.kind()
            ))(error)),
        }
    }

    /// The last lines of the log, as one line.
    fn log_end(&self) -> String {
        const LINES: usize = 8;
        let log = self.read("log").unwrap_or_default();
        let lines: Vec<&str> = log.lines().rev().take(LINES).collect();
        lines.into_iter().rev().collect::<Vec<_>>().join(" | ")
    }
}

/// A database and its role share a name. The server is private, so the password is no secret.
pub(crate) fn login(name: &str) -> Login<'_> {
    Login {
        user: name,
        password: "secret",
        database: name,
    }
}

/// Makes the folder, the guard and the data of a server.
fn prepare(kind: Kind, manner: &Manner) -> Result<(PathBuf, Guard), Error> {
    let Manner { tls, part, run } = manner;
    let engine = kind.engine();
    let programs = engine.programs()?;
    let folder = folder::create()?;
    let owner = Owner::of(folder.path(), engine.users())?;
    let mut command = engine.serve(&programs, folder.path());
    if let Some(tls) = tls {
        command.extend(engine.serve_tls(folder.path(), tls.address()));
    }
    if part.is_some() {
        command.extend(replication::options());
    }
    let command = owner.run_tied(engine.last_signal(), command);
    // From here on it is the guard that removes the folder, even should this process be killed.
    let guard = Guard::spawn(kind, folder.path(), engine.last_signal(), &command, *run)?;
    let folder = folder.keep();
    if let Some(Part::Standby(primary)) = part {
        replication::back_up(&programs, &owner, primary, &folder)?;
    } else {
        template::provide(kind, &programs, &owner, &folder)?;
    }
    if let Some(tls) = tls {
        tls.write(&folder, &owner)?;
        admit(&folder.join("data"), engine.tls_access())?;
    }
    if let Some(Part::Primary) = part {
        let access = ("pg_hba.conf", replication::ACCESS);
        admit(&folder.join("data"), Some(access))?;
    }
    Ok((folder, guard))
}

/// Lets in whom these lines of this file are for.
fn admit(data: &Path, access: Option<(&str, &str)>) -> Result<(), Error> {
    let Some((file, lines)) = access else {
        return Ok(());
    };
    let mut options = OpenOptions::new();
    options
        .append(true)
        .open(data.join(file))
        .and_then(|mut file| file.write_all(lines.as_bytes()))
        .map_err(Error::io(format!("write {file}")))
}
