//! PostgreSQL servers of which one follows the other: it starts from a base backup, and then has what
//! the other streams to it.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use super::engine::Programs;
use super::error::Error;
use super::owner::Owner;
use super::postgres::PORT;
use super::template;

/// What a server needs besides to be followed; one that follows must not have less.
const SETTINGS: [&str; 2] = ["wal_level=replica", "max_wal_senders=4"];

/// The line that lets in who follows. `all` databases are without this one.
pub(crate) const ACCESS: &str = "local replication postgres trust\n";

/// Which of the two a server is.
#[derive(Debug, Clone)]
pub(crate) enum Part {
    /// It may be followed.
    Primary,
    /// It follows the server of this folder.
    Standby(PathBuf),
}

/// What the command line of either needs besides.
pub(crate) fn options() -> Vec<OsString> {
    let options = SETTINGS.map(|setting| ["-c".into(), setting.into()]);
    options.into_iter().flatten().collect()
}

/// Fills `folder/data` with what the running server of the folder `primary` has.
pub(crate) fn back_up(
    programs: &Programs,
    owner: &Owner,
    primary: &Path,
    folder: &Path,
) -> Result<(), Error> {
    let program = programs.server.with_file_name("pg_basebackup");
    if !program.is_file() {
        let program = "pg_basebackup";
        return Err(Error::Missing { program });
    }
    let mut line: Vec<OsString> = vec![program.into(), "-D".into(), folder.join("data").into()];
    line.extend(["-h".into(), primary.into(), "-U".into(), "postgres".into()]);
    // With the files that make it follow; nothing here is to survive the machine.
    line.extend(["--write-recovery-conf", "--no-sync", "--checkpoint=fast"].map(OsString::from));
    line.extend(["-p".into(), PORT.to_string().into()]);
    template::run(owner.run(line), folder)?;
    Ok(())
}
