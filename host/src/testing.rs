//! A host for the tests of plugins, in the test's own process.
//!
//! ```no_run
//! # async fn run() {
//! let host = onepool_host::testing::host().await;
//! let dialer = host.dialer("my-plugin");
//! // Give the dialer to the SDK's connect options, and test the plugin's code as it is.
//! # drop(dialer);
//! # }
//! ```

use std::ops::Deref;
use std::path::{Path, PathBuf};

use onepool_proto::memory::MemoryDialer;

use crate::host::Host;

/// A host on a new, empty SQLite database, which is removed when the host is dropped.
///
/// # Panics
/// If the host cannot be started; the test cannot go on without it.
pub async fn host() -> TestHost {
    let folder = Folder::new();
    let url = format!("sqlite://{}?mode=rwc", folder.0.join("test.db").display());
    TestHost {
        host: start(&url).await,
        _folder: Some(folder),
    }
}

/// A host on the database at this URL.
///
/// # Panics
/// If the host cannot be started; the test cannot go on without it.
pub async fn host_on(url: &str) -> TestHost {
    TestHost {
        host: start(url).await,
        _folder: None,
    }
}

/// A host for one test. It is a [`Host`] in everything else.
#[derive(Debug)]
pub struct TestHost {
    // Invariant: the host comes first, so that it begins to stop before its database goes.
    host: Host,
    _folder: Option<Folder>,
}

impl TestHost {
    /// What the SDK connects through, as the plugin of this name.
    #[must_use]
    pub fn dialer(&self, plugin: &str) -> MemoryDialer {
        self.host.client(plugin)
    }
}

impl Deref for TestHost {
    type Target = Host;

    fn deref(&self) -> &Host {
        &self.host
    }
}

async fn start(url: &str) -> Host {
    match Host::builder().database(url).start().await {
        Ok(host) => host,
        Err(error) => panic!("the host for this test did not start: {error}"),
    }
}

/// A temporary folder, removed with all that is in it.
#[derive(Debug)]
struct Folder(PathBuf);

impl Folder {
    fn new() -> Self {
        let name = format!("onepool-test-{:016x}", rand::random::<u64>());
        let path = std::env::temp_dir().join(name);
        match create(&path) {
            Ok(()) => Self(path),
            Err(error) => panic!("cannot create {}: {error}", path.display()),
        }
    }
}

#[cfg(unix)]
fn create(path: &Path) -> std::io::Result<()> {
    use std::os::unix::fs::DirBuilderExt;
    std::fs::DirBuilder::new().mode(0o700).create(path)
}

#[cfg(not(unix))]
fn create(path: &Path) -> std::io::Result<()> {
    std::fs::create_dir(path)
}

impl Drop for Folder {
    fn drop(&mut self) {
        // What is left lies in the folder for temporary files.
        let _ = std::fs::remove_dir_all(&self.0);
    }
}
