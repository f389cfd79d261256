//! A running host.

use std::collections::BTreeMap;
use std::process::ExitStatus;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use onepool_proto::DatabaseKind;
use onepool_proto::endpoint::Endpoint;
use onepool_proto::handshake::Token;
use onepool_proto::memory::MemoryDialer;
use onepool_proto::{Code, Failure};
use tokio::runtime::Handle;
use tokio::time::timeout;
use tokio_util::sync::{CancellationToken, DropGuard};
use tokio_util::task::TaskTracker;

use crate::builder::HostBuilder;
use crate::config::{Config, check_default_quota, check_quota};
use crate::databases::{Databases, Plans};
use crate::db::Access;
use crate::engine;
use crate::error::HostError;
use crate::listener::{Listener, Reception};
use crate::peer::AllowedUsers;
use crate::plugin::{
    Launcher, Order, Orders, PluginStatus, Registry, Spawner, Supervisors, check_name,
};
use crate::pool::Quota;
use crate::roster::{self, Roster, RosterConfig};
use crate::telemetry::{Counters, Histogram, watch_lag};
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
    pub(crate) registry: Registry,
    pub(crate) roster: Roster,
    pub(crate) supervisors: Supervisors,
    /// The users whose processes may connect.
    pub(crate) users: AllowedUsers,
    /// As whom plugins' backends are opened that are not the host's own.
    pub(crate) accesses: BTreeMap<String, Access>,
    /// Held by whoever changes what the host was started with.
    pub(crate) changing: tokio::sync::Mutex<()>,
    pub(crate) counters: Arc<Counters>,
    /// How late the host's thread was.
    pub(crate) lag: Arc<Histogram>,
    pub(crate) started: SystemTime,
    /// The host's thread.
    pub(crate) thread: Handle,
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
        let host = engine::run(|running| Self::start_here(config, running)).await;
        host.map_err(HostError::io("start", "the host's thread"))?
    }

    /// Starts on the thread that keeps running until `running` is dropped.
    async fn start_here(config: Config, running: DropGuard) -> Result<Self, HostError> {
        let plans = Plans::new(&config).await?;
        let (kind, place, others) = plans.in_words();
        // The endpoint comes first: another host that runs already is noticed before this one
        // touches the database.
        let listener = Listener::bind(&config).await?;
        let spawner = Spawner::start().map_err(HostError::io("start", "a thread"))?;
        let databases = plans.open().await?;
        tracing::info!(
            endpoint = %listener.endpoint(),
            database = %kind,
            place,
            max_connections = config.max_connections,
            others,
            "the host is up"
        );
        let (host, launcher) = Self::open(&config, databases, listener, spawner, running);
        if let Err(error) = host.supervisors.start(&launcher, &config.plugins).await {
            host.stop().await;
            return Err(error);
        }
        Ok(host)
    }

    /// Puts the parts together. From here on the host stops in order, whatever happens.
    fn open(
        config: &Config,
        databases: Databases,
        listener: Listener,
        spawner: Spawner,
        running: DropGuard,
    ) -> (Self, Arc<Launcher>) {
        let counters = Arc::new(Counters::default());
        let (registry, orders) = (Registry::default(), Orders::default());
        let (tracker, stop) = (TaskTracker::new(), CancellationToken::new());
        let roster = Roster::new(RosterConfig {
            databases: databases.clone(),
            limits: config.limits,
            max_sessions: config.max_sessions,
            reader_timeout: config.reader_timeout,
            readers: config.readers(),
            tracker: tracker.clone(),
            counters: Arc::clone(&counters),
        });
        let launcher = Arc::new(Launcher {
            spawner,
            endpoint: listener.endpoint().clone(),
            registry: registry.clone(),
            roster: roster.clone(),
            orders: orders.clone(),
            order: Order::default(),
            tracker: tracker.clone(),
        });
        let host = Self {
            users: AllowedUsers::new(&config.users()),
            accesses: config.all_accesses(databases.main().pool.kind()),
            changing: tokio::sync::Mutex::default(),
            endpoint: listener.endpoint().clone(),
            registry: registry.clone(),
            roster: roster.clone(),
            supervisors: Supervisors::default(),
            counters: Arc::clone(&counters),
            lag: watch_lag(&tracker, &stop),
            started: SystemTime::now(),
            thread: Handle::current(),
            stop: stop.clone(),
            stopped: CancellationToken::new(),
            _stop_on_drop: stop.clone().drop_guard(),
        };
        tracker.spawn(listener.run(Reception {
            users: host.users.clone(),
            registry,
            roster: roster.clone(),
            counters,
            frame_bytes: config.limits.frame_bytes,
            tracker: tracker.clone(),
            closing: stop.clone(),
        }));
        // Not tracked, because it waits for those that are; `stopped` says when it has ended.
        let wind_down = WindDown {
            databases,
            roster,
            orders,
            launcher: Arc::clone(&launcher),
            tracker,
            timeout: config.stop_timeout,
        };
        let stopped = host.stopped.clone().drop_guard();
        tokio::spawn(wind_down.run_and_drop(stop, (stopped, running)));
        (host, launcher)
    }

    /// Where plugins connect.
    #[must_use]
    pub fn endpoint(&self) -> &Endpoint {
        &self.endpoint
    }

    /// The kind of the main database.
    #[must_use]
    pub fn database(&self) -> DatabaseKind {
        self.roster.pool().kind()
    }

    /// The cap: how many connections the database ever sees.
    #[must_use]
    pub fn max_connections(&self) -> u32 {
        self.roster.pool().max_connections()
    }

    /// Changes the cap while the host runs. When it is lowered, idle connections that are too many
    /// are closed at once and the others as they come free; until then none is opened.
    ///
    /// # Errors
    /// [`HostError::Database`] if the cap leaves nothing for work, cannot hold the guaranteed
    /// minimums, or is more than the database allows. It is then as before.
    ///
    /// # Cancel safety
    /// Dropping the future leaves the cap as it was, or as it shall be.
    pub async fn set_max_connections(&self, cap: u32) -> Result<(), HostError> {
        let set = self.roster.pool().set_max_connections(cap).await;
        set.map_err(HostError::Database)
    }

    /// The same for the database of this name.
    ///
    /// # Errors
    /// As [`set_max_connections`](Self::set_max_connections), and [`HostError::NamedDatabase`] also if
    /// there is no such database.
    ///
    /// # Cancel safety
    /// As that one.
    pub async fn set_max_connections_of(&self, database: &str, cap: u32) -> Result<(), HostError> {
        let place = self.roster.databases().named(database)?;
        let set = place.pool.set_max_connections(cap).await;
        set.map_err(|failure| place.wrong(failure))
    }

    /// Returns when the host's thread has taken a turn: at once, unless it is stuck. For watchdogs.
    ///
    /// # Cancel safety
    /// Dropping the future changes nothing.
    pub async fn responds(&self) {
        // A host that has stopped has nothing left to be stuck in.
        let _ = self.thread.spawn(async {}).await;
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
        MemoryDialer::new(Arc::clone(&name), move |database| {
            check_name(&name)
                .map_err(|error| Failure::new(Code::INVALID_ARGUMENT, error.to_string()))?;
            roster.open_in_memory(Arc::clone(&name), database)
        })
    }

    /// The plugins that were launched, and those that have a session, by name.
    #[must_use]
    pub fn plugins(&self) -> Vec<PluginStatus> {
        self.registry.plugins(&self.roster.plugins())
    }

    /// Ends the launched plugin of this name in order, if it runs, and starts its program, which
    /// may have been replaced; other plugins are not touched. Returns when the plugin has
    /// connected, or has ended with success. A plugin that the host has given up on gets all its
    /// attempts anew.
    ///
    /// # Errors
    /// [`HostError::NoSuchPlugin`] if the host does not launch a plugin of this name, and
    /// [`HostError::PluginStart`] if it did not come up; it is then started again as its
    /// [`Restart`](crate::Restart) says.
    ///
    /// # Cancel safety
    /// Dropping the future changes nothing once the order is given.
    pub async fn restart_plugin(&self, name: &str) -> Result<(), HostError> {
        self.supervisors.restart(name).await
    }

    /// Waits until the launched plugin of this name has ended for good, and says how: `None` if
    /// the operating system does not say. Returns `None` at once if no such plugin was launched.
    ///
    /// # Cancel safety
    /// Dropping the future changes nothing.
    pub async fn plugin_ended(&self, name: &str) -> Option<ExitStatus> {
        self.registry.ended(name).await
    }

    /// What a plugin may have, whether that is its own quota or the default.
    #[must_use]
    pub fn quota(&self, plugin: &str) -> Quota {
        self.roster.pool().quota(&plugin.into()).get()
    }

    /// Gives a plugin, whether it runs or not, a quota of its own; in force at once, also for
    /// what is already under way.
    ///
    /// # Errors
    /// [`HostError::PluginName`] if this is not a name for a plugin, [`HostError::Quota`] if
    /// nothing could run with the quota, and [`HostError::Database`] if its minimum does not fit
    /// the cap beside those of the others. The quota is then as before.
    pub fn set_quota(&self, plugin: &str, quota: Quota) -> Result<(), HostError> {
        check_name(plugin)?;
        check_quota(plugin, &quota)?;
        let set = self.roster.pool().set_quota(&plugin.into(), quota);
        set.map_err(HostError::Database)?;
        for place in self.roster.databases().others() {
            let quota = Quota { min: 0, ..quota };
            let set = place.pool.set_quota(&plugin.into(), quota);
            set.map_err(HostError::Database)?;
        }
        Ok(())
    }

    /// Changes the quota of every plugin that has none of its own; in force at once.
    ///
    /// # Errors
    /// [`HostError::Setting`] if nothing could run with the quota, or if it guarantees a minimum.
    pub fn set_default_quota(&self, quota: Quota) -> Result<(), HostError> {
        check_default_quota(&quota)?;
        for place in self.roster.databases().all() {
            place.pool.set_default_quota(quota);
        }
        Ok(())
    }

    /// Stops the host: no more sessions; launched plugins are asked to end (see
    /// [`StopGraces`](crate::StopGraces)) and keep their sessions until they have; other sessions
    /// end when the calls under way have been answered. What is left after the [stop
    /// timeout](HostBuilder::stop_timeout) is ended. Then the pool closes its backends.
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
    databases: Databases,
    pub(crate) roster: Roster,
    orders: Orders,
    /// Its thread must outlive the plugins that it started.
    launcher: Arc<Launcher>,
    tracker: TaskTracker,
    timeout: Duration,
}

impl WindDown {
    /// Keeps the guards until everything has ended.
    async fn run_and_drop(self, stop: CancellationToken, guards: (DropGuard, DropGuard)) {
        self.run(stop).await;
        drop(guards);
    }

    async fn run(self, stop: CancellationToken) {
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
        self.databases.stop().await;
        tracing::info!("the host has stopped");
    }
}
