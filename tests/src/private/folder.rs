//! Temporary folders that a server of another user can reach, with room for a socket's path.

use std::env;
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use tempfile::TempDir;

use super::error::Error;

/// The kernel refuses socket paths of about 100 bytes; below the folder, up to 30 more are needed.
const MAX_BASE: usize = 50;

/// Makes the folder for one server: its data, its log, its socket.
pub(crate) fn create() -> Result<TempDir, Error> {
    let base = base();
    tempfile::Builder::new()
        .prefix("onepool-")
        .tempdir_in(&base)
        .map_err(Error::io(format!("make a folder in {}", base.display())))
}

/// The user's choice of temporary folder where a server can work in it, else the system's.
fn base() -> PathBuf {
    let base = env::temp_dir();
    if is_plain(&base) && is_reachable(&base) {
        base
    } else {
        PathBuf::from("/tmp")
    }
}

/// Short, and free of what would need escaping in a URL or a command line.
fn is_plain(path: &Path) -> bool {
    path.is_absolute()
        && path.as_os_str().len() <= MAX_BASE
        && path.to_str().is_some_and(|path| {
            path.chars()
                .all(|c| c.is_ascii_alphanumeric() || "/._-".contains(c))
        })
}

/// Whether other users may walk down to it, as they must when root runs the tests.
fn is_reachable(path: &Path) -> bool {
    const OTHERS_MAY_ENTER: u32 = 0o001;
    let others_may_enter = |folder: &Path| {
        fs::metadata(folder).is_ok_and(|metadata| metadata.mode() & OTHERS_MAY_ENTER != 0)
    };
    path.ancestors().all(others_may_enter)
}
