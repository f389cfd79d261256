//! The referee refereed: what every other test relies on.

use std::env;
use std::fs::{self, Permissions};
use std::io::{BufRead, BufReader};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use onepool_tests::{Database, Kind, OwnServer, sqlite};
use sqlx::{AssertSqlSafe, Connection, MySqlConnection, PgConnection, SqliteConnection};
use tempfile::TempDir;
use tokio::time::{Instant, sleep};

/// A connection of either kind.
enum Direct {
    Postgres(PgConnection),
    MariaDb(MySqlConnection),
}

impl Direct {
    async fn connect(kind: Kind, url: &str) -> sqlx::Result<Self> {
        Ok(match kind {
            Kind::Postgres => Self::Postgres(PgConnection::connect(url).await?),
            Kind::MariaDb => Self::MariaDb(MySqlConnection::connect(url).await?),
        })
    }

    async fn execute(&mut self, sql: &str) -> sqlx::Result<()> {
        let query = sqlx::raw_sql(AssertSqlSafe(sql));
        match self {
            Self::Postgres(connection) => query.execute(connection).await.map(|_| ()),
            Self::MariaDb(connection) => query.execute(connection).await.map(|_| ()),
        }
    }

    async fn close(self) -> sqlx::Result<()> {
        match self {
            Self::Postgres(connection) => connection.close().await,
            Self::MariaDb(connection) => connection.close().await,
        }
    }
}

/// Waits for what another process does in its own time, and fails after a time that no such process
/// needs.
async fn eventually(what: &str, mut holds: impl AsyncFnMut() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(60);
    while !holds().await {
        assert!(Instant::now() < deadline, "in vain waited for: {what}");
        sleep(Duration::from_millis(5)).await;
    }
}

async fn fill(kind: Kind, database: &Database, count: u32) -> Vec<Direct> {
    let mut held = Vec::new();
    for _ in 0..count {
        held.push(Direct::connect(kind, &database.url).await.unwrap());
    }
    held
}

async fn the_cap_is_refereed(kind: Kind) {
    const CAP: u32 = 3;
    let server = kind.server().await;
    let (database, other) = (server.database(CAP).await, server.database(CAP).await);
    let mut held = fill(kind, &database, CAP).await;
    assert_eq!(
        (database.backends().await, database.refusals().await),
        (CAP, 0)
    );

    for refused in 1..=2 {
        assert!(
            Direct::connect(kind, &database.url).await.is_err(),
            "the server let one too many in"
        );
        assert_eq!(database.refusals().await, refused);
    }
    assert_eq!(database.backends().await, CAP);
    let admin = Direct::connect(kind, &database.admin_url).await;
    assert!(admin.is_ok(), "the superuser does not count");
    assert_eq!(
        (other.backends().await, other.refusals().await),
        (0, 0),
        "databases are counted apart"
    );

    held.pop().unwrap().close().await.unwrap();
    eventually("the closed connection to be unlisted", async || {
        database.backends().await == CAP - 1
    })
    .await;
    assert!(Direct::connect(kind, &database.url).await.is_ok());
    assert_eq!(database.refusals().await, 2);
}

#[tokio::test]
async fn the_cap_is_refereed_on_postgres() {
    the_cap_is_refereed(Kind::Postgres).await;
}

#[tokio::test]
async fn the_cap_is_refereed_on_mariadb() {
    the_cap_is_refereed(Kind::MariaDb).await;
}

#[tokio::test]
async fn other_failures_are_no_refusals() {
    for kind in Kind::ALL {
        let database = kind.server().await.database(1).await;
        let wrong = database.url.replace("secret", "wrong");
        assert_ne!(wrong, database.url);
        assert!(
            Direct::connect(kind, &wrong).await.is_err(),
            "{kind} checks the password"
        );
        let mut connection = Direct::connect(kind, &database.url).await.unwrap();
        let lie = format!(
            "SELECT 'FATAL:  too many connections for role \"{}\"' FROM nowhere",
            database.name
        );
        assert!(connection.execute(&lie).await.is_err());
        assert_eq!(database.refusals().await, 0, "{kind}");
    }
}

#[tokio::test]
async fn a_test_owns_its_database() {
    for kind in Kind::ALL {
        let server = kind.server().await;
        let (mine, yours) = (server.database(2).await, server.database(2).await);
        let mut connection = Direct::connect(kind, &mine.url).await.unwrap();
        connection
            .execute("CREATE TABLE item (id INTEGER PRIMARY KEY)")
            .await
            .unwrap();
        let mut connection = Direct::connect(kind, &yours.url).await.unwrap();
        connection
            .execute("CREATE TABLE item (id INTEGER PRIMARY KEY)")
            .await
            .unwrap();
    }
}

#[tokio::test]
async fn a_dropped_database_is_removed() {
    for kind in Kind::ALL {
        let own = OwnServer::start(kind).await;
        let database = own.database(2).await;
        let mut left_open = Direct::connect(kind, &database.url).await.unwrap();
        left_open
            .execute("CREATE TABLE item (id INTEGER PRIMARY KEY)")
            .await
            .unwrap();
        left_open.execute("BEGIN").await.unwrap();
        left_open
            .execute("INSERT INTO item VALUES (1)")
            .await
            .unwrap();
        let url = database.admin_url.clone();
        drop(database);
        let next = own.database(2).await;
        assert!(
            Direct::connect(kind, &url).await.is_err(),
            "{kind} still has it"
        );
        assert!(Direct::connect(kind, &next.url).await.is_ok());
    }
}

#[tokio::test]
async fn a_killed_server_keeps_what_was_committed() {
    for kind in Kind::ALL {
        let own = OwnServer::start(kind).await;
        let database = own.database(2).await;
        let mut connection = Direct::connect(kind, &database.url).await.unwrap();
        connection
            .execute("CREATE TABLE item (id INTEGER PRIMARY KEY)")
            .await
            .unwrap();
        own.stop().await;
        assert!(
            connection.execute("SELECT 1").await.is_err(),
            "{kind} stopped under an open connection"
        );

        own.start_again().await;
        let mut connection = Direct::connect(kind, &database.url).await.unwrap();
        connection
            .execute("INSERT INTO item VALUES (1)")
            .await
            .unwrap();
        let before = own.server().pid();
        own.kill().await;
        assert!(
            Direct::connect(kind, &database.url).await.is_err(),
            "{kind} is dead"
        );

        own.start_again().await;
        assert_ne!(own.server().pid(), before);
        let mut connection = Direct::connect(kind, &database.url).await.unwrap();
        assert!(
            connection
                .execute("CREATE TABLE item (id INTEGER PRIMARY KEY)")
                .await
                .is_err(),
            "{kind} has it"
        );
    }
}

#[tokio::test]
async fn a_dropped_server_is_gone() {
    for kind in Kind::ALL {
        let own = OwnServer::start(kind).await;
        let (pid, folder) = (own.server().pid(), own.server().folder().to_owned());
        assert!(runs(pid) && folder.is_dir());
        drop(own);
        eventually("the server and its folder to go", async || {
            !runs(pid) && !folder.exists()
        })
        .await;
    }
}

#[tokio::test]
async fn servers_do_not_outlive_a_killed_process() {
    PrivateServers::start().end_without_its_servers().await;
}

/// Each program of a run started servers of its own.
#[cfg(target_os = "linux")]
#[tokio::test]
async fn the_programs_of_a_run_share_servers_that_end_with_it() {
    // Named as what runs tests is, it runs two programs, and waits to be killed.
    let (program, folder) = (env!("CARGO_BIN_EXE_private-servers"), open_folder());
    let runner = script(
        &folder,
        "cargo",
        &format!("{program} </dev/null; {program} </dev/null; read -r _"),
    );
    let run = PrivateServers::spawn(&mut Command::new(runner), 2);
    let (first, second) = run.servers.split_at(Kind::ALL.len());
    for (one, other) in first.iter().zip(second) {
        assert_eq!((one.pid, &one.folder), (other.pid, &other.folder));
    }
    run.end_without_its_servers().await;
}

/// A process that was killed while it initialised a server left the folder behind.
#[tokio::test]
async fn an_unfinished_server_does_not_outlive_a_killed_process() {
    let initdb = "mkdir \"$2\" && while [ -d \"$2\" ]; do sleep 0.1; done";
    let programs = pretend_postgres(initdb, "exit 1");
    let temporary = open_folder();
    let mut child = Command::new(env!("CARGO_BIN_EXE_private-servers"))
        .env("ONEPOOL_SERVER_PATH", programs.path())
        .env("TMPDIR", temporary.path())
        .spawn()
        .unwrap();
    let folders = || fs::read_dir(temporary.path()).unwrap().flatten();
    let initialising = || folders().any(|folder| folder.path().join("data").is_dir());
    eventually("the server to be initialised", async || initialising()).await;
    child.kill().unwrap();
    child.wait().unwrap();
    eventually("the folder to go", async || folders().next().is_none()).await;
}

/// The process that asked for the server waited for good when the server ended too early.
#[test]
fn a_server_that_ends_at_once_is_one_line_with_its_log() {
    let programs = pretend_postgres("mkdir \"$2\"", "echo no memory; exit 1");
    let output = Command::new(env!("CARGO_BIN_EXE_private-servers"))
        .env("ONEPOOL_SERVER_PATH", programs.path())
        .output()
        .unwrap();
    assert!(!output.status.success());
    assert_eq!(
        String::from_utf8(output.stderr).unwrap(),
        "the PostgreSQL server ended instead of starting; its log ends with: no memory\n"
    );
}

/// Only Linux can tie the life of a process to its parent's.
#[cfg(target_os = "linux")]
#[tokio::test]
async fn servers_do_not_outlive_a_killed_guard() {
    let mut program = PrivateServers::start();
    for server in &program.servers {
        signal(server.guard, "KILL");
        eventually("the server to go", async || !runs(server.pid)).await;
        fs::remove_dir_all(&server.folder).unwrap();
    }
    program.child.kill().unwrap();
    program.child.wait().unwrap();
}

/// On a machine without the servers, what the developer reads is what to do about it, once a test,
/// and nothing else.
#[test]
fn a_missing_server_is_one_line_that_names_the_script() {
    for test in [
        "harness::the_cap_is_refereed_on_postgres",
        "harness::the_cap_is_refereed_on_mariadb",
    ] {
        let output = Command::new(env::current_exe().unwrap())
            .args(["--exact", test])
            .env("ONEPOOL_SERVER_PATH", "/nowhere")
            .output()
            .unwrap();
        assert!(!output.status.success());
        let output = String::from_utf8([output.stdout, output.stderr].concat()).unwrap();
        let (_, told) = output
            .split_once(&format!("---- {test} stdout ----\n"))
            .unwrap();
        let (told, _) = told.split_once("\n\n").unwrap();
        assert_eq!(told.lines().count(), 1, "{told}");
        assert!(
            told.contains("is not installed: run ./scripts/test"),
            "{told}"
        );
    }
}

#[tokio::test]
async fn a_sqlite_file_goes_with_its_handle() {
    let file = sqlite();
    let mut connection = SqliteConnection::connect(&file.url).await.unwrap();
    sqlx::raw_sql("CREATE TABLE item (id INTEGER PRIMARY KEY)")
        .execute(&mut connection)
        .await
        .unwrap();
    connection.close().await.unwrap();
    let path = file.path.clone();
    assert!(path.is_file());
    drop(file);
    assert!(!path.exists());
}

/// A folder with shell scripts for PostgreSQL's programs. They find the data folder in `$2`.
fn pretend_postgres(initdb: &str, postgres: &str) -> TempDir {
    let folder = open_folder();
    let postgres = format!("[ \"$1\" = --version ] && exec echo 1.0\n{postgres}");
    script(&folder, "initdb", initdb);
    script(&folder, "postgres", &postgres);
    folder
}

/// A program that the shell runs.
fn script(folder: &TempDir, name: &str, lines: &str) -> PathBuf {
    let path = folder.path().join(name);
    fs::write(&path, format!("#!/bin/sh\n{lines}\n")).unwrap();
    fs::set_permissions(&path, Permissions::from_mode(0o755)).unwrap();
    path
}

/// A temporary folder that the unprivileged user of a server can enter.
fn open_folder() -> TempDir {
    let folder = TempDir::new().unwrap();
    fs::set_permissions(folder.path(), Permissions::from_mode(0o755)).unwrap();
    folder
}

/// A process that has servers.
struct PrivateServers {
    child: Child,
    servers: Vec<Told>,
}

/// What such a process tells of a server.
struct Told {
    pid: u32,
    guard: u32,
    folder: PathBuf,
}

impl PrivateServers {
    fn start() -> Self {
        Self::spawn(&mut Command::new(env!("CARGO_BIN_EXE_private-servers")), 1)
    }

    /// A process in which as many programs tell of their servers.
    fn spawn(command: &mut Command, programs: usize) -> Self {
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let output = BufReader::new(child.stdout.take().unwrap());
        let servers: Vec<Told> = output
            .lines()
            .take(programs * Kind::ALL.len())
            .map(|line| told(&line.unwrap()))
            .collect();
        assert_eq!(servers.len(), programs * Kind::ALL.len());
        for server in &servers {
            assert!(runs(server.pid) && runs(server.guard) && server.folder.is_dir());
        }
        Self { child, servers }
    }

    /// Kills the process, and waits for its servers to follow it.
    async fn end_without_its_servers(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
        for server in &self.servers {
            eventually("the server, its guard and its folder to go", async || {
                !runs(server.pid) && !runs(server.guard) && !server.folder.exists()
            })
            .await;
        }
    }
}

/// Reads `PostgreSQL 12 11 postgres://...?host=/tmp/folder`, or MariaDB's
/// `socket=/tmp/folder/socket`.
fn told(line: &str) -> Told {
    let words: Vec<&str> = line.split(' ').collect();
    let (_, path) = words[3].split_once("?").unwrap().1.split_once('=').unwrap();
    let path = Path::new(path);
    let folder = if path.is_dir() {
        path
    } else {
        path.parent().unwrap()
    };
    Told {
        pid: words[1].parse().unwrap(),
        guard: words[2].parse().unwrap(),
        folder: folder.to_owned(),
    }
}

/// Whether a process runs. One that has ended, but whose parent has not asked how, does not.
fn runs(pid: u32) -> bool {
    let is_zombie = fs::read_to_string(format!("/proc/{pid}/stat")).is_ok_and(|stat| {
        stat.rsplit_once(") ")
            .is_some_and(|(_, state)| state.starts_with('Z'))
    });
    signal(pid, "0") && !is_zombie
}

/// Sends a signal, and answers whether there was a process to send it to.
fn signal(pid: u32, name: &str) -> bool {
    let status = Command::new("sh")
        .args([
            "-c",
            "kill -s \"$1\" \"$2\" 2>/dev/null",
            "kill",
            name,
            &pid.to_string(),
        ])
        .status();
    status.unwrap().success()
}
