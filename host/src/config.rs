//! What a host is started with.

use std::collections::HashSet;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use onepool_proto::endpoint::Endpoint;
use onepool_proto::{Code, Failure, Limits, limits};

use crate::db::{Source, Supplier};
use crate::error::HostError;
use crate::plugin::{Plugin, check_name};
use crate::pool::Share;

/// The cap when none is given.
pub(crate) const MAX_CONNECTIONS: u32 = 10;
/// Sessions that a host serves at once when nothing else is said.
pub(crate) const MAX_SESSIONS: usize = 256;
/// How long a stopping host waits for plugins when nothing else is said.
pub(crate) const STOP_TIMEOUT: Duration = Duration::from_secs(10);

/// Everything that [`HostBuilder`](crate::HostBuilder) gathers.
#[derive(Debug)]
pub(crate) struct Config {
    pub(crate) database: Option<Database>,
    pub(crate) max_connections: u32,
    pub(crate) max_sessions: usize,
    pub(crate) statement_cache: Option<usize>,
    /// Functions of the database that leave nothing behind on a session.
    pub(crate) harmless_functions: Vec<String>,
    pub(crate) limits: Limits,
    pub(crate) endpoint: Option<Endpoint>,
    pub(crate) allowed_users: Vec<u32>,
    pub(crate) plugins: Vec<Plugin>,
    pub(crate) stop_timeout: Duration,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            database: None,
            max_connections: MAX_CONNECTIONS,
            max_sessions: MAX_SESSIONS,
            statement_cache: None,
            harmless_functions: Vec::new(),
            limits: Limits::default(),
            endpoint: None,
            allowed_users: Vec::new(),
            plugins: Vec::new(),
            stop_timeout: STOP_TIMEOUT,
        }
    }
}

impl Config {
    /// The database, as far as it can be known without connecting.
    pub(crate) async fn source(&self) -> Result<Source, HostError> {
        let database = self.database.as_ref().ok_or(HostError::NoDatabase)?;
        let source = database.source().await.map_err(HostError::Database)?;
        Ok(match self.statement_cache {
            Some(statements) => source.with_statement_cache(statements),
            None => source,
        })
    }

    /// What each plugin may have of the pool.
    pub(crate) fn shares(&self) -> Vec<(Arc<str>, Share)> {
        let share = |plugin: &Plugin| (Arc::from(plugin.name()), plugin.share);
        self.plugins.iter().map(share).collect()
    }

    /// Refuses what cannot work, before anything is opened.
    pub(crate) fn check(&self) -> Result<(), HostError> {
        if self.max_connections == 0 {
            return Err(HostError::Setting(
                "max_connections is 0, so no statement could ever run; give at least 1",
            ));
        }
        if self.max_sessions == 0 {
            return Err(HostError::Setting(
                "max_sessions is 0, so no plugin could ever connect; give at least 1",
            ));
        }
        // A page and a part of an upload must fit into a frame, whatever the limit.
        if self.limits.frame_bytes < limits::FRAME_BYTES {
            return Err(HostError::Setting(
                "frame_bytes is below the protocol's 1 MiB; raise it or leave it out",
            ));
        }
        let mut names = HashSet::new();
        for plugin in &self.plugins {
            check_name(plugin.name())?;
            if !names.insert(plugin.name()) {
                return Err(HostError::PluginTwice(plugin.name().to_owned()));
            }
        }
        Ok(())
    }
}

/// Where the URL of the database comes from. Its `Debug` does not show it.
#[derive(Clone)]
pub(crate) enum Database {
    /// It was given once.
    Url(String),
    /// It is asked for whenever the host connects.
    Supplier(Supplier),
}

impl Database {
    async fn source(&self) -> Result<Source, Failure> {
        match self {
            Self::Url(url) => Source::parse(url),
            Self::Supplier(supply) => {
                let first = supply().await.map_err(|error| {
                    let message = format!("the host application gave no database URL: {error}");
                    Failure::new(Code::CONFIGURATION, message)
                })?;
                Source::from_supplier(&first, Arc::clone(supply))
            }
        }
    }
}

impl fmt::Debug for Database {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Url(_) => "Url(..)",
            Self::Supplier(_) => "Supplier(..)",
        })
    }
}
