//! PgBouncer.

use std::env;
use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use onepool_tests::Database;
use sqlx::{Connection, PgConnection};
use tempfile::TempDir;
use tokio::process::{Child, Command};
use tokio::time::{Instant, sleep};

use crate::bench::error::Result;
use crate::bench::place::CAP;

/// Where its program is, if not on the `PATH`.
const PROGRAM: &str = "ONEPOOL_BENCH_PGBOUNCER";

/// The first release that knows prepared statements in transaction mode.
const OLDEST: (u32, u32) = (1, 21);

/// What is said to it beside where things are. All else is its default.
pub(crate) const SETTINGS: [&str; 9] = [
    "pool_mode = transaction",
    "default_pool_size = 4",
    "max_db_connections = 4",
    "max_client_conn = 1000",
    "max_prepared_statements = 200",
    "ignore_startup_parameters = extra_float_digits",
    "auth_type = trust",
    "log_connections = 0",
    "log_disconnections = 0",
];

/// It takes a few milliseconds to start; a busy machine may need more.
const START: Duration = Duration::from_secs(20);

/// Where PgBouncer is and which, or why there is none.
pub(crate) fn find() -> Result<(PathBuf, String)> {
    let program = program().ok_or_else(|| {
        format!(
            "there is no pgbouncer on the PATH, and {PROGRAM} names none; see scripts/get-pgbouncer"
        )
    })?;
    let output = std::process::Command::new(&program)
        .arg("--version")
        .output();
    let output = output.map_err(|error| format!("{}: {error}", program.display()))?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let version = text
        .lines()
        .next()
        .unwrap_or_default()
        .trim_start_matches("PgBouncer ");
    let mut numbers = version.split('.').map(|number| number.parse().unwrap_or(0));
    let release = (numbers.next().unwrap_or(0), numbers.next().unwrap_or(0));
    if release < OLDEST {
        let (major, minor) = OLDEST;
        return Err(format!(
            "{} is PgBouncer {version:?}; before {major}.{minor} it has no prepared statements in \
             transaction mode, see scripts/get-pgbouncer",
            program.display()
        )
        .into());
    }
    Ok((program, version.to_owned()))
}

fn program() -> Option<PathBuf> {
    if let Some(path) = env::var_os(PROGRAM) {
        return Some(path.into());
    }
    let path = env::var_os("PATH")?;
    env::split_paths(&path)
        .chain(["/usr/sbin".into()])
        .map(|folder| folder.join("pgbouncer"))
        .find(|program| program.is_file())
}

/// A running PgBouncer. It is killed when this is dropped.
pub(crate) struct PgBouncer {
    child: Child,
    pub(crate) url: String,
    _folder: TempDir,
}

impl PgBouncer {
    /// Starts one in front of `database`, as the user whose the server is.
    pub(crate) async fn start(program: &Path, database: &Database) -> Result<Self> {
        let owner = fs::metadata(database.server().folder().join("data"))?;
        let folder = tempfile::Builder::new().prefix("onepool-").tempdir()?;
        let path = folder.path();
        fs::set_permissions(path, fs::Permissions::from_mode(0o755))?;
        let name = &database.name;
        fs::write(path.join("users"), format!("\"{name}\" \"secret\"\n"))?;
        fs::write(path.join("settings"), settings(path, database, owner.uid()))?;
        chown(path, Some(owner.uid()), Some(owner.gid()))?;
        let child = Command::new(program)
            .arg("--quiet")
            .arg(path.join("settings"))
            .stdin(Stdio::null())
            .kill_on_drop(true)
            .spawn()?;
        let url = format!(
            "postgres://{name}@localhost:6432/{name}?host={}",
            path.display()
        );
        let mut bouncer = Self {
            child,
            url,
            _folder: folder,
        };
        bouncer.answer().await?;
        Ok(bouncer)
    }

    async fn answer(&mut self) -> Result<()> {
        let deadline = Instant::now() + START;
        loop {
            match PgConnection::connect(&self.url).await {
                Ok(connection) => return Ok(connection.close().await?),
                Err(error) if Instant::now() > deadline => return Err(error.into()),
                Err(_) => {}
            }
            if let Some(status) = self.child.try_wait()? {
                return Err(format!("PgBouncer ended instead of starting: {status}").into());
            }
            sleep(Duration::from_millis(5)).await;
        }
    }

    pub(crate) fn pid(&self) -> u32 {
        self.child.id().unwrap_or_default()
    }

    pub(crate) async fn end(mut self) -> Result<()> {
        self.child.kill().await?;
        Ok(())
    }
}

fn settings(folder: &Path, database: &Database, uid: u32) -> String {
    let (name, path) = (&database.name, folder.display());
    let server = database.server().folder().display();
    let mut text = format!(
        "[databases]\n{name} = host={server} port=5432 user={name} password=secret\n\
         [pgbouncer]\nlisten_port = 6432\nunix_socket_dir = {path}\nauth_file = {path}/users\n"
    );
    // It does not run as root, but changes to a user by itself.
    if let Some(user) = user_name(uid).filter(|name| name != "root") {
        text.push_str(&format!("user = {user}\n"));
    }
    for setting in SETTINGS {
        text.push_str(setting);
        text.push('\n');
    }
    text
}

fn user_name(uid: u32) -> Option<String> {
    let list = fs::read_to_string("/etc/passwd").ok()?;
    let of = |line: &str| {
        let mut fields = line.split(':');
        let (name, id) = (fields.next()?, fields.nth(1)?);
        (id.parse() == Ok(uid)).then(|| name.to_owned())
    };
    list.lines().find_map(of)
}

const _: () = assert!(CAP == 4);
