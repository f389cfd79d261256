//! What a plugin is, before it runs.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

use onepool_proto::limits::PLUGIN_NAME_BYTES;

use crate::error::HostError;
use crate::pool::Share;

/// A program that the host launches and gives access to its pool.
///
/// The program finds the host through its environment; a plugin that uses `onepool-sdk` needs no
/// configuration of its own.
///
/// ```
/// use onepool_host::Plugin;
///
/// let plugin = Plugin::new("reports", "/usr/lib/app/reports")
///     .args(["--format", "pdf"])
///     .env("LANG", "C.UTF-8");
/// assert_eq!(plugin.name(), "reports");
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plugin {
    pub(super) name: String,
    pub(super) program: PathBuf,
    pub(super) args: Vec<OsString>,
    pub(super) env: BTreeMap<OsString, OsString>,
    pub(super) current_dir: Option<PathBuf>,
    pub(crate) share: Share,
}

impl Plugin {
    /// The plugin of this name: 1 to 64 letters, digits, dots, hyphens and underscores. A program
    /// without a folder is looked for in `PATH`.
    #[must_use]
    pub fn new(name: impl Into<String>, program: impl Into<PathBuf>) -> Self {
        Self {
            name: name.into(),
            program: program.into(),
            args: Vec::new(),
            env: BTreeMap::new(),
            current_dir: None,
            share: Share::default(),
        }
    }

    /// Adds an argument.
    #[must_use]
    pub fn arg(mut self, arg: impl Into<OsString>) -> Self {
        self.args.push(arg.into());
        self
    }

    /// Adds arguments.
    #[must_use]
    pub fn args(mut self, args: impl IntoIterator<Item = impl Into<OsString>>) -> Self {
        self.args.extend(args.into_iter().map(Into::into));
        self
    }

    /// Sets an environment variable. The others are the host's, without those that hold the
    /// database's URL or password, which a plugin has no need of.
    #[must_use]
    pub fn env(mut self, name: impl Into<OsString>, value: impl Into<OsString>) -> Self {
        self.env.insert(name.into(), value.into());
        self
    }

    /// The folder that the program runs in. Default: the host's.
    #[must_use]
    pub fn current_dir(mut self, folder: impl Into<PathBuf>) -> Self {
        self.current_dir = Some(folder.into());
        self
    }

    /// What the plugin may have of the pool beside the others. Default: [`Share::default`].
    #[must_use]
    pub fn share(mut self, share: Share) -> Self {
        self.share = share;
        self
    }

    /// The name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The program.
    #[must_use]
    pub fn program(&self) -> &Path {
        &self.program
    }
}

/// Refuses what is not a plugin's name.
pub(crate) fn check_name(name: &str) -> Result<(), HostError> {
    let fits = (1..=PLUGIN_NAME_BYTES).contains(&name.len());
    let belongs = |byte: u8| byte.is_ascii_alphanumeric() || b"._-".contains(&byte);
    if fits && name.bytes().all(belongs) {
        return Ok(());
    }
    Err(HostError::PluginName(name.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_short_and_plain() {
        let longest = "x".repeat(PLUGIN_NAME_BYTES);
        for name in ["a", "reports-2.nightly_run", &longest] {
            assert!(check_name(name).is_ok(), "{name}");
        }
        let too_long = format!("{longest}x");
        for name in ["", "a b", "a/b", "a\n", "grün", &too_long] {
            assert!(
                matches!(check_name(name), Err(HostError::PluginName(_))),
                "{name}"
            );
        }
    }
}
