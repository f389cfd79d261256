//! What other processes have spent, from `/proc`.

use std::collections::HashMap;
use std::fs;
use std::io;

/// CPU time by thread, in nanoseconds, at one moment.
#[derive(Debug, Default)]
pub(crate) struct Spent(HashMap<u32, u64>);

impl Spent {
    /// Of a process and its children, each with all its threads. What has ended is left out.
    pub(crate) fn by(pid: u32) -> Self {
        let mut spent = Self::default();
        spent.add(pid);
        for child in children(pid) {
            spent.add(child);
        }
        spent
    }

    fn add(&mut self, pid: u32) {
        let tasks = fs::read_dir(format!("/proc/{pid}/task"));
        for task in tasks.into_iter().flatten().flatten() {
            let run = fs::read_to_string(task.path().join("schedstat"));
            let nanos = run.ok().and_then(|run| first_number(&run));
            let id = task.file_name().to_str().and_then(|id| id.parse().ok());
            if let (Some(id), Some(nanos)) = (id, nanos) {
                self.0.insert(id, nanos);
            }
        }
    }

    /// How much more it is than `before`, in nanoseconds.
    pub(crate) fn since(&self, before: &Self) -> u64 {
        let one = |(id, nanos): (&u32, &u64)| nanos - before.0.get(id).unwrap_or(&0).min(nanos);
        self.0.iter().map(one).sum()
    }
}

fn children(pid: u32) -> Vec<u32> {
    let list = fs::read_to_string(format!("/proc/{pid}/task/{pid}/children"));
    let list = list.unwrap_or_default();
    list.split_whitespace()
        .filter_map(|pid| pid.parse().ok())
        .collect()
}

fn first_number(text: &str) -> Option<u64> {
    text.split_whitespace().next()?.parse().ok()
}

/// Memory that a process has to itself now, in KiB.
pub(crate) fn private_kib(pid: u32) -> io::Result<u64> {
    status(pid, "RssAnon:")
}

/// The most memory that a process has had, shared libraries included, in KiB.
pub(crate) fn peak_kib(pid: u32) -> io::Result<u64> {
    status(pid, "VmHWM:")
}

fn status(pid: u32, name: &str) -> io::Result<u64> {
    let status = fs::read_to_string(format!("/proc/{pid}/status"))?;
    let line = status.lines().find_map(|line| line.strip_prefix(name));
    line.and_then(first_number)
        .ok_or_else(|| io::Error::other(format!("/proc/{pid}/status has no {name}")))
}
