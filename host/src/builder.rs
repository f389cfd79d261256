//! How a host is put together.

use std::time::Duration;

use onepool_proto::Limits;
use onepool_proto::endpoint::Endpoint;

use crate::config::{Config, Database};
use crate::databases::Plans;
use crate::db::login::Login;
use crate::error::HostError;
use crate::host::Host;
use crate::named::NamedDatabase;
use crate::plugin::Plugin;
use crate::pool::Quota;
use crate::stop::StopSignals;

/// Puts a [`Host`] together; begin with [`Host::builder`].
#[derive(Debug, Default)]
#[must_use = "a host runs once it is started"]
pub struct HostBuilder {
    config: Config,
}

impl HostBuilder {
    /// The database, as a URL: `sqlite:...`, `postgres://...`, `mysql://...`. Required, unless
    /// [`database_with`](Self::database_with) is used.
    pub fn database(mut self, url: impl Into<String>) -> Self {
        self.config.database = Some(Database::Url(url.into()));
        self
    }

    /// The database, with a URL that is asked for whenever the host connects, for passwords that
    /// change. It must name the same kind of database each time.
    ///
    /// ```
    /// # use onepool_host::Host;
    /// let builder = Host::builder().database_with(|| async {
    ///     let password = std::fs::read_to_string("/run/secrets/password")?;
    ///     Ok::<_, std::io::Error>(format!("postgres://app:{}@localhost/app", password.trim()))
    /// });
    /// ```
    pub fn database_with<F, Fut, E>(mut self, supply: F) -> Self
    where
        F: Fn() -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<String, E>> + Send + 'static,
        E: Into<Box<dyn std::error::Error + Send + Sync>>,
    {
        self.config.database = Some(Database::supplied(supply));
        self
    }

    /// Another database under a name of its own, with a pool and a cap of its own. Plugins that name
    /// it when they connect are served from there; `main` is the name of the first one.
    ///
    /// Every plugin may use it, but for one that has a list ([`Plugin::databases`]), and one that has a
    /// login or schema of its own: these are for the main database and its replicas, and elsewhere such
    /// a plugin would be the host, so it needs a list.
    pub fn add_database(mut self, name: impl Into<String>, database: NamedDatabase) -> Self {
        self.config.databases.insert(name.into(), database);
        self
    }

    /// The cap: how many connections the database ever sees, all of them counted. Default: 10.
    pub fn max_connections(mut self, cap: u32) -> Self {
        self.config.max_connections = cap;
        self
    }

    /// How many connections for work are kept open even when nobody uses them. Default: 0.
    pub fn min_connections(mut self, connections: u32) -> Self {
        self.config.pool_times.upkeep.min_connections = connections;
        self
    }

    /// How many connections may be on their way to the database at once. Default: 4.
    pub fn connecting_at_once(mut self, connections: u32) -> Self {
        self.config.pool_times.upkeep.connecting_at_once = connections;
        self
    }

    /// How long a connection that nobody uses is kept, beyond those that are
    /// [always](Self::min_connections); `None` for ever. Default: 10 minutes.
    pub fn idle_timeout(mut self, timeout: impl Into<Option<Duration>>) -> Self {
        self.config.pool_times.upkeep.idle_timeout = timeout.into();
        self
    }

    /// How old a connection may get before it is replaced, once nobody uses it; `None` for ever.
    /// Each gets a little less than that, so that not all are replaced at once. Default: 30
    /// minutes.
    pub fn max_lifetime(mut self, lifetime: impl Into<Option<Duration>>) -> Self {
        self.config.pool_times.max_lifetime = lifetime.into();
        self
    }

    /// For how long connections must rest in the hands of plugins that all wait for another one
    /// before that is taken for a deadlock, and the youngest call that waits fails with
    /// `DEADLOCK`. Default: 5 seconds.
    pub fn hold_and_wait_timeout(mut self, timeout: Duration) -> Self {
        self.config.pool_times.hold_and_wait_timeout = timeout;
        self
    }

    /// From when on a statement is logged as slow, with how long it waited apart from how long it ran,
    /// and the beginning of its text: values that are written into it come with it, arguments do
    /// not. `None` to log none. Default: none.
    pub fn slow_statement(mut self, from: impl Into<Option<Duration>>) -> Self {
        self.config.pool_times.slow_statement = from.into();
        self
    }

    /// From when on a lease is warned of in the log, once, with who has it and what it ran last: the
    /// beginning of the text, without arguments. `None` to warn of none. Default: 5 minutes.
    pub fn long_lease(mut self, from: impl Into<Option<Duration>>) -> Self {
        self.config.pool_times.long_lease = from.into();
        self
    }

    /// How many plugin sessions there may be at once; the next is refused. Default: 256.
    pub fn max_sessions(mut self, sessions: usize) -> Self {
        self.config.max_sessions = sessions;
        self
    }

    /// How many prepared statements each backend keeps. Default: the database driver's.
    pub fn statement_cache(mut self, statements: usize) -> Self {
        self.config.statement_cache = Some(statements);
        self
    }

    /// Whether the database is told with each statement which plugin runs it, by a comment before its
    /// text: `/*plugin='inbox'*/ SELECT ...`. It shows in `pg_stat_activity`, in MySQL's process list
    /// and in the server's log. Default: no.
    ///
    /// Texts then differ by plugin, so that each backend prepares a text once for every plugin that
    /// runs it, and keeps it as often. On PostgreSQL a transaction bears its plugin's name in any
    /// case, in `application_name`, which costs no round trip.
    pub fn statement_comments(mut self, wanted: bool) -> Self {
        self.config.statement_comments = wanted;
        self
    }

    /// Functions of the database that leave nothing behind on a session, beside the built-in ones
    /// that onepool knows: `slugify`, or `app.slugify` if that is how statements call it.
    ///
    /// A statement that calls a function not known to be harmless is followed by a reset of its
    /// backend (PostgreSQL) or by its end (MySQL), so that nobody finds what it left.
    pub fn harmless_functions<I>(mut self, names: I) -> Self
    where
        I: IntoIterator,
        I::Item: Into<String>,
    {
        let names = names.into_iter().map(Into::into);
        self.config.harmless_functions.extend(names);
        self
    }

    /// What each session may use. Default: [`Limits::default`].
    pub fn limits(mut self, limits: Limits) -> Self {
        self.config.limits = limits;
        self
    }

    /// Where plugins connect. Default: a socket in a fresh private folder, or a pipe with a random
    /// name on Windows.
    ///
    /// The folder of a socket must belong to the host's user and be closed to everybody else
    /// (mode 0700); it is created if it does not exist, and removed again when the host stops.
    /// What a dead host left there is replaced.
    pub fn endpoint(mut self, endpoint: Endpoint) -> Self {
        self.config.endpoint = Some(endpoint);
        self
    }

    /// Admits the processes of another user, by its number, beside those of the host's own. Root
    /// is a user like any other here. Unix only.
    ///
    /// The socket's folder is then open for passing through (mode 0711) and everybody can knock;
    /// the host refuses whoever is not on the list, before reading a byte.
    pub fn allow_user(mut self, uid: u32) -> Self {
        self.config.allowed_users.push(uid);
        self
    }

    /// A plugin that the host launches when it starts. Names must differ.
    pub fn plugin(mut self, plugin: Plugin) -> Self {
        self.config.plugins.push(plugin);
        self
    }

    /// Keeps the plugin of this name from writing, whether it is launched, attached or a
    /// [client](Host::client) in this process; see [`Plugin::read_only`].
    pub fn read_only_plugin(mut self, name: impl Into<String>) -> Self {
        self.config.read_only.insert(name.into());
        self
    }

    /// Gives the plugin of this name a login of its own, whether it is launched, attached or a
    /// [client](Host::client) in this process; see [`Plugin::login`].
    pub fn plugin_login(mut self, name: impl Into<String>, login: Login) -> Self {
        let access = self.config.accesses.entry(name.into());
        access.or_default().login = Some(login);
        self
    }

    /// Gives the plugin of this name a schema of its own, whether it is launched, attached or a
    /// [client](Host::client) in this process; see [`Plugin::schema`].
    pub fn plugin_schema(mut self, name: impl Into<String>, schema: impl Into<String>) -> Self {
        let access = self.config.accesses.entry(name.into());
        access.or_default().schema = Some(schema.into());
        self
    }

    /// What each plugin may have that has no quota of its own. Default: [`Quota::default`].
    pub fn default_quota(mut self, quota: Quota) -> Self {
        self.config.default_quota = quota;
        self
    }

    /// How long [`Host::stop`] waits for plugins to end by themselves. Default: 10 seconds.
    pub fn stop_timeout(mut self, timeout: Duration) -> Self {
        self.config.stop_timeout = timeout;
        self
    }

    /// How long a page of rows may wait for a plugin that has begun to read a result and does not go
    /// on. The statement is then cancelled, which ends the transaction that it belongs to on
    /// PostgreSQL, and the plugin gets `LEASE_REVOKED`. Default: 60 seconds.
    pub fn reader_timeout(mut self, timeout: Duration) -> Self {
        self.config.reader_timeout = timeout;
        self
    }

    /// What is wrong with this host, as far as it can be told without opening anything. Asks for
    /// the database's URL.
    ///
    /// # Errors
    /// One that [`start`](Self::start) would fail with, and one about the database if there is one
    /// as well.
    pub async fn check(&self) -> Result<(), Vec<HostError>> {
        let database = Plans::new(&self.config).await.map(drop);
        let found = [self.config.check(), database];
        let errors: Vec<_> = found.into_iter().filter_map(Result::err).collect();
        if errors.is_empty() {
            Ok(())
        } else {
            Err(errors)
        }
    }

    pub(crate) fn into_config(self) -> Config {
        self.config
    }

    /// Starts the host: the pool is up, the endpoint is open and the plugins are launched when
    /// this returns.
    ///
    /// # Errors
    /// If the configuration cannot work, the endpoint is taken or not private, the database
    /// cannot be reached, or a plugin's program cannot be started. Nothing is left behind.
    ///
    /// # Cancel safety
    /// Dropping the future stops what was started.
    pub async fn start(self) -> Result<Host, HostError> {
        Host::start(self.config).await
    }

    /// Starts the host and runs until Ctrl-C, on Unix also SIGTERM, and then stops it.
    ///
    /// Use [`start`](Self::start) in an application that handles these itself.
    ///
    /// # Errors
    /// As [`start`](Self::start), and if the signals cannot be watched.
    pub async fn serve(self) -> Result<(), HostError> {
        let mut signals = StopSignals::watch()?;
        let host = self.start().await?;
        signals.next().await;
        host.stop().await;
        Ok(())
    }
}
