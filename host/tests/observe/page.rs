//! The page, in a browser.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Child, Command, Stdio};

use serde_json::{Value, json};
use tempfile::TempDir;

use super::serving::{Listen, Serving};

/// Set to a file's name to keep a picture of the page: the one in `docs/` is made like this.
const SCREENSHOT: &str = "ONEPOOL_SCREENSHOT";

/// Waits, in the browser, until what is at `arguments[0]` is true.
const UNTIL: &str = "const done = arguments[1]; const condition = new Function(arguments[0]); \
    const look = () => { if (condition()) { done(true); } else { setTimeout(look, 50); } }; look();";

#[test]
fn the_page_shows_what_the_host_does_and_loads_nothing_from_elsewhere() {
    let serving = Serving::start("busy", Listen::Port);
    let browser = Browser::start();
    browser.open(&serving.url);
    for condition in [
        "return document.getElementById('link').textContent === 'live'",
        "return document.querySelectorAll('#pool i').length === 3",
        "return document.getElementById('pool-legend').textContent.includes('at most 3')",
        "return document.querySelector('#plugins').textContent.includes('exercise')",
        "return document.querySelectorAll('#timeline rect').length > 5",
        "return document.querySelector('#waits').textContent.includes('UPDATE busy')",
        "return document.querySelector('#running').textContent.includes('RECURSIVE')",
        "return document.querySelector('#slowest').textContent.includes('RECURSIVE')",
    ] {
        browser.wait_until(condition);
    }
    let shown = browser.run("return document.body.textContent");
    assert!(!shown.as_str().unwrap().contains("secret"), "{shown}");
    let strangers = "return performance.getEntriesByType('resource').map(entry => entry.name)\
                     .filter(name => !name.startsWith(location.origin))";
    assert_eq!(browser.run(strangers), json!([]));
    let ground = "return getComputedStyle(document.body).backgroundColor";
    browser.prefer("light");
    let light = browser.run(ground);
    if let Ok(file) = std::env::var(SCREENSHOT) {
        browser.wait_until("return document.querySelectorAll('#timeline rect').length > 100");
        browser.keep_picture(&file);
    }
    browser.prefer("dark");
    assert_ne!(browser.run(ground), light);
    assert_eq!(browser.complaints(), json!([]));
    drop(browser);
    serving.stop();
}

/// With one database the page is as it was; with several each has its strip.
#[test]
fn the_page_has_a_strip_for_each_database() {
    let more = "[databases.notes]\nurl = 'sqlite:notes.db?mode=rwc'\nmax_connections = 5\n";
    let serving = Serving::start_with("busy", Listen::Port, more);
    let browser = Browser::start();
    browser.open(&serving.url);
    for condition in [
        "return document.querySelectorAll('#databases .pool').length === 2",
        "return document.querySelectorAll('#databases .pool')[0].children.length === 3",
        "return document.querySelectorAll('#databases .pool')[1].children.length === 5",
        "return document.querySelector('#databases').textContent.includes('notes, SQLite')",
        "return document.querySelector('#databases').textContent.includes('at most 5')",
        "return getComputedStyle(document.getElementById('pool')).display === 'none'",
        "return document.querySelector('#running').textContent.includes('exercise in main')",
        "return document.querySelector('#slowest').textContent.includes('exercise in main')",
        "return document.querySelectorAll('#timeline rect').length > 5",
        "return document.querySelector('#timeline').textContent.includes('exercise in main: ')",
    ] {
        browser.wait_until(condition);
    }
    assert_eq!(browser.complaints(), json!([]));
    drop(browser);
    serving.stop();
}

#[test]
fn the_port_is_for_this_machine_and_only_tells() {
    let serving = Serving::start("exercise", Listen::Port);
    for name in ["127.0.0.1", "localhost:1", "[::1]:2"] {
        let head = serving.head(name, "/");
        assert!(head.starts_with("http/1.1 200 "), "{head}");
        for header in [
            "content-security-policy: default-src 'none'",
            "x-frame-options: deny",
        ] {
            assert!(head.contains(header), "{head}");
        }
    }
    let rebound = serving.head("evil.example", "/metrics");
    assert!(rebound.starts_with("http/1.1 421 "), "{rebound}");
    let missing = serving.head("localhost", "/../onepool.toml");
    assert!(missing.starts_with("http/1.1 404 "), "{missing}");
    let mut stream = TcpStream::connect(serving.url.trim_start_matches("http://")).unwrap();
    let post = "POST /metrics HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
    stream.write_all(post.as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 405 "), "{answer}");
    serving.stop();
}

/// Chromium, driven over WebDriver.
struct Browser {
    driver: Child,
    address: String,
    session: String,
    /// What they leave behind.
    _folder: TempDir,
}

impl Browser {
    fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut driver = Command::new("chromedriver")
            .arg("--port=0")
            .env("TMPDIR", folder.path())
            .stdout(Stdio::piped())
            .spawn()
            .expect("chromedriver is needed: scripts/test installs it, and Chromium");
        let mut said = BufReader::new(driver.stdout.take().unwrap());
        let port = loop {
            let mut line = String::new();
            assert_ne!(
                said.read_line(&mut line).unwrap(),
                0,
                "chromedriver has ended"
            );
            if let Some((_, port)) = line.split_once("successfully on port ") {
                break port.trim().trim_end_matches('.').to_owned();
            }
        };
        std::thread::spawn(move || std::io::copy(&mut said, &mut std::io::sink()));
        let mut browser = Self {
            driver,
            address: format!("127.0.0.1:{port}"),
            session: String::new(),
            _folder: folder,
        };
        // Without its sandbox, since tests may run as root; it sees this page alone.
        let arguments = [
            "--headless=new",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-background-networking",
            "--window-size=1280,1100",
        ];
        let wanted = json!({ "capabilities": { "alwaysMatch": {
            "browserName": "chrome",
            "goog:chromeOptions": { "args": arguments },
            "goog:loggingPrefs": { "browser": "ALL" },
            "timeouts": { "script": 60_000 },
        } } });
        let session = browser.ask("POST", "/session", &wanted);
        browser.session = format!("/session/{}", session["sessionId"].as_str().unwrap());
        browser
    }

    fn open(&self, url: &str) {
        self.command("url", &json!({ "url": url }));
    }

    fn run(&self, script: &str) -> Value {
        self.command("execute/sync", &json!({ "script": script, "args": [] }))
    }

    /// Fails after the time-out for scripts, above.
    fn wait_until(&self, condition: &str) {
        let told = self.command(
            "execute/async",
            &json!({ "script": UNTIL, "args": [condition] }),
        );
        assert_eq!(told, json!(true), "{condition}");
    }

    fn prefer(&self, scheme: &str) {
        let features = json!([{ "name": "prefers-color-scheme", "value": scheme }]);
        let command =
            json!({ "cmd": "Emulation.setEmulatedMedia", "params": { "features": features } });
        self.command("goog/cdp/execute", &command);
    }

    /// What the console says: errors, and what the page's policy forbade.
    fn complaints(&self) -> Value {
        self.command("se/log", &json!({ "type": "browser" }))
    }

    fn keep_picture(&self, file: &str) {
        let command =
            json!({ "cmd": "Page.captureScreenshot", "params": { "captureBeyondViewport": true } });
        let picture = self.command("goog/cdp/execute", &command);
        let mut decode = Command::new("base64")
            .arg("-d")
            .stdin(Stdio::piped())
            .stdout(std::fs::File::create(file).unwrap())
            .spawn()
            .unwrap();
        let mut stdin = decode.stdin.take().unwrap();
        let data = picture["data"].as_str().unwrap();
        stdin.write_all(data.as_bytes()).unwrap();
        drop(stdin);
        assert!(decode.wait().unwrap().success());
    }

    fn command(&self, command: &str, body: &Value) -> Value {
        self.ask("POST", &format!("{}/{command}", self.session), body)
    }

    fn ask(&self, method: &str, path: &str, body: &Value) -> Value {
        let body = if body.is_null() {
            String::new()
        } else {
            body.to_string()
        };
        let mut stream = TcpStream::connect(&self.address).unwrap();
        let request = format!(
            "{method} {path} HTTP/1.1\r\nHost: {}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}",
            self.address,
            body.len()
        );
        stream.write_all(request.as_bytes()).unwrap();
        // It keeps the connection, whatever it is asked.
        let mut stream = BufReader::new(stream);
        let (mut head, mut length) = (String::new(), 0);
        while !head.ends_with("\r\n\r\n") {
            let line = head.len();
            assert_ne!(stream.read_line(&mut head).unwrap(), 0, "{path}: {head}");
            let (name, value) = head[line..].split_once(':').unwrap_or_default();
            if name.eq_ignore_ascii_case("content-length") {
                length = value.trim().parse().unwrap();
            }
        }
        let mut body = vec![0; length];
        stream.read_exact(&mut body).unwrap();
        let mut answer: Value = serde_json::from_slice(&body).unwrap();
        assert!(head.starts_with("HTTP/1.1 200 "), "{path}: {answer}");
        answer["value"].take()
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            self.ask("DELETE", &self.session, &Value::Null);
        }
        let _ = self.driver.kill();
        let _ = self.driver.wait();
    }
}
