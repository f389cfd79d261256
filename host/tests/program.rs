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
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    command
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
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

    fn ready_line(&mut self) -> String {
        let mut line = String::new();
        let out = self.host.stdout.as_mut().unwrap();
        BufReader::new(out).read_line(&mut line).unwrap();
        line
    }

    fn signal(&self, signal: &str) {
        let pid = self.host.id().to_string();
        let sent = Command::new("kill").args([signal, &pid]).status().unwrap();
        assert!(sent.success());
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

        for part in [
            "ONEPOOL_ENDPOINT=",
            "ONEPOOL_TOKEN=",
            "ONEPOOL_PLUGIN=sleeper",
        ] {
            assert!(serving.environment.contains(part), "{part}");
        }
        for part in ["secret", "ONEPOOL_DATABASE"] {
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
