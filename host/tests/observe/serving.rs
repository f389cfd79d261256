//! `onepool serve` with a plugin that has done its exercise.

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::{UnixListener, UnixStream};
use std::process::{Child, Command, Stdio};

use tempfile::TempDir;

pub(super) const ROLE: &str = "TEST_ROLE";
pub(super) const STAGE: &str = "TEST_STAGE";

/// Where metrics and the page are.
#[derive(Clone, Copy)]
pub(super) enum Listen {
    Socket,
    Port,
}

pub(super) struct Serving {
    host: Child,
    folder: TempDir,
    /// `http://127.0.0.1:...`, if there is a port.
    pub(super) url: String,
    plugin: UnixStream,
}

impl Serving {
    /// A host whose plugin plays this role.
    pub(super) fn start(role: &str, listen: Listen) -> Self {
        Self::start_with(role, listen, "")
    }

    /// The same with further tables of its configuration, whose files are beside it.
    pub(super) fn start_with(role: &str, listen: Listen, more: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name).display().to_string();
        let stage = UnixListener::bind(at("stage")).unwrap();
        let place = match listen {
            Listen::Socket => at("web.sock"),
            Listen::Port => "127.0.0.1:0".to_owned(),
        };
        let config = format!(
            "[database]\nurl = 'sqlite://{}?mode=rwc'\n[pool]\nmax_connections = 3\n\
             [host]\nendpoint = '{}'\n\
             [metrics]\nlisten = '{place}'\n[plugins.exercise]\nprogram = '{}'\n\
             arguments = ['--exact', 'plugin::plays_its_role', '--nocapture']\n\
             environment = {{ {ROLE} = '{role}', {STAGE} = '{}' }}\n{more}",
            at("test.db"),
            at("own/host.sock"),
            std::env::current_exe().unwrap().display(),
            at("stage"),
        );
        fs::write(at("onepool.toml"), config).unwrap();
        let mut host = Command::new(env!("CARGO_BIN_EXE_onepool"))
            .current_dir(folder.path())
            .env_remove("RUST_LOG")
            .arg("serve")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut log = BufReader::new(host.stderr.take().unwrap());
        let url = match listen {
            Listen::Socket => String::new(),
            Listen::Port => find_url(&mut log),
        };
        // So that the host can go on saying what it has to say.
        std::thread::spawn(move || std::io::copy(&mut log, &mut std::io::sink()));
        let (plugin, _) = stage.accept().unwrap();
        let mut line = String::new();
        BufReader::new(&plugin).read_line(&mut line).unwrap();
        assert_eq!(line, "done\n");
        Self {
            host,
            folder,
            url,
            plugin,
        }
    }

    /// What is at a path of the socket.
    pub(super) fn get(&self, path: &str) -> String {
        let socket = self.folder.path().join("web.sock");
        let mode = fs::metadata(&socket).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        let (head, body) = ask(UnixStream::connect(socket).unwrap(), "localhost", path);
        assert!(head.starts_with("http/1.1 200 "), "{head}");
        assert!(head.contains("content-type: application/openmetrics-text; version=1.0.0"));
        body
    }

    /// The head of the answer on the port to whoever asks by this name.
    pub(super) fn head(&self, name: &str, path: &str) -> String {
        let address = self.url.trim_start_matches("http://");
        ask(TcpStream::connect(address).unwrap(), name, path).0
    }

    /// Ends the host in order.
    pub(super) fn stop(mut self) {
        let pid = self.host.id().to_string();
        let sent = Command::new("kill").args(["-TERM", &pid]).status();
        assert!(sent.unwrap().success());
        let _ = self.plugin.shutdown(std::net::Shutdown::Both);
        assert!(self.host.wait().unwrap().success());
        assert!(!self.folder.path().join("web.sock").exists());
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        // Nothing is left of a test that has failed.
        let _ = self.host.kill();
        let _ = self.host.wait();
    }
}

/// The head, in small letters, and the body of an answer that ends.
fn ask(mut stream: impl Read + Write, name: &str, path: &str) -> (String, String) {
    let request = format!("GET {path} HTTP/1.1\r\nHost: {name}\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    (head.to_lowercase(), body.to_owned())
}

/// Where the host's log says that it serves.
fn find_url(log: &mut impl BufRead) -> String {
    loop {
        let mut line = String::new();
        assert_ne!(log.read_line(&mut line).unwrap(), 0, "the host has ended");
        if let Some(at) = line.find("http://127.0.0.1:") {
            return line[at..].trim_end().to_owned();
        }
    }
}
