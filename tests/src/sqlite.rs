//! SQLite databases: files in temporary folders.

use std::path::PathBuf;

use tempfile::TempDir;

/// A SQLite database of a test's own. The file, and all SQLite puts beside it, is removed on drop.
#[derive(Debug)]
#[must_use = "dropping it removes the database"]
pub struct SqliteFile {
    /// The URL for sqlx. The file is created when it is first opened.
    pub url: String,
    /// Where the file is.
    pub path: PathBuf,
    /// The folder that holds the file and its journal.
    _folder: TempDir,
}

/// A new, empty SQLite database.
///
/// # Panics
///
/// When no temporary folder can be made.
pub fn sqlite() -> SqliteFile {
    let folder = tempfile::Builder::new()
        .prefix("onepool-")
        .tempdir()
        .unwrap_or_else(|error| panic!("no temporary folder for a SQLite file: {error}"));
    let path = folder.path().join("test.db");
    SqliteFile {
        url: format!("sqlite://{}?mode=rwc", path.display()),
        path,
        _folder: folder,
    }
}
