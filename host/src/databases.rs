//! The databases of a host, each with a pool of its own, by name.
//!
//! A session is with one of them, which its plugin names when it connects: so a pool, its ledger and
//! its cap know of one database only, and a session of one kind.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use futures_util::future::join_all;
use onepool_proto::{Code, DatabaseKind, Failure};
use parking_lot::RwLock;

use crate::config::{Config, wrong_database};
use crate::error::HostError;
use crate::named::NamedDatabase;
use crate::pool::{Names, Pool, PoolConfig, Quota};

/// The name of the database that every host has.
pub(crate) const MAIN: &str = "main";

/// One of the databases.
#[derive(Clone, Debug)]
pub(crate) struct Place {
    pub(crate) name: Arc<str>,
    pub(crate) pool: Pool,
    /// It is a read replica of the main one: nothing is written there.
    pub(crate) replica: bool,
}

/// The databases of the plugins that may not use all, by their names.
pub(crate) type Allowed = BTreeMap<String, BTreeSet<String>>;

/// The databases of a host. Clones are handles to the same ones.
#[derive(Clone, Debug)]
pub(crate) struct Databases(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    main: Place,
    others: Vec<Place>,
    allowed: RwLock<Allowed>,
}

/// What the databases of a host are opened from.
#[derive(Debug)]
pub(crate) struct Plans {
    main: PoolConfig,
    others: Vec<Plan>,
    allowed: Allowed,
}

#[derive(Debug)]
struct Plan {
    name: String,
    pool: PoolConfig,
    replica: bool,
}

impl Plans {
    /// What these settings come to, as far as it can be known without connecting.
    ///
    /// # Errors
    /// If a URL is wrong, or a database cannot be used in that way.
    pub(crate) async fn new(config: &Config) -> Result<Self, HostError> {
        let names = Names::default();
        let source = config.source().await?;
        let main = PoolConfig {
            logins: config.logins(&source)?,
            source,
            max_connections: config.max_connections,
            harmless_functions: config.harmless_functions.clone(),
            quotas: config.quotas(),
            default_quota: config.default_quota,
            times: config.pool_times,
            statement_comments: config.statement_comments,
            names: names.clone(),
            label: (!config.databases.is_empty()).then(|| MAIN.into()),
        };
        let mut others = Vec::new();
        for (name, named) in &config.databases {
            others.push(Plan::new(config, name, named, (main.source.kind(), names.clone())).await?);
        }
        Ok(Self {
            main,
            others,
            allowed: config.allowed_databases(),
        })
    }

    /// The kind and the place of the main one, for people, and what there is beside it.
    pub(crate) fn in_words(&self) -> (DatabaseKind, String, Option<String>) {
        let main = &self.main.source;
        let other = |plan: &Plan| {
            let (source, cap) = (&plan.pool.source, plan.pool.max_connections);
            let (kind, place) = (source.kind(), source.place());
            format!("{}: {kind} at {place}, max_connections {cap}", plan.name)
        };
        let others: Vec<_> = self.others.iter().map(other).collect();
        let others = (!others.is_empty()).then(|| others.join("; "));
        (main.kind(), main.place(), others)
    }

    /// Opens all of them.
    ///
    /// # Errors
    /// If one cannot be used; those that were opened are closed again.
    pub(crate) async fn open(self) -> Result<Databases, HostError> {
        let main = Pool::start(self.main).await.map_err(HostError::Database)?;
        let main = Place {
            name: MAIN.into(),
            pool: main,
            replica: false,
        };
        let mut others = Vec::new();
        for plan in self.others {
            match plan.open().await {
                Ok(place) => others.push(place),
                Err(error) => {
                    for place in others.iter().chain([&main]) {
                        place.pool.stop().await;
                    }
                    return Err(error);
                }
            }
        }
        Ok(Databases(Arc::new(Inner {
            main,
            others,
            allowed: RwLock::new(self.allowed),
        })))
    }
}

impl Plan {
    async fn new(
        config: &Config,
        name: &str,
        named: &NamedDatabase,
        (main, names): (DatabaseKind, Names),
    ) -> Result<Self, HostError> {
        let source = named.source().await;
        let source = source.map_err(|failure| unusable(name, failure))?;
        if named.replica {
            check_replica(name, source.kind(), main)?;
        }
        // The roles of a replica are those of the main one.
        let logins = if named.replica {
            config.logins(&source)
        } else {
            config.reader_logins(&source)
        };
        // What is kept for a plugin is kept on the main one.
        let quotas = config.quotas().into_iter();
        let quotas = quotas.map(|(plugin, quota)| (plugin, Quota { min: 0, ..quota }));
        let mut times = config.pool_times;
        times.upkeep.min_connections = named.min_connections;
        Ok(Self {
            name: name.to_owned(),
            replica: named.replica,
            pool: PoolConfig {
                logins: logins?,
                source,
                max_connections: named.max_connections,
                harmless_functions: named.harmless_functions.clone(),
                quotas: quotas.collect(),
                default_quota: config.default_quota,
                times,
                statement_comments: named.statement_comments,
                names,
                label: Some(name.into()),
            },
        })
    }

    async fn open(self) -> Result<Place, HostError> {
        let pool = Pool::start(self.pool).await;
        Ok(Place {
            pool: pool.map_err(|failure| unusable(&self.name, failure))?,
            name: self.name.into(),
            replica: self.replica,
        })
    }
}

/// Refuses what cannot follow the main database.
fn check_replica(name: &str, kind: DatabaseKind, main: DatabaseKind) -> Result<(), HostError> {
    if kind == DatabaseKind::Sqlite {
        let problem =
            "SQLite has no replicas; for a file that is only read, say `?mode=ro` in its URL";
        return Err(wrong_database(name, problem));
    }
    if kind != main {
        return Err(wrong_database(
            name,
            format!("{kind} does not follow {main}; a replica is of the main database's kind"),
        ));
    }
    Ok(())
}

fn unusable(name: &str, failure: Failure) -> HostError {
    HostError::NamedDatabase {
        name: name.to_owned(),
        failure,
    }
}

impl Place {
    /// It could not be used, or not in that way.
    pub(crate) fn wrong(&self, failure: Failure) -> HostError {
        if *self.name == *MAIN {
            HostError::Database(failure)
        } else {
            unusable(&self.name, failure)
        }
    }
}

impl Databases {
    /// The one that every host has.
    pub(crate) fn main(&self) -> &Place {
        &self.0.main
    }

    /// Those beside it.
    pub(crate) fn others(&self) -> &[Place] {
        &self.0.others
    }

    /// All of them, the main one first.
    pub(crate) fn all(&self) -> impl Iterator<Item = &Place> {
        std::iter::once(&self.0.main).chain(self.0.others.iter())
    }

    /// The one of this name, for the host's own.
    ///
    /// # Errors
    /// If there is none.
    pub(crate) fn named(&self, name: &str) -> Result<&Place, HostError> {
        let found = self.all().find(|place| *place.name == *name);
        found.ok_or_else(|| {
            let names: Vec<_> = self.all().map(|place| &*place.name).collect();
            let names = names.join(", ");
            wrong_database(
                name,
                format!("there is none of this name; there are: {names}"),
            )
        })
    }

    /// The one of this name, for a plugin; without a name the main one.
    ///
    /// # Errors
    /// [`Code::UNKNOWN_DATABASE`] if there is none, and [`Code::NOT_PERMITTED`] if there is and the
    /// plugin may not use it.
    pub(crate) fn find(&self, name: Option<&str>, plugin: &str) -> Result<&Place, Failure> {
        let name = name.unwrap_or(MAIN);
        let found = self.all().find(|place| *place.name == *name);
        match found {
            Some(place) if self.may_use(place, plugin) => Ok(place),
            Some(_) => Err(Failure::new(
                Code::NOT_PERMITTED,
                format!(
                    "the plugin {plugin} may not use the database {name}; those that it may use: {}",
                    self.names(plugin)
                ),
            )),
            None => Err(Failure::new(
                Code::UNKNOWN_DATABASE,
                format!(
                    "the host has no database named {name:?}; those that {plugin} may use: {}",
                    self.names(plugin)
                ),
            )),
        }
    }

    /// The replica of the main one that a plugin may read from, if there is one.
    pub(crate) fn replica_for(&self, plugin: &str) -> Option<&Place> {
        let mut replicas = self.0.others.iter().filter(|place| place.replica);
        replicas.find(|place| self.may_use(place, plugin))
    }

    fn may_use(&self, place: &Place, plugin: &str) -> bool {
        let allowed = self.0.allowed.read();
        let own = allowed.get(plugin);
        own.is_none_or(|own| own.contains(&*place.name))
    }

    fn names(&self, plugin: &str) -> String {
        let places = self.all().filter(|place| self.may_use(place, plugin));
        let names: Vec<_> = places.map(|place| &*place.name).collect();
        if names.is_empty() {
            return "none".to_owned();
        }
        names.join(", ")
    }

    /// Who may not use all, for sessions that begin from now on.
    pub(crate) fn set_allowed(&self, allowed: Allowed) {
        *self.0.allowed.write() = allowed;
    }

    /// Closes all of them.
    pub(crate) async fn stop(&self) {
        join_all(self.all().map(|place| place.pool.stop())).await;
    }
}
