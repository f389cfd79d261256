//! Initialised data folders, kept from one run to the next.
//!
//! Initialising a server takes a second or more, copying the result a few hundredths.

use std::env;
use std::ffi::OsString;
use std::fs;
use std::hash::{DefaultHasher, Hash, Hasher};
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
    let template = path(kind, programs, owner)?;
    if template.is_dir() && copy(&template, &data).is_ok() {
        return Ok(());
    }
    remove(&data)?;
    run(owner.run(engine.initialise(programs, &data)), folder)?;
    for (name, content) in engine.files() {
        fs::write(data.join(name), content).map_err(Error::io(format!("write {name}")))?;
    }
    // A failure only costs the next run the time this one took.
    let _ = keep(&data, &template);
    Ok(())
}

/// The name tells all that the content depends on: who made it, whose it is, and how it was made.
fn path(kind: Kind, programs: &Programs, owner: &Owner) -> Result<PathBuf, Error> {
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
    let name = format!("{}-{version}-{}-{:x}", kind, owner.uid(), hasher.finish());
    Ok(cache().join("private-servers").join(name))
}

/// The folder Cargo builds into, which it marks with a file of this name.
fn cache() -> PathBuf {
    const MARK: &str = "CACHEDIR.TAG";
    let program = env::current_exe().unwrap_or_default();
    let marked = program
        .ancestors()
        .find(|folder| folder.join(MARK).is_file());
    marked.map_or_else(env::temp_dir, Path::to_path_buf)
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

fn remove(folder: &Path) -> Result<(), Error> {
    if folder.exists() {
        fs::remove_dir_all(folder).map_err(Error::io(format!("remove {}", folder.display())))?;
    }
    Ok(())
}

/// Runs a command to its end and answers what it printed.
fn run(line: Vec<OsString>, temporary: &Path) -> Result<String, Error> {
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
