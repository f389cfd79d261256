//! A lock between hosts that want the same socket.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io;
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

/// How often a lock file may vanish under a host's hands before it gives up.
const ATTEMPTS: usize = 16;

/// Held by a live host; the operating system gives it up for a dead one.
#[derive(Debug)]
pub(super) struct Lock {
    path: PathBuf,
    // Closing the file gives the lock up; nothing reads it.
    _file: File,
}

impl Lock {
    /// Takes the lock, or returns `None` if a live host holds it.
    pub(super) fn take(path: &Path) -> io::Result<Option<Self>> {
        for _ in 0..ATTEMPTS {
            let file = OpenOptions::new()
                .write(true)
                .create(true)
                .truncate(false)
                .mode(0o600)
                .open(path)?;
            match file.try_lock() {
                Ok(()) => {}
                Err(TryLockError::WouldBlock) => return Ok(None),
                Err(TryLockError::Error(error)) => return Err(error),
            }
            // A host that stopped in between removed this file, and another may hold a lock on
            // the one that is there now.
            if is_at(&file, path)? {
                return Ok(Some(Self {
                    path: path.to_owned(),
                    _file: file,
                }));
            }
        }
        Err(io::Error::other("the lock file keeps changing"))
    }
}

impl Drop for Lock {
    fn drop(&mut self) {
        // Before the lock is given up, so that nobody else's file is removed.
        let _ = fs::remove_file(&self.path);
    }
}

/// Where the lock of a socket is.
pub(super) fn path_for(socket: &Path) -> PathBuf {
    let mut path = socket.as_os_str().to_owned();
    path.push(".lock");
    PathBuf::from(path)
}

fn is_at(file: &File, path: &Path) -> io::Result<bool> {
    let open = file.metadata()?;
    match fs::symlink_metadata(path) {
        Ok(there) => Ok((open.dev(), open.ino()) == (there.dev(), there.ino())),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_holds_the_lock_and_leaves_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("lock");
        let lock = Lock::take(&path).unwrap();
        assert!(lock.is_some());
        assert!(Lock::take(&path).unwrap().is_none());
        drop(lock);
        assert!(!path.exists());
        assert!(Lock::take(&path).unwrap().is_some());
    }

    #[test]
    fn the_lock_file_of_a_dead_host_does_not_matter() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("lock");
        fs::write(&path, "").unwrap();
        assert!(Lock::take(&path).unwrap().is_some());
    }
}
