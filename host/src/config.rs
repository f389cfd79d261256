//! What a host is started with.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use onepool_proto::endpoint::Endpoint;
use onepool_proto::{Code, DatabaseKind, Failure, Limits, limits};

use crate::databases::{Allowed, MAIN};
use crate::db::{Access, Source, Supplier};
use crate::error::HostError;
use crate::named::NamedDatabase;
use crate::plugin::{Plugin, check_name, check_order};
use crate::pool::{PluginLogin, PoolTimes, Quota};

/// The cap when none is given.
pub(crate) const MAX_CONNECTIONS: u32 = 10;
/// Sessions that a host serves at once when nothing else is said.
pub(crate) const MAX_SESSIONS: usize = 256;
/// How long a stopping host waits for plugins when nothing else is said.
pub(crate) const STOP_TIMEOUT: Duration = Duration::from_secs(10);

/// How long a page may wait for its reader when nothing else is said.
pub(crate) const READER_TIMEOUT: Duration = Duration::from_secs(60);

/// Everything that [`HostBuilder`](crate::HostBuilder) gathers.
#[derive(Debug)]
pub(crate) struct Config {
    pub(crate) database: Option<Database>,
    /// The databases beside it, by name.
    pub(crate) databases: BTreeMap<String, NamedDatabase>,
    pub(crate) max_connections: u32,
    pub(crate) max_sessions: usize,
    pub(crate) statement_cache: Option<usize>,
    pub(crate) statement_comments: bool,
    /// Functions of the database that leave nothing behind on a session.
    pub(crate) harmless_functions: Vec<String>,
    pub(crate) limits: Limits,
    pub(crate) endpoint: Option<Endpoint>,
    pub(crate) allowed_users: Vec<u32>,
    pub(crate) plugins: Vec<Plugin>,
    /// Plugins that only read, beside those that say so themselves.
    pub(crate) read_only: BTreeSet<String>,
    /// As whom plugins' backends are opened, beside what they say themselves.
    pub(crate) accesses: BTreeMap<String, Access>,
    /// The quota of every plugin that has none of its own.
    pub(crate) default_quota: Quota,
    pub(crate) pool_times: PoolTimes,
    pub(crate) stop_timeout: Duration,
    pub(crate) reader_timeout: Duration,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            database: None,
            databases: BTreeMap::new(),
            max_connections: MAX_CONNECTIONS,
            max_sessions: MAX_SESSIONS,
            statement_cache: None,
            statement_comments: false,
            harmless_functions: Vec::new(),
            limits: Limits::default(),
            endpoint: None,
            allowed_users: Vec::new(),
            plugins: Vec::new(),
            read_only: BTreeSet::new(),
            accesses: BTreeMap::new(),
            default_quota: Quota::default(),
            pool_times: PoolTimes::default(),
            stop_timeout: STOP_TIMEOUT,
            reader_timeout: READER_TIMEOUT,
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

    /// The users beside the host's own whose processes may connect.
    pub(crate) fn users(&self) -> Vec<u32> {
        let of_plugins = self.plugins.iter().filter_map(|plugin| plugin.run_as);
        let listed = self.allowed_users.iter().copied();
        listed.chain(of_plugins.map(|(uid, _)| uid)).collect()
    }

    /// What each plugin may have that does not follow the default.
    pub(crate) fn quotas(&self) -> Vec<(Arc<str>, Quota)> {
        let quota = |plugin: &Plugin| Some((Arc::from(plugin.name()), plugin.quota?));
        self.plugins.iter().filter_map(quota).collect()
    }

    /// The names of the plugins that only read.
    pub(crate) fn readers(&self) -> HashSet<String> {
        let reads = self.plugins.iter().filter(|plugin| plugin.read_only);
        let own = reads.map(|plugin| plugin.name().to_owned());
        self.read_only.iter().cloned().chain(own).collect()
    }

    /// The logins that plugins have beside the host's: one for all that have the same.
    pub(crate) fn logins(&self, source: &Source) -> Result<Vec<PluginLogin>, HostError> {
        logins_of(source, self.all_accesses(source.kind()))
    }

    /// The logins on a database that the plugins' own are not for: those of readers on SQLite.
    pub(crate) fn reader_logins(&self, source: &Source) -> Result<Vec<PluginLogin>, HostError> {
        let mut accesses = BTreeMap::new();
        self.add_readers(source.kind(), &mut accesses);
        logins_of(source, accesses)
    }

    /// The databases of plugins that may not use all: of those that say so, and of those that are
    /// somebody else in the main one than the host, and would be the host in the others.
    pub(crate) fn allowed_databases(&self) -> Allowed {
        let replicas = self.databases.iter().filter(|(_, named)| named.replica);
        let replicas = replicas.map(|(name, _)| name.clone());
        let own: BTreeSet<_> = replicas.chain([MAIN.to_owned()]).collect();
        let somebody = self.all_accesses(DatabaseKind::Postgres).into_keys();
        let mut allowed: Allowed = somebody.map(|name| (name, own.clone())).collect();
        for plugin in &self.plugins {
            if let Some(databases) = &plugin.databases {
                allowed.insert(plugin.name().to_owned(), databases.clone());
            }
        }
        allowed
    }

    fn check_databases(&self) -> Result<(), HostError> {
        for (name, named) in &self.databases {
            let wrong = |problem: &str| wrong_database(name, problem);
            if name == MAIN {
                return Err(wrong(
                    "this is the name of the database that every host has",
                ));
            }
            if check_name(name).is_err() {
                return Err(wrong(
                    "not a name; use letters, digits, dots, hyphens and underscores",
                ));
            }
            if named.max_connections == 0 {
                return Err(wrong(
                    "max_connections is 0, so no statement could ever run",
                ));
            }
        }
        for plugin in &self.plugins {
            let known = |name: &&String| *name == MAIN || self.databases.contains_key(*name);
            let mut named = plugin.databases.iter().flatten();
            if let Some(name) = named.find(|name| !known(name)) {
                let plugin = plugin.name();
                return Err(wrong_database(
                    name,
                    format!(
                        "plugin {plugin} may use it, and there is none; a database that is added is \
                         there when the host starts the next time"
                    ),
                ));
            }
        }
        Ok(())
    }

    /// As whom each plugin's backends are opened that are not the host's own.
    pub(crate) fn all_accesses(&self, kind: DatabaseKind) -> BTreeMap<String, Access> {
        let mut accesses = self.accesses.clone();
        for plugin in &self.plugins {
            let access = accesses.entry(plugin.name().to_owned()).or_default();
            access.login = plugin.login.clone().or(access.login.take());
            access.schema = plugin.schema.clone().or(access.schema.take());
        }
        self.add_readers(kind, &mut accesses);
        accesses.retain(|_, access| *access != Access::default());
        accesses
    }

    fn add_readers(&self, kind: DatabaseKind, accesses: &mut BTreeMap<String, Access>) {
        if kind == DatabaseKind::Sqlite {
            for reader in self.readers() {
                accesses.entry(reader).or_default().reads_only = true;
            }
        }
    }

    /// Refuses what cannot work, before anything is opened.
    pub(crate) fn check(&self) -> Result<(), HostError> {
        check_order(&self.plugins)?;
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
        check_default_quota(&self.default_quota)?;
        self.check_databases()?;
        for plugin in self.read_only.iter().chain(self.accesses.keys()) {
            check_name(plugin)?;
        }
        let mut names = HashSet::new();
        for plugin in &self.plugins {
            check_name(plugin.name())?;
            if !names.insert(plugin.name()) {
                return Err(HostError::PluginTwice(plugin.name().to_owned()));
            }
            if let Some(quota) = &plugin.quota {
                check_quota(plugin.name(), quota)?;
            }
        }
        Ok(())
    }
}

/// What was said of a database beside the main one cannot be.
pub(crate) fn wrong_database(name: &str, problem: impl Into<String>) -> HostError {
    HostError::NamedDatabase {
        name: name.to_owned(),
        failure: Failure::new(Code::CONFIGURATION, problem),
    }
}

/// The logins beside the host's: one for all plugins that have the same.
fn logins_of(
    source: &Source,
    accesses: BTreeMap<String, Access>,
) -> Result<Vec<PluginLogin>, HostError> {
    let mut logins: Vec<PluginLogin> = Vec::new();
    for (plugin, access) in accesses {
        let name = Arc::from(plugin.as_str());
        let known = logins
            .iter_mut()
            .find(|login| *login.source.access() == access);
        if let Some(known) = known {
            known.plugins.push(name);
            continue;
        }
        let wrong = |failure: Failure| HostError::Login {
            plugin,
            problem: failure.message,
        };
        logins.push(PluginLogin {
            source: source.clone().accessed(access).map_err(wrong)?,
            plugins: vec![name],
        });
    }
    Ok(logins)
}

/// Refuses a plugin's quota with which nothing could run.
pub(crate) fn check_quota(plugin: &str, quota: &Quota) -> Result<(), HostError> {
    quota.check().map_err(|problem| HostError::Quota {
        plugin: plugin.to_owned(),
        problem,
    })
}

/// Refuses a default quota with which nothing could run.
pub(crate) fn check_default_quota(quota: &Quota) -> Result<(), HostError> {
    if quota.min > 0 {
        return Err(HostError::Setting(
            "the default quota guarantees a minimum, which would be kept for every plugin that \
             ever connects; give the plugins that need one a quota of their own",
        ));
    }
    quota.check().map_err(HostError::Setting)
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
    /// One whose URL is asked for.
    pub(crate) fn supplied<F, Fut, E>(supply: F) -> Self
    where
        F: Fn() -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<String, E>> + Send + 'static,
        E: Into<Box<dyn std::error::Error + Send + Sync>>,
    {
        let supplier = move || {
            let url = supply();
            Box::pin(async move { url.await.map_err(Into::into) }) as _
        };
        Self::Supplier(Arc::new(supplier))
    }

    pub(crate) async fn source(&self) -> Result<Source, Failure> {
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
