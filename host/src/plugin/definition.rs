//! What a plugin is, before it runs.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsString;
use std::fmt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use onepool_proto::endpoint::{EXIT, SURVIVE};
use onepool_proto::limits::PLUGIN_NAME_BYTES;

use super::diagnosis::{self, StartFailure};
use super::restart::{Restart, RestartLimits};
use crate::db::login::Login;
use crate::error::HostError;
use crate::pool::Quota;

/// How long a launched plugin may take to connect when nothing else is said.
const HANDSHAKE_TIMEOUT: Duration = Duration::from_secs(30);

/// How long a plugin gets to end by itself.
///
/// A plugin that waits for it (`onepool_sdk::shutdown_requested`) is first told over its session;
/// then it is sent SIGTERM, and then it is killed. Where there are no signals its sessions end
/// instead of SIGTERM.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StopGraces {
    /// From the message to SIGTERM. A plugin that does not wait for the message is sent SIGTERM at
    /// once. Default: 5 seconds.
    pub message: Duration,
    /// From SIGTERM to SIGKILL. Default: 5 seconds.
    pub signal: Duration,
}

impl Default for StopGraces {
    fn default() -> Self {
        Self {
            message: Duration::from_secs(5),
            signal: Duration::from_secs(5),
        }
    }
}

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
#[derive(Clone, PartialEq, Eq)]
pub struct Plugin {
    pub(super) name: String,
    pub(super) program: PathBuf,
    pub(super) args: Vec<OsString>,
    pub(super) env: BTreeMap<OsString, OsString>,
    pub(super) current_dir: Option<PathBuf>,
    pub(super) on_host_death: OnHostDeath,
    /// Its own, beside the default of the host.
    pub(crate) quota: Option<Quota>,
    pub(super) after: BTreeSet<String>,
    pub(super) restart: Restart,
    pub(super) restart_limits: RestartLimits,
    pub(super) handshake_timeout: Duration,
    pub(super) stop_graces: StopGraces,
    /// The user and the group that it runs as, if not the host's.
    pub(crate) run_as: Option<(u32, u32)>,
    /// Whether it only reads.
    pub(crate) read_only: bool,
    /// Its own login, if it has one.
    pub(crate) login: Option<Login>,
    /// Its own schema, if it has one.
    pub(crate) schema: Option<String>,
    /// The databases that it may use, if not all.
    pub(crate) databases: Option<BTreeSet<String>>,
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
            on_host_death: OnHostDeath::default(),
            quota: None,
            read_only: false,
            login: None,
            schema: None,
            databases: None,
            after: BTreeSet::new(),
            restart: Restart::default(),
            restart_limits: RestartLimits::default(),
            handshake_timeout: HANDSHAKE_TIMEOUT,
            stop_graces: StopGraces::default(),
            run_as: None,
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

    /// The databases of the host that it may use, by name; `main` is the one that every host has.
    /// Default: all of them, or the main one and its replicas for a plugin that has a
    /// [login](Self::login) or a [schema](Self::schema) of its own.
    #[must_use]
    pub fn databases(mut self, names: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.databases = Some(names.into_iter().map(Into::into).collect());
        self
    }

    /// What becomes of the plugin when the host dies without having stopped it. Default:
    /// [`OnHostDeath::Exit`].
    #[must_use]
    pub fn on_host_death(mut self, what: OnHostDeath) -> Self {
        self.on_host_death = what;
        self
    }

    /// The folder that the program runs in. Default: the host's.
    #[must_use]
    pub fn current_dir(mut self, folder: impl Into<PathBuf>) -> Self {
        self.current_dir = Some(folder.into());
        self
    }

    /// The user and the group that the program runs as, by number. Its processes may then connect.
    /// The host must run as root, unless these are its own; it starts the program without any other
    /// groups. Default: the host's. Unix only: elsewhere it says nothing.
    #[must_use]
    pub fn run_as(mut self, uid: u32, gid: u32) -> Self {
        self.run_as = Some((uid, gid));
        self
    }

    /// What the plugin may have of the pool, and for how long. Default: the host's
    /// [default quota](crate::HostBuilder::default_quota).
    #[must_use]
    pub fn quota(mut self, quota: Quota) -> Self {
        self.quota = Some(quota);
        self
    }

    /// Keeps it from writing: its connections are read-only, and statements that write, that could
    /// undo that, or of which neither can be told are refused with `NOT_PERMITTED`. Default:
    /// `false`.
    ///
    /// On servers that is for mistakes. A plugin that is not trusted needs a [login](Self::login) of
    /// its own that may only `SELECT`. On SQLite its connections are opened for reading alone.
    /// Functions that are not built in are taken to write.
    #[must_use]
    pub fn read_only(mut self, read_only: bool) -> Self {
        self.read_only = read_only;
        self
    }

    /// The login with which its connections are opened, so that it has the rights of that alone.
    /// Default: the host's, which is in the database's URL. Not on SQLite, which knows none.
    ///
    /// All logins together keep to the one cap. The host's own must be allowed to cancel what this
    /// one runs; [`HostBuilder::start`](crate::HostBuilder::start) says what to `GRANT` if it is not.
    #[must_use]
    pub fn login(mut self, login: Login) -> Self {
        self.login = Some(login);
        self
    }

    /// Where names without a schema are looked up, and what is created without one is put: a schema
    /// of PostgreSQL, the one entry of `search_path`; on MySQL a database. What a plugin sets
    /// itself ends with its connection. Default: as the database's URL or the login says. Not on
    /// SQLite.
    ///
    /// It is a default and keeps nobody from other schemas: that is for the rights of a login to do.
    #[must_use]
    pub fn schema(mut self, schema: impl Into<String>) -> Self {
        self.schema = Some(schema.into());
        self
    }

    /// Launches it only once the plugin of this name has connected, or has ended with success; and
    /// ends it first when the host stops. May be repeated.
    #[must_use]
    pub fn after(mut self, other: impl Into<String>) -> Self {
        self.after.insert(other.into());
        self
    }

    /// When it is started again after it has ended. Default: [`Restart::Never`].
    #[must_use]
    pub fn restart(mut self, restart: Restart) -> Self {
        self.restart = restart;
        self
    }

    /// How soon it is started again, and how often. Default: [`RestartLimits::default`].
    #[must_use]
    pub fn restart_limits(mut self, limits: RestartLimits) -> Self {
        self.restart_limits = limits;
        self
    }

    /// How long it may take to connect to the host. One that does not is killed, and counts as
    /// failed. [`Duration::MAX`] for a plugin that connects when it likes, or never. Default: 30
    /// seconds.
    #[must_use]
    pub fn handshake_timeout(mut self, timeout: Duration) -> Self {
        self.handshake_timeout = timeout;
        self
    }

    /// How long it gets to end when it is asked to. Default: [`StopGraces::default`].
    #[must_use]
    pub fn stop_graces(mut self, graces: StopGraces) -> Self {
        self.stop_graces = graces;
        self
    }

    /// Whether the program could be launched, as far as that can be told without doing so.
    ///
    /// # Errors
    /// What keeps it from being launched.
    pub fn check_program(&self) -> Result<(), StartFailure> {
        diagnosis::of_program(self)
    }

    /// The name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Whether a plugin that runs as this one says need not be started again to be as `other` says.
    pub(crate) fn runs_as(&self, other: &Self) -> bool {
        let like = Self {
            quota: other.quota,
            // A change of it is for a host's start, and a password may be asked for.
            login: other.login.clone(),
            ..self.clone()
        };
        like == *other
    }

    /// The program.
    #[must_use]
    pub fn program(&self) -> &Path {
        &self.program
    }
}

// Derived, it would print arguments and the values of variables, where applications keep secrets.
impl fmt::Debug for Plugin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Plugin")
            .field("name", &self.name)
            .field("program", &self.program)
            .field("args", &self.args.len())
            .field("env", &self.env.keys())
            .field("read_only", &self.read_only)
            .field("login", &self.login)
            .field("schema", &self.schema)
            .finish_non_exhaustive()
    }
}

/// What becomes of a launched plugin when its host dies: by a crash or `kill -9`, that is, without
/// having stopped it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum OnHostDeath {
    /// It ends. On Linux the kernel kills the launched process at once. Whatever that process
    /// started, and everything elsewhere, exits as soon as the SDK sees that its session broke and
    /// that no host takes it back.
    #[default]
    Exit,
    /// It goes on. Its calls fail with `SESSION_LOST`, also if another host comes up at the same
    /// place: its token was of the one that died.
    Survive,
}

impl OnHostDeath {
    /// What the SDK is told.
    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Exit => EXIT,
            Self::Survive => SURVIVE,
        }
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
