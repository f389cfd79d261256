//! The user a server runs as.

use std::ffi::OsString;
use std::fs;
use std::os::unix::fs::{MetadataExt, chown};
use std::path::{Path, PathBuf};
use std::process::Command;

use super::error::Error;
use super::programs;

/// The user a server runs as: the one who runs the tests, or an unprivileged one where that is
/// root, for whom the server programs refuse to run.
#[derive(Debug)]
pub(crate) struct Owner {
    uid: u32,
    gid: u32,
    /// Whether this process has to become somebody else first.
    other: bool,
    /// The tool that changes the user and ties a process's life to its parent's. Only Linux has it.
    setpriv: Option<PathBuf>,
}

impl Owner {
    /// Decides who is to own the server of `folder`, and gives the folder to them. `users` are
    /// tried in order.
    pub(crate) fn of(folder: &Path, users: &'static [&'static str]) -> Result<Self, Error> {
        let setpriv = programs::tool("setpriv");
        let metadata = fs::metadata(folder).map_err(Error::io("look at the server's folder"))?;
        let (uid, gid) = (metadata.uid(), metadata.gid());
        if uid != 0 {
            return Ok(Self {
                uid,
                gid,
                other: false,
                setpriv,
            });
        }
        if setpriv.is_none() {
            return Err(Error::Missing { program: "setpriv" });
        }
        let (uid, gid) = users
            .iter()
            .find_map(|user| account(user))
            .ok_or(Error::NoUser { users })?;
        let owner = Self {
            uid,
            gid,
            other: true,
            setpriv,
        };
        owner.give(folder)?;
        Ok(owner)
    }

    /// Makes a file theirs.
    pub(crate) fn give(&self, path: &Path) -> Result<(), Error> {
        chown(path, Some(self.uid), Some(self.gid))
            .map_err(Error::io(format!("give {} to its user", path.display())))
    }

    pub(crate) fn uid(&self) -> u32 {
        self.uid
    }

    /// The command line that runs `command` as this user.
    pub(crate) fn run(&self, command: Vec<OsString>) -> Vec<OsString> {
        self.wrap(Vec::new(), command)
    }

    /// The same, with a `signal` for the case that the process which started it dies.
    pub(crate) fn run_tied(&self, signal: &str, command: Vec<OsString>) -> Vec<OsString> {
        self.wrap(vec!["--pdeathsig".into(), signal.into()], command)
    }

    fn wrap(&self, options: Vec<OsString>, command: Vec<OsString>) -> Vec<OsString> {
        let Some(setpriv) = &self.setpriv else {
            return command;
        };
        let mut line = vec![setpriv.into()];
        line.extend(options);
        if self.other {
            line.extend([
                format!("--reuid={}", self.uid).into(),
                format!("--regid={}", self.gid).into(),
            ]);
            line.push("--clear-groups".into());
        }
        line.push("--".into());
        line.extend(command);
        line
    }
}

/// The ids of a user, where the machine knows them.
fn account(user: &str) -> Option<(u32, u32)> {
    let id = |option| {
        let output = Command::new("id").args([option, user]).output().ok()?;
        String::from_utf8(output.stdout).ok()?.trim().parse().ok()
    };
    Some((id("-u")?, id("-g")?))
}
