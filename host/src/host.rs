//! A running host.

use std::process::ExitStatus;
use std::sync::Arc;
use std::time::Duration;

use onepool_proto::DatabaseKind;
use onepool_proto::endpoint::Endpoint;
use onepool_proto::handshake::Token;
use onepool_proto::memory::{MemoryDialer, MemoryLink};
use onepool_proto::{Code, Failure};
use tokio::time::timeout;
use tokio_util::sync::{CancellationToken, DropGuard};
use tokio_util::task::TaskTracker;

use crate::builder::HostBuilder;
use crate::config::Config;
use crate::error::HostError;
use crate::listener::{Listener, Reception};
use crate::peer::AllowedUsers;
use crate::plugin::{Launcher, Orders, PluginStatus, Registry, Spawner, check_name};
use crate::pool::{Pool, PoolConfig, PoolStats, Share};
use crate::roster::{self, Roster, RosterConfig};
use crate::telemetry::{Counters, HostStats};
use crate::transport::Parting;

/// How long plugins and sessions get to end after they have been told to end at once.
const KILL_TIMEOUT: Duration = Duration::from_secs(2);

/// A running host: the pool, the endpoint, and the plugins.
///
/// Dropping it stops it in the background; [`stop`](Self::stop) stops it and waits until it has.
///
/// ```no_run
/// # async fn run() -> Result<(), onepool_host::HostError> {
/// let host = onepool_host::Host::builder()
///     .database("sqlite:app.db?mode=rwc")
///     .max_connections(8)
///     .start()
///     .await?;
/// println!("plugins connect to {}", host.endpoint());
/// host.stop().await;
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct Host {
    endpoint: Endpoint,
    database: DatabaseKind,
    max_connections: u32,
    pub(crate) registry: Registry,
    pub(crate) roster: Roster,
    counters: Arc<Counters>,
    stop: CancellationToken,
    pub(crate) stopped: CancellationToken,
    _stop_on_drop: DropGuard,
}

impl Host {
    /// Begins to put a host together.
    pub fn builder() -> HostBuilder {
        HostBuilder::default()
    }

    pub(crate) async fn start(config: Config) -> Result<Self, HostError> {
        config.check()?;
        let source = config.source().await?;
        let kind = source.kind();
        let place = source.place();
        // The endpoint comes first: another host that runs already is noticed before this one
        // touches the database.
        let listener = Listener::bind(&config).await?;
        let spawner = Spawner::start().map_err(HostError::io("start", "a thread"))?;
        let pool = Pool::start(PoolConfig {
            source,
            max_connections: config.max_connections,
            harmless_functions: config.harmless_functions.clone(),
            shares: config.shares(),
        });
        let pool = pool.await.map_err(HostError::Database)?;
        tracing::info!(
            endpoint = %listener.endpoint(),
            database = %kind,
            place,
            max_connections = config.max_connections,
            "the host is up"
        );
        let (host, launcher) = Self::open(&config, kind, pool, listener, spawner);
        for plugin in &config.plugins {
            if let Err(error) = launcher.launch(plugin).await {
                host.stop().await;
                return Err(error);
            }
        }
        Ok(host)
    }

    /// Puts the parts together. From here on the host stops in order, whatever happens.
    fn open(
        config: &Config,
        database: DatabaseKind,
        pool: Pool,
        listener: Listener,
        spawner: Spawner,
    ) -> (Self, Arc<Launcher>) {
        let counters = Arc::new(Counters::default());
        let tracker = TaskTracker::new();
        let registry = Registry::default();
        let orders = Orders::default();
        let stop = CancellationToken::new();
        let roster = Roster::new(RosterConfig {
            pool: pool.clone(),
            database,
            limits: config.limits,
            max_sessions: config.max_sessions,
            tracker: tracker.clone(),
            counters: Arc::clone(&counters),
        });
        let launcher = Arc::new(Launcher {
            spawner,
            endpoint: listener.endpoint().clone(),
            registry: registry.clone(),
            roster: roster.clone(),
            orders: orders.clone(),
            tracker: tracker.clone(),
        });
        let host = Self {
            endpoint: listener.endpoint().clone(),
            database,
            max_connections: config.max_connections,
            registry: registry.clone(),
            roster: roster.clone(),
            counters: Arc::clone(&counters),
            stop: stop.clone(),
            stopped: CancellationToken::new(),
            _stop_on_drop: stop.clone().drop_guard(),
        };
        tracker.spawn(listener.run(Reception {
            users: AllowedUsers::new(&config.allowed_users),
            registry,
            roster: roster.clone(),
            counters,
            frame_bytes: config.limits.frame_bytes,
            tracker: tracker.clone(),
            closing: stop.clone(),
        }));
        // Not tracked, because it waits for those that are; `stopped` says when it has ended.
        let wind_down = WindDown {
            pool,
            roster,
            orders,
            launcher: Arc::clone(&launcher),
            tracker,
            timeout: config.stop_timeout,
        };
        tokio::spawn(wind_down.run(stop, host.stopped.clone().drop_guard()));
        (host, launcher)
    }

    /// Where plugins connect.
    #[must_use]
    pub fn endpoint(&self) -> &Endpoint {
        &self.endpoint
    }

    /// The kind of database behind this host.
    #[must_use]
    pub fn database(&self) -> DatabaseKind {
        self.database
    }

    /// The cap: how many connections the database ever sees.
    #[must_use]
    pub fn max_connections(&self) -> u32 {
        self.max_connections
    }

    /// A token for a plugin that the host does not launch, to attach from outside as the plugin
    /// of this name. It admits one session; a session that breaks can be opened anew with what
    /// the handshake told it.
    ///
    /// Give it to the plugin in the environment variable `ONEPOOL_TOKEN`, beside
    /// `ONEPOOL_ENDPOINT` and `ONEPOOL_PLUGIN`. Whoever has it and runs as an allowed user comes
    /// in.
    ///
    /// # Errors
    /// [`HostError::PluginName`] if this is not a name for a plugin.
    pub fn issue_token(&self, name: &str) -> Result<Token, HostError> {
        self.registry.issue(name)
    }

    /// The way to this host's pool for code in the same process, without a socket: an SDK
    /// connected through it counts as the plugin of this name.
    ///
    /// The dialer may outlive the host; it then refuses with
    /// [`HOST_STOPPING`](Code::HOST_STOPPING).
    #[must_use]
    pub fn client(&self, name: &str) -> MemoryDialer {
        let roster = self.roster.clone();
        let name: Arc<str> = name.into();
        MemoryDialer::new(Arc::clone(&name), move || {
            check_name(&name)
                .map_err(|error| Failure::new(Code::INVALID_ARGUMENT, error.to_string()))?;
            let (welcome, channel) = roster.open_in_memory(Arc::clone(&name))?;
            Ok(MemoryLink { welcome, channel })
        })
    }

    /// The plugins that were launched, and those that have a session, by name.
    #[must_use]
    pub fn plugins(&self) -> Vec<PluginStatus> {
        self.registry.plugins(&self.roster.plugins())
    }

    /// Waits until the launched plugin of this name has ended, and says how: `None` if the
    /// operating system does not say. Returns `None` at once if no such plugin was launched.
    ///
    /// # Cancel safety
    /// Dropping the future changes nothing.
    pub async fn plugin_ended(&self, name: &str) -> Option<ExitStatus> {
        self.registry.ended(name).await
    }

    /// What the host has counted so far.
    #[must_use]
    pub fn stats(&self) -> HostStats {
        self.counters.read(self.roster.len())
    }

    /// What the pool holds now, and what it has done so far.
    #[must_use]
    pub fn pool_stats(&self) -> PoolStats {
        self.roster.pool_stats()
    }

    /// What each plugin may have of the pool beside the others; in force at once.
    pub fn set_share(&self, plugin: &str, share: Share) {
        self.roster.set_share(&plugin.into(), share);
    }

    /// Stops the host: no more sessions; launched plugins are asked to end (SIGTERM) and keep
    /// their sessions until they have; other sessions end when the calls under way have been
    /// answered. What is left after the [stop timeout](HostBuilder::stop_timeout) is ended. Then
    /// the pool closes its backends.
    ///
    /// Returns when all this is done; calling it again waits for the same.
    ///
    /// # Cancel safety
    /// Dropping the future does not stop the stopping.
    pub async fn stop(&self) {
        self.stop.cancel();
        self.stopped().await;
    }

    /// Returns when the host has stopped.
    pub async fn stopped(&self) {
        self.stopped.cancelled().await;
    }
}

/// Stops a host, step by step.
struct WindDown {
    pool: Pool,
    pub(crate) roster: Roster,
    orders: Orders,
    /// Its thread must outlive the plugins that it started.
    launcher: Arc<Launcher>,
    tracker: TaskTracker,
    timeout: Duration,
}

impl WindDown {
    async fn run(self, stop: CancellationToken, _stopped: DropGuard) {
        // The listener closes at the same token.
        stop.cancelled().await;
        tracing::info!("the host is stopping");
        self.roster.close();
        self.orders.terminate.cancel();
        let drained = Parting::Drained(roster::stopping());
        self.roster.part_attached(&drained);
        self.tracker.close();
        if timeout(self.timeout, self.tracker.wait()).await.is_err() {
            tracing::warn!(sessions = self.roster.len(), "not everybody ended in time");
            self.orders.kill.cancel();
            self.roster.part(&Parting::Now(roster::stopping()));
            if timeout(KILL_TIMEOUT, self.tracker.wait()).await.is_err() {
                self.roster.cut();
                self.tracker.wait().await;
            }
        }
        drop(self.launcher);
        self.pool.stop().await;
        tracing::info!("the host has stopped");
    }
}
