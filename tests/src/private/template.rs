//! Initialised data folders, kept from one run to the next.
//!
//! Initialising a server takes a second or more, copying the result a few hundredths.

use std::env;
use std::ffi::OsString;
use std::fs;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use super::engine::{Kind, Programs};
use super::error::Error;
use super::owner::Owner;
use super::programs;

/// Fills `folder/data` with the data of a new server.
pub(crate) fn provide(
    kind: Kind,
    programs: &Programs,
    owner: &Owner,
    folder: &Path,
) -> Result<(), Error> {
    let (engine, data) = (kind.engine(), folder.join("data"));
    let template = match cache() {
        Some(cache) => Some(cache.join(name(kind, programs, owner)?)),
        None => None,
    };
    if let Some(template) = template.as_deref().filter(|template| template.is_dir()) {
        // One that was copied with the build folder, or restored by a CI, may be another user's.
        let theirs = fs::metadata(template).is_ok_and(|found| found.uid() == owner.uid());
        if theirs && copy(template, &data).is_ok() {
            return Ok(());
        }
        remove(&data)?;
        if !theirs {
            remove(template)?;
        }
    }
    run(owner.run(engine.initialise(programs, &data)), folder)?;
    for (name, content) in engine.files() {
        fs::write(data.join(name), content).map_err(Error::io(format!("write {name}")))?;
    }
    // A failure only costs the next run the time this one took.
    let _ = template.map(|template| keep(&data, &template));
    Ok(())
}

/// The name tells all that the content depends on: who made it, whose it is, and how it was made.
fn name(kind: Kind, programs: &Programs, owner: &Owner) -> Result<String, Error> {
    let version = run(
        vec![programs.server.clone().into(), "--version".into()],
        Path::new("/"),
    )?;
    let is_version = |word: &&str| word.starts_with(|c: char| c.is_ascii_digit());
    let version = version
        .split_whitespace()
        .find(is_version)
        .unwrap_or("unknown");
    let engine = kind.engine();
    let mut hasher = DefaultHasher::new();
    engine
        .initialise(programs, Path::new("data"))
        .hash(&mut hasher);
    engine.files().hash(&mut hasher);
    let (uid, fingerprint) = (owner.uid(), hasher.finish());
    Ok(format!("{kind}-{version}-{uid}-{fingerprint:x}"))
}

/// A place in the folder Cargo builds into, which it marks with a file of this name. A program that
/// was built elsewhere, as documentation tests are, has none; and server programs from a place the
/// user chose are not known well enough by their version.
pub(crate) fn cache() -> Option<PathBuf> {
    const MARK: &str = "CACHEDIR.TAG";
    if programs::are_chosen() {
        return None;
    }
    let program = env::current_exe().ok()?;
    let marked = |folder: &&Path| folder.join(MARK).is_file();
    Some(program.ancestors().find(marked)?.join("private-servers"))
}

/// Keeps a copy of `data` for the next time. Of several who do so at once, the first one's stays.
fn keep(data: &Path, template: &Path) -> Result<(), Error> {
    let parent = template.parent().unwrap_or(template);
    fs::create_dir_all(parent).map_err(Error::io("make the folder for templates"))?;
    let unfinished =
        tempfile::tempdir_in(parent).map_err(Error::io("make a folder for a template"))?;
    let copied = unfinished.path().join("data");
    copy(data, &copied)?;
    fs::rename(&copied, template).map_err(Error::io("name a template"))
}

/// Copies a folder with its owners and modes.
fn copy(from: &Path, to: &Path) -> Result<(), Error> {
    let line = ["cp".into(), "-a".into(), from.into(), to.into()];
    run(line.into(), Path::new("/")).map(|_| ())
}

/// Removes what a copy that failed left behind.
fn remove(folder: &Path) -> Result<(), Error> {
    match fs::remove_dir_all(folder) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            Err(Error::io(format!("remove {}", folder.display()))(error))
        }
        _ => Ok(()),
    }
}

/// Runs a command to its end and answers what it printed.
pub(crate) fn run(line: Vec<OsString>, temporary: &Path) -> Result<String, Error> {
    let mut words = line.iter();
    let program = words.next().cloned().unwrap_or_default();
    let command = program.display().to_string();
    let output = Command::new(&program)
        .args(words)
        .current_dir("/")
        .env_clear()
        .env("LC_ALL", "C")
        .env("PATH", programs::path_variable())
        .env("TMPDIR", temporary)
        .stdin(Stdio::null())
        .output()
        .map_err(Error::io(format!("run {command}")))?;
    if output.status.success() {
        return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
    }
    let output = [output.stdout, output.stderr].concat();
    let output = String::from_utf8_lossy(&output)
        .lines()
        .collect::<Vec<_>>()
        .join(" | ");
    Err(Error::Command { command, output })
}
