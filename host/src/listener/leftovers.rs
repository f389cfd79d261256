//! What hosts leave behind that die without a word.

use std::fs::{self, FileType, Metadata};
use std::os::unix::fs::FileTypeExt;
use std::path::Path;
use std::time::Duration;

use super::folder::{self, Access};
use super::lock::{self, Lock};

/// Removes the sockets and folders of dead hosts of this user among those that
/// [`fresh`](super::folder::PrivateFolder::fresh) made in `parent`.
///
/// Only what is at least as old as `age` is looked at, so that a host that is just starting is left
/// alone; and only what a host puts there is removed, while its lock shows that it is dead.
pub(super) fn clear(parent: &Path, socket_name: &str, age: Duration) {
    let Ok(entries) = fs::read_dir(parent) else {
        return;
    };
    for entry in entries.flatten() {
        let name = entry.file_name();
        let ours = name.to_str().is_some_and(folder::is_fresh_name);
        if ours
            && entry
                .metadata()
                .is_ok_and(|metadata| is_candidate(&metadata, age))
        {
            clear_one(&entry.path(), socket_name);
        }
    }
}

/// Whether this is an old folder of this user that nobody else can put anything into.
fn is_candidate(metadata: &Metadata, age: Duration) -> bool {
    let modified = metadata.modified().ok();
    let old = modified.and_then(|modified| modified.elapsed().ok());
    old.is_some_and(|old| old >= age) && folder::check(metadata, Access::Shared).is_ok()
}

fn clear_one(folder: &Path, socket_name: &str) {
    let socket = folder.join(socket_name);
    let lock_path = lock::path_for(&socket);
    let is = |path: &Path, kind: fn(&FileType) -> bool| {
        fs::symlink_metadata(path).is_ok_and(|metadata| kind(&metadata.file_type()))
    };
    // Without a lock file there was no host yet, or it took all it had away.
    if !is(&lock_path, FileType::is_file) {
        return;
    }
    let Ok(Some(dead)) = Lock::take(&lock_path) else {
        return;
    };
    if is(&socket, FileType::is_socket) {
        let _ = fs::remove_file(&socket);
    }
    drop(dead);
    // If somebody else has put something into it, it stays.
    if fs::remove_dir(folder).is_ok() {
        tracing::info!(folder = %folder.display(), "removed the folder of a host that has died");
    }
}
