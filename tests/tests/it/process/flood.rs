//! Hundreds who knock and are no plugins: they say nothing, half of something, or nonsense, and
//! come again as soon as they are turned away.

use std::fs;
use std::process::{Child, Command, Stdio};
use std::sync::Mutex;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use futures_util::future::join_all;
use onepool_host::Host;
use onepool_proto::Code;
use onepool_proto::handshake::{self, Answer};
use onepool_sdk::{DatabaseKind, Endpoint, OnepoolConnectOptions, OnepoolConnection};
use sqlx::Connection;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::UnixStream;
use tokio::runtime::Builder;
use tokio_util::sync::CancellationToken;

use super::child::{Line, Stage};
use super::place::{Place, eventually, soon};
use super::size::memory_of;

const MIB: u64 = 1024 * 1024;
const KNOCKERS: usize = 400;
/// Longer than the host listens to silence.
const LENGTH: Duration = Duration::from_secs(5);
/// Sockets of those who knock that the host has at once, and as many again for what else it does
/// in the meantime.
const SOCKETS: usize = 2 * 64;
/// How much slower a neighbour's call may be, and what is not slow on any machine.
const SLOWER: u32 = 20;
const NOT_SLOW: Duration = Duration::from_millis(100);

/// A host in a process of its own, that the test can look at.
pub(super) async fn host_process(url: &str, line: &mut Line) {
    let host = Host::builder().database(url).max_connections(2);
    let host = host.start().await.unwrap();
    line.say(&host.endpoint().to_string()).await;
    for name in ["neighbour", "late"] {
        line.say(host.issue_token(name).unwrap().secret()).await;
    }
    line.try_hear().await;
    host.stop().await;
}

/// Knocks again and again, and notes what it is told.
async fn knock(
    endpoint: &Endpoint,
    says: &[u8],
    over: &CancellationToken,
    told: &Mutex<Vec<Code>>,
) {
    while !over.is_cancelled() {
        // The system lets only so many wait at the door.
        let Ok(mut socket) = UnixStream::connect(endpoint.path().unwrap()).await else {
            tokio::time::sleep(Duration::from_millis(20)).await;
            continue;
        };
        let visit = async {
            socket.write_all(says).await.ok()?;
            let mut header = [0; handshake::HEADER_BYTES];
            socket.read_exact(&mut header).await.ok()?;
            let mut body = vec![0; handshake::body_length(header).ok()?];
            socket.read_exact(&mut body).await.ok()?;
            match handshake::decode(&body).ok()? {
                Answer::Refused(failure) => Some(failure.code),
                Answer::Welcome(welcome) => panic!("let in: {welcome:?}"),
            }
        };
        tokio::select! {
            code = visit => told.lock().unwrap().extend(code),
            () = over.cancelled() => (),
        }
    }
}

/// Has many knock, on a thread that has nothing else to do. Answers what they were told.
fn besiege(
    endpoint: Endpoint,
    says: &'static [u8],
    over: CancellationToken,
) -> JoinHandle<Vec<Code>> {
    std::thread::spawn(move || {
        let runtime = Builder::new_current_thread().enable_all().build();
        let told = Mutex::default();
        let knockers = (0..KNOCKERS).map(|_| knock(&endpoint, says, &over, &told));
        runtime.unwrap().block_on(join_all(knockers));
        told.into_inner().unwrap()
    })
}

/// How long a call takes, as the median of those that are made for so long.
async fn call_time(neighbour: &mut OnepoolConnection, length: Duration) -> Duration {
    let (began, mut times) = (Instant::now(), Vec::new());
    while began.elapsed() < length || times.len() < 50 {
        let call = Instant::now();
        let one = sqlx::query_scalar("SELECT 1").fetch_one(&mut *neighbour);
        let one: i64 = soon("the neighbour's call", one).await.unwrap();
        assert_eq!(one, 1);
        times.push(call.elapsed());
    }
    times.sort();
    times[times.len() / 2]
}

fn sockets_of(pid: &str) -> usize {
    fs::read_dir(format!("/proc/{pid}/fd")).unwrap().count()
}

/// The host that is knocked at.
struct Knocked {
    process: Child,
    line: Line,
    pid: String,
    endpoint: Endpoint,
    memory: u64,
    sockets: usize,
    most_memory: u64,
    most_sockets: usize,
}

impl Knocked {
    async fn start(url: &str) -> Self {
        let stage = Stage::new();
        let mut host = Command::new(std::env::current_exe().unwrap());
        let process = stage
            .play(&mut host, &format!("knocked {url}"))
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        let mut line = stage.enter().await;
        let pid = line.hear().await;
        let endpoint = Endpoint::unix(line.hear().await).unwrap();
        Self {
            process,
            line,
            pid,
            endpoint,
            memory: 0,
            sockets: 0,
            most_memory: 0,
            most_sockets: 0,
        }
    }

    /// How the next of its plugins connects.
    async fn plugin(&mut self, name: &str) -> OnepoolConnectOptions {
        OnepoolConnectOptions::endpoint(self.endpoint.clone())
            .plugin(name)
            .token(&self.line.hear().await)
    }

    /// From here on it must not grow.
    fn begin(&mut self) {
        (self.memory, self.sockets) = (memory_of(&self.pid), sockets_of(&self.pid));
    }

    async fn watch(&mut self) {
        let mut often = tokio::time::interval(Duration::from_millis(10));
        loop {
            often.tick().await;
            self.most_memory = self.most_memory.max(memory_of(&self.pid));
            self.most_sockets = self.most_sockets.max(sockets_of(&self.pid));
        }
    }

    async fn finish(mut self) {
        let (most, before) = (self.most_sockets, self.sockets);
        assert!(
            most <= before + SOCKETS,
            "{most} descriptors, and {before} before"
        );
        let grown = self.most_memory.saturating_sub(self.memory);
        assert!(
            grown < 16 * MIB,
            "the host has grown by {} KiB",
            grown / 1024
        );
        drop(self.line);
        let ended = tokio::task::spawn_blocking(move || self.process.wait().unwrap());
        assert!(soon("the host's end", ended).await.unwrap().success());
    }
}

async fn flood(says: &'static [u8], expected: Code) {
    let place = Place::new(DatabaseKind::Sqlite, 2).await;
    let mut host = Knocked::start(&place.url).await;
    let neighbour = host.plugin("neighbour").await;
    let late = host.plugin("late").await;
    let mut neighbour = OnepoolConnection::connect_with(&neighbour).await.unwrap();
    let before = call_time(&mut neighbour, Duration::from_millis(300)).await;
    host.begin();
    let over = CancellationToken::new();
    let knockers = besiege(host.endpoint.clone(), says, over.clone());
    let during = tokio::select! {
        during = call_time(&mut neighbour, LENGTH) => during,
        () = host.watch() => unreachable!("it looks until the flood is over"),
    };
    over.cancel();
    let told = knockers.join().unwrap();
    assert!(
        during <= (before * SLOWER).max(NOT_SLOW),
        "a neighbour's call took {during:?}, and {before:?} before"
    );
    assert!(told.len() >= 64, "{} were told why", told.len());
    assert!(told.iter().all(|code| *code == expected), "{told:?}");
    eventually("those who knocked are gone", async || {
        sockets_of(&host.pid) <= host.sockets
    })
    .await;
    // Who knocks in order comes in.
    let late = soon("the late plugin", OnepoolConnection::connect_with(&late)).await;
    call_time(&mut late.unwrap(), Duration::ZERO).await;
    drop(neighbour);
    host.finish().await;
}

#[tokio::test]
async fn of_silence() {
    flood(b"", Code::HANDSHAKE_TIMEOUT).await;
}

#[tokio::test]
async fn of_half_handshakes() {
    flood(b"onepool\n\x40\x00\x01\x01", Code::HANDSHAKE_TIMEOUT).await;
}

#[tokio::test]
async fn of_nonsense() {
    flood(
        b"GET / HTTP/1.1\r\nHost: onepool\r\n\r\n",
        Code::NOT_ONEPOOL,
    )
    .await;
}
