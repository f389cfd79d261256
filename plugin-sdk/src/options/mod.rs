//! How a plugin reaches its host, and what its Connections are like.

mod url;

use std::collections::HashMap;
use std::env;
use std::fmt;
use std::str::FromStr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use log::LevelFilter;
use onepool_proto::endpoint::{ENDPOINT_VARIABLE, Endpoint, PLUGIN_VARIABLE, TOKEN_VARIABLE};
use onepool_proto::handshake::Token;
use onepool_proto::memory::MemoryDialer;
use sqlx_core::Url;
use sqlx_core::connection::{ConnectOptions, LogSettings};
use sqlx_core::error::Error;

use crate::OnepoolConnection;
use crate::session::{Admission, Session, Slot, slot_of};

/// The name of the database that every host has.
const MAIN: &str = "main";

/// How a plugin reaches its host, and what its Connections are like.
///
/// As a URL:
///
/// | URL | means |
/// |---|---|
/// | `onepool:` | the host that started this plugin: endpoint, token and name come from the environment |
/// | `onepool:///run/app/onepool.sock` | the host at this Unix socket |
/// | `onepool://./pipe/app-onepool` | the host at the Windows named pipe `\\.\pipe\app-onepool` |
///
/// | parameter | meaning | default |
/// |---|---|---|
/// | `token` | the one-time token that admits this process | `ONEPOOL_TOKEN` |
/// | `plugin` | the plugin's name | `ONEPOOL_PLUGIN` |
/// | `deadline` | how long a call may take: `1500`, `1500ms`, `5s`, `2m`; also `statement_timeout` | none |
/// | `database` | the name of one of the host's databases | `main`, which every host has |
/// | `read_only` | `true`: the plugin only reads on these Connections; from a read replica, if the host has one | `false` |
/// | `host_uid` | the user id that may own the host's socket, besides root | this process's |
/// | `migrations_table` | `plain`: share `_sqlx_migrations`; `plugin`: one table for each plugin | `plugin` |
///
/// ```
/// use onepool_sdk::OnepoolConnectOptions;
///
/// let options: OnepoolConnectOptions =
///     "onepool:///run/app/onepool.sock?plugin=reports&token=secret&read_only=true".parse()?;
/// # Ok::<(), sqlx_core::Error>(())
/// ```
#[derive(Clone)]
pub struct OnepoolConnectOptions {
    host: HostAddress,
    token: Option<Token>,
    plugin: Option<String>,
    host_uid: Option<u32>,
    database: Option<String>,
    settings: Settings,
}

#[derive(Clone)]
enum HostAddress {
    Environment,
    Endpoint(Endpoint),
    // The slots are the sessions': whoever clones these options shares them.
    Memory(Arc<MemorySlots>),
}

/// The sessions with a host in this process, by database.
struct MemorySlots {
    dialer: MemoryDialer,
    by_database: Mutex<HashMap<Option<String>, Arc<Slot>>>,
}

impl MemorySlots {
    fn new(dialer: MemoryDialer) -> Arc<Self> {
        Arc::new(Self {
            dialer,
            by_database: Mutex::default(),
        })
    }

    fn of(&self, database: Option<&str>) -> Arc<Slot> {
        let slots = self.by_database.lock();
        let mut slots = slots.unwrap_or_else(PoisonError::into_inner);
        let slot = slots.entry(database.map(str::to_owned));
        let slot =
            slot.or_insert_with_key(|database| Slot::memory(self.dialer.clone(), database.clone()));
        Arc::clone(slot)
    }
}

/// What every Connection made from the same options has in common.
#[derive(Clone, Debug, Default)]
pub(crate) struct Settings {
    pub(crate) log: LogSettings,
    pub(crate) deadline: Option<Duration>,
    pub(crate) access: Access,
    pub(crate) migrations: MigrationsTable,
}

/// What a Connection is for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Access {
    #[default]
    ReadWrite,
    ReadOnly,
}

/// Which table remembers the migrations that were applied.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum MigrationsTable {
    /// One for each plugin.
    #[default]
    Plugin,
    /// The one that sqlx names.
    Plain,
}

impl OnepoolConnectOptions {
    /// The host that started this plugin: endpoint, token and name come from the environment when
    /// the first Connection is opened.
    #[must_use]
    pub fn new() -> Self {
        Self::at(HostAddress::Environment)
    }

    /// The host at this endpoint. Token and name come from the environment unless set.
    #[must_use]
    pub fn endpoint(endpoint: Endpoint) -> Self {
        Self::at(HostAddress::Endpoint(endpoint))
    }

    /// A host in this process, without a socket. These options and all their clones share one
    /// session.
    #[must_use]
    pub fn over(dialer: MemoryDialer) -> Self {
        let plugin = dialer.plugin().to_owned();
        Self::at(HostAddress::Memory(MemorySlots::new(dialer))).plugin(plugin)
    }

    fn at(host: HostAddress) -> Self {
        Self {
            host,
            token: None,
            plugin: None,
            host_uid: None,
            database: None,
            settings: Settings::default(),
        }
    }

    /// The one-time token that admits this process.
    #[must_use]
    pub fn token(mut self, token: impl Into<String>) -> Self {
        self.token = Some(Token::new(token));
        self
    }

    /// The plugin's name.
    #[must_use]
    pub fn plugin(mut self, name: impl Into<String>) -> Self {
        self.plugin = Some(name.into());
        self
    }

    /// How long a call may take: waiting for a backend, running, and fetching all rows. Unlimited
    /// by default. [`with_deadline`](crate::with_deadline) shortens it for a while.
    #[must_use]
    pub fn deadline(mut self, limit: Duration) -> Self {
        self.settings.deadline = Some(limit);
        self
    }

    /// The database that these Connections are with, by the name that the host's configuration gives
    /// it. By default it is `main`, which every host has. A process has a session with each database
    /// that it uses.
    #[must_use]
    pub fn database(mut self, name: impl Into<String>) -> Self {
        self.database = Some(name.into());
        self
    }

    /// Says that the plugin only reads on these Connections. If the host has a read replica of the
    /// main database, they are with that, and what was written a moment ago may not be there yet; to
    /// read from the main database all the same, name it: [`database("main")`](Self::database). On
    /// SQLite their transactions then do not wait for writers.
    #[must_use]
    pub fn read_only(mut self) -> Self {
        self.settings.access = Access::ReadOnly;
        self
    }

    /// The user id that may own the host's socket, besides root. By default it is this process's
    /// own: a token is told to nobody else.
    #[must_use]
    pub fn host_uid(mut self, uid: u32) -> Self {
        self.host_uid = Some(uid);
        self
    }

    /// Remembers applied migrations in the table that sqlx names, `_sqlx_migrations`, in place of
    /// one for each plugin. Only one plugin of a database may do so.
    #[must_use]
    pub fn plain_migrations_table(mut self) -> Self {
        self.settings.migrations = MigrationsTable::Plain;
        self
    }

    pub(crate) fn settings(&self) -> &Settings {
        &self.settings
    }

    /// The plugin's name, where it is known.
    pub(crate) fn plugin_name(&self) -> Option<String> {
        let from_environment = || match self.host {
            HostAddress::Memory(_) => None,
            _ => env::var(PLUGIN_VARIABLE).ok(),
        };
        self.plugin.clone().or_else(from_environment)
    }

    pub(crate) async fn session(&self) -> Result<Arc<Session>, Error> {
        let session = self.session_with(self.database.as_deref()).await?;
        // Whoever names a database means that one.
        let goes_on = self.database.is_none() && self.settings.access == Access::ReadOnly;
        match session.replica().filter(|_| goes_on) {
            Some(replica) => self.session_with(Some(replica)).await,
            None => Ok(session),
        }
    }

    async fn session_with(&self, database: Option<&str>) -> Result<Arc<Session>, Error> {
        // By either name it is one session.
        let database = database.filter(|name| *name != MAIN);
        let slot = match &self.host {
            HostAddress::Memory(slots) => slots.of(database),
            HostAddress::Endpoint(endpoint) => {
                slot_of(endpoint, &self.required_plugin()?, database)
            }
            HostAddress::Environment => {
                let text = env::var(ENDPOINT_VARIABLE).map_err(|_| no_endpoint())?;
                let endpoint = text.parse().map_err(Error::config)?;
                slot_of(&endpoint, &self.required_plugin()?, database)
            }
        };
        let from_environment = || env::var(TOKEN_VARIABLE).ok().map(Token::new);
        slot.session(Admission {
            token: self.token.clone().or_else(from_environment),
            host_uid: self.host_uid,
        })
        .await
    }

    fn required_plugin(&self) -> Result<String, Error> {
        self.plugin_name().ok_or_else(|| {
            let message = format!(
                "the plugin has no name: set {PLUGIN_VARIABLE}, or say `plugin=` in the URL"
            );
            Error::Configuration(message.into())
        })
    }
}

fn no_endpoint() -> Error {
    let message = format!(
        "no onepool host is known: {ENDPOINT_VARIABLE} is not set; start the plugin through its \
         host, or connect to `onepool:///path/of/the.sock`"
    );
    Error::Configuration(message.into())
}

impl Default for OnepoolConnectOptions {
    fn default() -> Self {
        Self::new()
    }
}

impl From<MemoryDialer> for OnepoolConnectOptions {
    fn from(dialer: MemoryDialer) -> Self {
        Self::over(dialer)
    }
}

// The token is left out: it is a secret.
impl fmt::Debug for OnepoolConnectOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let host: &dyn fmt::Debug = match &self.host {
            HostAddress::Environment => &"environment",
            HostAddress::Endpoint(endpoint) => endpoint,
            HostAddress::Memory(_) => &"this process",
        };
        f.debug_struct("OnepoolConnectOptions")
            .field("host", host)
            .field("plugin", &self.plugin)
            .field("host_uid", &self.host_uid)
            .field("database", &self.database)
            .field("settings", &self.settings)
            .finish_non_exhaustive()
    }
}

impl FromStr for OnepoolConnectOptions {
    type Err = Error;

    fn from_str(url: &str) -> Result<Self, Error> {
        Self::from_url(&Url::parse(url).map_err(Error::config)?)
    }
}

impl ConnectOptions for OnepoolConnectOptions {
    type Connection = OnepoolConnection;

    fn from_url(url: &Url) -> Result<Self, Error> {
        url::parse(url)
    }

    /// The URL of these options, without the token: it admits one session only, which this
    /// process may already have.
    fn to_url_lossy(&self) -> Url {
        url::write(self)
    }

    async fn connect(&self) -> Result<OnepoolConnection, Error> {
        let session = self.session().await?;
        Ok(OnepoolConnection::open(session, self))
    }

    fn log_statements(mut self, level: LevelFilter) -> Self {
        self.settings.log.log_statements(level);
        self
    }

    fn log_slow_statements(mut self, level: LevelFilter, duration: Duration) -> Self {
        self.settings.log.log_slow_statements(level, duration);
        self
    }
}

#[cfg(test)]
mod tests;
