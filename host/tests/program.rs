//! The `onepool` program, as its users run it.
#![cfg(unix)]
#![expect(
    clippy::unwrap_used,
    reason = "what a test needs and does not get fails the test"
)]

use std::fs;
use std::io::{BufRead, BufReader, Read};
use std::os::unix::net::UnixStream;
use std::os::unix::process::ExitStatusExt;
use std::path::PathBuf;
use std::process::{Child, Command, Output, Stdio};
use std::sync::mpsc;
use std::time::Duration;

use tempfile::TempDir;

/// How long anything here may take on a busy machine.
const PATIENCE: Duration = Duration::from_secs(60);

fn onepool() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_onepool"));
    command
        .env_remove("RUST_LOG")
        .env_remove("ONEPOOL_DATABASE")
        .env_remove("ONEPOOL_CONFIG")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    command
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

fn signal(child: &Child, name: &str) {
    let pid = child.id().to_string();
    let sent = Command::new("kill").args([name, &pid]).status().unwrap();
    assert!(sent.success());
}

fn fails(output: &Output, code: i32, says: &str) {
    let error = text(&output.stderr);
    assert_eq!(output.status.code(), Some(code), "{error}");
    assert!(error.contains(says), "{error}");
    assert!(!error.contains("secret"), "{error}");
}

#[test]
fn explain_says_what_a_code_means() {
    let output = onepool().args(["explain", "300"]).output().unwrap();
    assert!(output.status.success());
    assert!(text(&output.stdout).contains("QUEUE_TIMEOUT"));
    let output = onepool().arg("explain").output().unwrap();
    assert!(text(&output.stdout).lines().count() > 30);
    let output = onepool().args(["explain", "1"]).output().unwrap();
    fails(&output, 2, "there is no error code 1");
}

#[test]
fn what_is_asked_wrongly_says_how_to_ask() {
    let output = onepool().arg("serve").output().unwrap();
    fails(&output, 2, "--database");

    let serve = |arguments: &[&str]| {
        onepool()
            .arg("serve")
            .args(arguments)
            .env("ONEPOOL_DATABASE", "sqlite:secret.db")
            .output()
            .unwrap()
    };
    fails(&serve(&["--max-connections=0"]), 2, "max_connections");
    fails(&serve(&["--database=file:x"]), 2, "must begin with sqlite:");
    fails(&serve(&["--database=sqlite::memory:"]), 2, "in-memory");
    fails(&serve(&["--endpoint=relative"]), 2, "must be absolute");
    fails(&serve(&["--plugin=nameless"]), 2, "NAME=PROGRAM");
    fails(
        &serve(&["--plugin=a=b", "--plugin=a=c"]),
        2,
        "two plugins named a",
    );
}

#[test]
fn check_explains_all_errors_and_starts_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("onepool.toml");
    let check = |text: &str| {
        fs::write(&file, text).unwrap();
        onepool()
            .arg("check")
            .arg("--config")
            .arg(&file)
            .output()
            .unwrap()
    };
    let database = folder.path().join("never.db");
    let url = format!("sqlite://{}?mode=rwc", database.display());
    let fine = format!("[database]\nurl = '{url}'\n[plugins.p]\nprogram = 'sh'\n");
    let output = check(&fine);
    assert!(output.status.success(), "{}", text(&output.stderr));
    assert!(text(&output.stdout).contains("is fine: at most 10 connections, plugins: p"));

    let cycle = "[database]\nurl = 'file:secret'\n[pool]\nmax_connection = 1\n\
                 [plugins.a]\nprogram = '/nowhere/a'\nafter = ['b']\n\
                 [plugins.b]\nprogram = 'sh'\nafter = ['a', 'c']\n";
    let output = check(cycle);
    for says in [
        "onepool.toml: database: ",
        "must begin with sqlite:",
        "onepool.toml:4: pool.max_connection: ",
        "onepool.toml:6: plugins.a.program: there is no program at /nowhere/a",
        "a after b after a",
        "onepool.toml:10: plugins.b.after: there is no plugin \"c\"",
    ] {
        fails(&output, 2, says);
    }
    let output = onepool()
        .current_dir(folder.path())
        .arg("check")
        .output()
        .unwrap();
    fails(&output, 2, "onepool.toml:4: ");
    let missing = onepool()
        .args(["check", "--config", "/nowhere.toml"])
        .output()
        .unwrap();
    fails(&missing, 2, "/nowhere.toml: it cannot be read");
    assert!(!database.exists());
}

#[test]
fn schema_is_json_schema() {
    let output = onepool().arg("schema").output().unwrap();
    let schema: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert!(schema["$schema"].is_string());
    let cap = &schema["properties"]["pool"]["properties"]["max_connections"];
    assert_eq!(cap["default"], 10);
}

/// The file is overridden by the environment, and that by the command line.
#[test]
fn serve_reads_the_file_of_its_folder() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(
        folder.path().join("onepool.toml"),
        "[database]\nurl_file = 'url'\n[pool]\nmax_connections = 3\n[host]\nmax_sessions = 0\n\
         [log]\nformat = 'json'\n[plugins.gone]\nprogram = '/nowhere/gone'\n",
    )
    .unwrap();
    fs::write(folder.path().join("url"), "sqlite:test.db?mode=rwc\n").unwrap();
    let mut serving = onepool()
        .current_dir(folder.path())
        .args(["serve", "--max-sessions=9"])
        .env("ONEPOOL_POOL__MAX_CONNECTIONS", "4")
        .env("ONEPOOL_LOG__FILTER", "info")
        .spawn()
        .unwrap();
    let mut line = String::new();
    let mut out = BufReader::new(serving.stdout.take().unwrap());
    out.read_line(&mut line).unwrap();
    assert!(
        line.contains("at most 4 connections, plugins: gone"),
        "{line}"
    );
    signal(&serving, "-TERM");
    assert!(serving.wait().unwrap().success());
    let mut log = String::new();
    serving
        .stderr
        .take()
        .unwrap()
        .read_to_string(&mut log)
        .unwrap();
    let line = log.lines().next().unwrap();
    let line: serde_json::Value = serde_json::from_str(line).unwrap();
    assert_eq!(
        line["level"], "WARN",
        "a program that is not there is no reason not to start"
    );
    assert!(folder.path().join("test.db").exists());
}

#[test]
fn a_host_that_is_not_there_is_said_so() {
    let output = onepool()
        .args(["status", "--endpoint=/nowhere/host.sock"])
        .output()
        .unwrap();
    fails(&output, 1, "no host answers at /nowhere/host.sock.admin");
    let folder = tempfile::tempdir().unwrap();
    let output = onepool()
        .current_dir(folder.path())
        .arg("plugins")
        .output()
        .unwrap();
    fails(&output, 2, "--endpoint");
}

/// Says what systemd would hear, which ends a host that is silent for longer than the interval.
#[cfg(target_os = "linux")]
#[test]
fn a_service_manager_is_told() {
    const INTERVAL: Duration = Duration::from_secs(4);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("notify");
    let manager = std::os::unix::net::UnixDatagram::bind(&path).unwrap();
    manager.set_read_timeout(Some(PATIENCE)).unwrap();
    let mut host = onepool()
        .current_dir(folder.path())
        .args(["serve", "--database=sqlite:test.db?mode=rwc"])
        .env("NOTIFY_SOCKET", &path)
        .env("WATCHDOG_USEC", INTERVAL.as_micros().to_string())
        .spawn()
        .unwrap();
    let hear = || {
        let mut message = [0; 100];
        let length = manager.recv(&mut message).unwrap();
        text(&message[..length]).trim_end().to_owned()
    };
    assert_eq!(hear(), "READY=1");
    manager.set_read_timeout(Some(INTERVAL)).unwrap();
    for _ in 0..3 {
        assert_eq!(hear(), "WATCHDOG=1");
    }
    manager.set_read_timeout(Some(PATIENCE)).unwrap();
    signal(&host, "-TERM");
    while hear() != "STOPPING=1" {}
    assert!(host.wait().unwrap().success());
}

/// The variables of the host that are not a plugin's business.
const OF_THE_HOST: [&str; 2] = ["NOTIFY_SOCKET", "ONEPOOL_DATABASE"];

/// A running `onepool serve`, whose one plugin tells this test about itself.
struct Serving {
    host: Child,
    folder: TempDir,
    /// What the plugin wrote.
    environment: String,
    /// Ends when the plugin has.
    plugin: mpsc::Receiver<()>,
}

impl Serving {
    fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let pipe = folder.path().join("pipe");
        let made = Command::new("mkfifo").arg(&pipe).status().unwrap();
        assert!(made.success());
        let program = folder.path().join("plugin");
        // It keeps the pipe open as long as it lives.
        let script = format!(
            "#!/bin/sh\nexec 3>'{}'\nenv >&3\necho END >&3\nexec sleep 600\n",
            pipe.display()
        );
        write_program(&program, &script);
        let database = folder.path().join("test.db");
        let host = onepool()
            .arg("serve")
            .arg("--max-connections=3")
            .arg(format!("--plugin=sleeper={}", program.display()))
            .arg("--endpoint")
            .arg(folder.path().join("own").join("host.sock"))
            .env(
                "ONEPOOL_DATABASE",
                format!("sqlite://{}?mode=rwc", database.display()),
            )
            .env("PGPASSWORD", "secret")
            .env("NOTIFY_SOCKET", folder.path().join("no-manager"))
            .spawn()
            .unwrap();

        let (said, heard) = mpsc::channel();
        let (ended, plugin) = mpsc::channel();
        std::thread::spawn(move || {
            let mut pipe = BufReader::new(fs::File::open(pipe).unwrap());
            let mut environment = String::new();
            while !environment.ends_with("\nEND\n") {
                assert_ne!(pipe.read_line(&mut environment).unwrap(), 0);
            }
            said.send(environment).unwrap();
            pipe.read_to_end(&mut Vec::new()).unwrap();
            ended.send(()).unwrap();
        });
        let environment = heard.recv_timeout(PATIENCE).unwrap();
        Self {
            host,
            folder,
            environment,
            plugin,
        }
    }

    fn socket(&self) -> PathBuf {
        self.folder.path().join("own").join("host.sock")
    }

    fn is_seen_and_steered(&self) {
        let ask = |words: &[&str]| {
            let (at, words) = (self.socket(), words.iter());
            let own = words.clone().take_while(|word| **word != "--");
            let rest = words.skip_while(|word| **word != "--");
            let mut command = onepool();
            command.args(own).arg("--endpoint").arg(at).args(rest);
            command.output().unwrap()
        };
        let status = text(&ask(&["status"]).stdout);
        assert!(
            status.starts_with("nobody waits: 0 of 3 connections"),
            "{status}"
        );
        let status: serde_json::Value =
            serde_json::from_slice(&ask(&["status", "--json"]).stdout).unwrap();
        assert_eq!(status.get("max_connections"), Some(&3.into()));
        let plugins = text(&ask(&["plugins"]).stdout);
        assert!(
            plugins.contains("sleeper") && plugins.contains("starting"),
            "{plugins}"
        );
        fails(&ask(&["restart", "no-such"]), 1, "no plugin named no-such");

        let print = "echo $ONEPOOL_PLUGIN $ONEPOOL_ENDPOINT; exit 5";
        let attached = ask(&["attach", "debugged", "--", "sh", "-c", print]);
        assert_eq!(
            attached.status.code(),
            Some(5),
            "{}",
            text(&attached.stderr)
        );
        let expected = format!("debugged {}\n", self.socket().display());
        assert_eq!(text(&attached.stdout), expected);
        let gone = ask(&["attach", "debugged", "--", "/nowhere/program"]);
        fails(&gone, 1, "cannot run /nowhere/program");
    }

    fn ready_line(&mut self) -> String {
        let mut line = String::new();
        let out = self.host.stdout.as_mut().unwrap();
        BufReader::new(out).read_line(&mut line).unwrap();
        line
    }

    fn signal(&self, name: &str) {
        signal(&self.host, name);
    }
}

fn write_program(path: &std::path::Path, script: &str) {
    use std::os::unix::fs::PermissionsExt;
    fs::write(path, script).unwrap();
    fs::set_permissions(path, fs::Permissions::from_mode(0o700)).unwrap();
}

#[test]
fn serve_launches_plugins_says_when_it_is_ready_and_stops_in_order() {
    for signal in ["-TERM", "-INT"] {
        let mut serving = Serving::start();
        let line = serving.ready_line();
        let socket = serving.socket();
        for part in [&*socket.to_string_lossy(), "SQLite", "3", "sleeper"] {
            assert!(line.contains(part), "{line}");
        }
        assert!(UnixStream::connect(&socket).is_ok());
        serving.is_seen_and_steered();

        for part in [
            "ONEPOOL_ENDPOINT=",
            "ONEPOOL_TOKEN=",
            "ONEPOOL_PLUGIN=sleeper",
        ] {
            assert!(serving.environment.contains(part), "{part}");
        }
        assert!(!serving.environment.contains("secret"));
        for part in OF_THE_HOST {
            assert!(!serving.environment.contains(part), "{part}");
        }

        serving.signal(signal);
        let status = serving.host.wait().unwrap();
        assert_eq!(status.code(), Some(0));
        serving.plugin.recv_timeout(PATIENCE).unwrap();
        assert!(!socket.exists());
        assert!(!socket.parent().unwrap().exists());
        let mut log = String::new();
        let error = serving.host.stderr.as_mut().unwrap();
        error.read_to_string(&mut log).unwrap();
        assert!(!log.contains("secret"), "{log}");
        assert!(log.contains("sleeper"), "{log}");
    }
}

/// A host that is killed has no time to end its plugins; the operating system does.
#[cfg(target_os = "linux")]
#[test]
fn plugins_do_not_outlive_a_host_that_is_killed() {
    let mut serving = Serving::start();
    serving.ready_line();
    serving.host.kill().unwrap();
    let status = serving.host.wait().unwrap();
    assert_eq!(status.signal(), Some(9));
    serving.plugin.recv_timeout(PATIENCE).unwrap();
}
