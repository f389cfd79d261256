//! A database beside the main one.

use onepool_proto::Failure;

use crate::config::{Database, MAX_CONNECTIONS};
use crate::db::Source;

/// A database beside the one that every host has; see
/// [`HostBuilder::add_database`](crate::HostBuilder::add_database). It has a pool and a cap of its own.
///
/// ```
/// use onepool_host::{Host, NamedDatabase};
///
/// let replica = NamedDatabase::new("postgres://app@replica/app").max_connections(5).replica();
/// let builder = Host::builder()
///     .database("postgres://app@primary/app")
///     .add_database("replica", replica)
///     .add_database("notes", NamedDatabase::new("sqlite:notes.db"));
/// ```
#[derive(Clone, Debug)]
#[must_use = "a database is part of a host once it is added"]
pub struct NamedDatabase {
    database: Database,
    pub(crate) max_connections: u32,
    pub(crate) min_connections: u32,
    statement_cache: Option<usize>,
    pub(crate) statement_comments: bool,
    pub(crate) harmless_functions: Vec<String>,
    pub(crate) replica: bool,
}

impl NamedDatabase {
    /// The database at this URL: `sqlite:...`, `postgres://...`, `mysql://...`.
    pub fn new(url: impl Into<String>) -> Self {
        Self::of(Database::Url(url.into()))
    }

    /// The database with a URL that is asked for whenever the host connects; as
    /// [`HostBuilder::database_with`](crate::HostBuilder::database_with).
    pub fn with<F, Fut, E>(supply: F) -> Self
    where
        F: Fn() -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<String, E>> + Send + 'static,
        E: Into<Box<dyn std::error::Error + Send + Sync>>,
    {
        Self::of(Database::supplied(supply))
    }

    fn of(database: Database) -> Self {
        Self {
            database,
            max_connections: MAX_CONNECTIONS,
            min_connections: 0,
            statement_cache: None,
            statement_comments: false,
            harmless_functions: Vec::new(),
            replica: false,
        }
    }

    /// Its cap: how many connections this database ever sees, all of them counted. Default: 10.
    pub fn max_connections(mut self, cap: u32) -> Self {
        self.max_connections = cap;
        self
    }

    /// How many connections for work are kept open even when nobody uses them. Default: 0.
    pub fn min_connections(mut self, connections: u32) -> Self {
        self.min_connections = connections;
        self
    }

    /// How many prepared statements each backend keeps. Default: the database driver's.
    pub fn statement_cache(mut self, statements: usize) -> Self {
        self.statement_cache = Some(statements);
        self
    }

    /// As [`HostBuilder::statement_comments`](crate::HostBuilder::statement_comments).
    pub fn statement_comments(mut self, wanted: bool) -> Self {
        self.statement_comments = wanted;
        self
    }

    /// As [`HostBuilder::harmless_functions`](crate::HostBuilder::harmless_functions).
    pub fn harmless_functions<I>(mut self, names: I) -> Self
    where
        I: IntoIterator,
        I::Item: Into<String>,
    {
        let names = names.into_iter().map(Into::into);
        self.harmless_functions.extend(names);
        self
    }

    /// It is a read replica of the main database: plugins that connect with `read_only` are served
    /// from it, unless they name a database themselves, and nothing is written there. Of several that a
    /// plugin may use, it gets the first by name. Not for SQLite.
    pub fn replica(mut self) -> Self {
        self.replica = true;
        self
    }

    /// The database, as far as it can be known without connecting.
    pub(crate) async fn source(&self) -> Result<Source, Failure> {
        let source = self.database.source().await?;
        Ok(match self.statement_cache {
            Some(statements) => source.with_statement_cache(statements),
            None => source,
        })
    }
}
