//! That only the thread wakes up which waits for an answer.

use std::fs;
use std::path::PathBuf;

use bytes::Bytes;
use onepool_sdk::{DatabaseKind, OnepoolPool};

use super::child::{Line, Stage};
use super::place::Place;

/// The SDK's own thread, as the kernel names it.
const THREAD: &str = "onepool-session";
const CALLS: u32 = 1000;

/// Calls the host many times, and says how often the SDK's own thread went to sleep meanwhile.
pub(super) async fn caller(pool: &OnepoolPool, line: &mut Line) {
    let connection = pool.acquire().await.unwrap();
    let before = sleeps();
    for _ in 0..CALLS {
        connection.echo(Bytes::from_static(b"?")).await.unwrap();
    }
    line.say(&(sleeps() - before).to_string()).await;
}

/// How often the thread has gone to sleep.
fn sleeps() -> u64 {
    let tasks = fs::read_dir("/proc/self/task").unwrap();
    let mut folders = tasks.map(|task| task.unwrap().path());
    // Another thread may end while it is looked at.
    let named = |of: &PathBuf| fs::read_to_string(of.join("comm")).unwrap_or_default();
    let thread = folders.find(|of| named(of).trim() == THREAD);
    let status = fs::read_to_string(thread.unwrap().join("status")).unwrap();
    let mut lines = status.lines();
    let switches = lines.find_map(|line| line.strip_prefix("voluntary_ctxt_switches:"));
    switches.unwrap().trim().parse().unwrap()
}

#[tokio::test]
async fn answers_wake_nobody_else() {
    let place = Place::new(DatabaseKind::Sqlite, 1).await;
    let stage = Stage::new();
    let host = place.host().plugin(stage.plugin("caller", "caller"));
    let host = host.start().await.unwrap();
    let mut caller = stage.enter().await;
    let _pid = caller.hear().await;
    let sleeps: u32 = caller.hear().await.parse().unwrap();
    assert!(sleeps < CALLS / 10, "{sleeps} for {CALLS} answers");
    host.stop().await;
}
