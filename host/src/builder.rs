//! How a host is put together.

use std::sync::Arc;
use std::time::Duration;

use onepool_proto::Limits;
use onepool_proto::endpoint::Endpoint;

use crate::config::{Config, Database};
use crate::error::HostError;
use crate::host::Host;
use crate::plugin::Plugin;
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
        let supplier = move || {
            let url = supply();
            Box::pin(async move { url.await.map_err(Into::into) }) as _
        };
        self.config.database = Some(Database::Supplier(Arc::new(supplier)));
        self
    }

    /// The cap: how many connections the database ever sees, all of them counted. Default: 10.
    pub fn max_connections(mut self, cap: u32) -> Self {
        self.config.max_connections = cap;
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

    /// How long [`Host::stop`] waits for plugins to end by themselves. Default: 10 seconds.
    pub fn stop_timeout(mut self, timeout: Duration) -> Self {
        self.config.stop_timeout = timeout;
        self
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
