//! Where the programs are.

use std::env;
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};

use super::error::Error;

/// A list of folders, like `PATH`, to look for server programs in, instead of all the usual ones.
const SEARCH_VARIABLE: &str = "ONEPOOL_SERVER_PATH";

/// Folders that hold programs for administrators, and are not on everybody's `PATH`.
const ADMIN_FOLDERS: [&str; 4] = ["/usr/local/sbin", "/usr/sbin", "/sbin", "/usr/libexec"];

/// Distributions keep PostgreSQL's programs in one folder for each version, below one of these.
const POSTGRES_FOLDERS: [&str; 2] = ["/usr/lib/postgresql", "/usr/local/opt"];

/// Finds a program of a database server.
pub(crate) fn server_program(name: &'static str) -> Result<PathBuf, Error> {
    let folders = match env::var_os(SEARCH_VARIABLE) {
        Some(list) => env::split_paths(&list).collect(),
        None => {
            let mut folders = usual_folders();
            folders.extend(postgres_folders());
            folders
        }
    };
    first(&folders, name).ok_or(Error::Missing { program: name })
}

/// Whether the user has said where the server programs are.
pub(crate) fn are_chosen() -> bool {
    env::var_os(SEARCH_VARIABLE).is_some()
}

/// Finds a tool of the operating system, which may be missing.
pub(crate) fn tool(name: &str) -> Option<PathBuf> {
    first(&usual_folders(), name)
}

/// The `PATH` for servers, which get no other part of this process's environment.
pub(crate) fn path_variable() -> OsString {
    env::join_paths(usual_folders()).unwrap_or_default()
}

fn usual_folders() -> Vec<PathBuf> {
    let path = env::var_os("PATH").unwrap_or_default();
    env::split_paths(&path)
        .chain(ADMIN_FOLDERS.map(PathBuf::from))
        .collect()
}

/// The newest version's folder first.
fn postgres_folders() -> Vec<PathBuf> {
    let versions = POSTGRES_FOLDERS
        .iter()
        .flat_map(fs::read_dir)
        .flatten()
        .flatten();
    let mut folders: Vec<PathBuf> = versions.map(|version| version.path().join("bin")).collect();
    folders.sort_by_key(|folder| std::cmp::Reverse(version(folder)));
    folders
}

/// `/usr/lib/postgresql/15/bin` is version 15.
fn version(folder: &Path) -> u32 {
    let name = folder
        .parent()
        .and_then(Path::file_name)
        .and_then(|name| name.to_str());
    let digits = name.unwrap_or_default().trim_start_matches("postgresql@");
    digits.parse().unwrap_or(0)
}

/// Follows links, because the programs of one installation are looked for beside each other.
fn first(folders: &[PathBuf], name: &str) -> Option<PathBuf> {
    folders
        .iter()
        .map(|folder| folder.join(name))
        .find(|path| path.is_file())
        .and_then(|path| path.canonicalize().ok())
}
