//! One server for all test programs of a run.
//!
//! `cargo test` runs one program after the other, `cargo nextest` one process for each test. The
//! first of them that needs a server starts it and leaves a note of it in the build folder, where
//! the others find it; it stops when the run's own process, Cargo's, is gone. A program that was
//! started by hand is no part of a run, and has servers of its own.

use std::fs::{self, File, OpenOptions};
use std::io::{Read, Seek, Write};
use std::os::unix::process::parent_id;
use std::path::{Path, PathBuf};

use super::engine::Kind;
use super::error::Error;
use super::server::{Manner, Server};
use super::template;

/// What a process that runs test programs is called.
const RUNNERS: [&str; 2] = ["cargo", "cargo-nextest"];

/// How the files end that say where servers are. Each is one run's.
const NOTE: &str = "run";

/// A run of test programs, of which this is one.
#[derive(Debug)]
pub(crate) struct Run {
    /// Of the process that runs the programs.
    pid: u32,
    /// When that process was started, for process ids are used again.
    started: u64,
    /// Where notes are left.
    folder: PathBuf,
}

/// Where a server is that another program of the run has started.
#[derive(Debug)]
pub(crate) struct Place {
    pub(crate) folder: PathBuf,
    pub(crate) pid: u32,
    pub(crate) guard: u32,
}

impl Run {
    /// The run of this process, where it is part of one and can tell. Only Linux says who runs it.
    pub(crate) fn current() -> Option<Self> {
        let pid = parent_id();
        let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
        let (name, started) = name_and_start(&stat)?;
        let folder = template::cache()?;
        RUNNERS.contains(&name).then_some(Self {
            pid,
            started,
            folder,
        })
    }

    fn manner(&self) -> Manner {
        Manner {
            run: Some(self.pid),
            ..Manner::default()
        }
    }

    /// The run's server, started if no program of the run has done so.
    pub(crate) async fn server(self, kind: Kind) -> Result<Server, Error> {
        let (pid, started) = (self.pid, self.started);
        let path = self.folder.join(format!("{kind}-{pid}-{started}.{NOTE}"));
        let opened = tokio::task::spawn_blocking(move || open(&path)).await;
        // Locked until it is dropped: who else looks for the server waits for it to be started.
        let mut note = opened.map_err(|_| Error::NoGuard { kind })??;
        if let Some(place) = Place::read(&mut note)
            && let Ok(server) = Server::attach(kind, place).await
        {
            return Ok(server);
        }
        self.tidy();
        let server = Server::start(kind, self.manner()).await?;
        write(&mut note, &server).map_err(Error::io("leave a note of a server"))?;
        Ok(server)
    }

    /// Removes the notes of runs that are over.
    fn tidy(&self) {
        for file in fs::read_dir(&self.folder).into_iter().flatten().flatten() {
            let name = file.file_name();
            let Some(name) = name.to_str().and_then(|name| name.strip_suffix(NOTE)) else {
                continue;
            };
            let runs = |pid| Path::new("/proc").join(pid).exists();
            if !name.split('-').nth(1).is_some_and(runs) {
                let _ = fs::remove_file(file.path());
            }
        }
    }
}

impl Place {
    /// What a note says, if anything.
    fn read(note: &mut File) -> Option<Self> {
        let mut text = String::new();
        note.read_to_string(&mut text).ok()?;
        let mut words = text.splitn(3, ' ');
        let mut number = || words.next()?.parse().ok();
        Some(Self {
            pid: number()?,
            guard: number()?,
            folder: words.next()?.into(),
        })
    }
}

fn write(note: &mut File, server: &Server) -> std::io::Result<()> {
    let (pid, guard, folder) = (server.pid(), server.guard_pid(), server.folder().display());
    note.set_len(0)?;
    note.rewind()?;
    write!(note, "{pid} {guard} {folder}")
}

/// Opens a note, and waits for others who have it.
fn open(path: &Path) -> Result<File, Error> {
    let parent = path.parent().unwrap_or(path);
    fs::create_dir_all(parent).map_err(Error::io("make the folder for notes of servers"))?;
    let mut options = OpenOptions::new();
    let opened = options
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .open(path);
    let note = opened.map_err(Error::io("open the note of a server"))?;
    note.lock()
        .map_err(Error::io("lock the note of a server"))?;
    Ok(note)
}

/// What the kernel's line about a process says: `12 (name) S ...`, with the start as the 22nd word.
fn name_and_start(stat: &str) -> Option<(&str, u64)> {
    const START: usize = 22;
    let (before, after) = stat.rsplit_once(") ")?;
    let (_, name) = before.split_once('(')?;
    // The third word is the first after the name.
    let started = after.split(' ').nth(START - 3)?;
    Some((name, started.parse().ok()?))
}
