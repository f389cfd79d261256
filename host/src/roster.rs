//! The live sessions of a host, and the only way to begin one.

use std::collections::HashSet;
use std::fmt;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use dashmap::DashMap;
use dashmap::mapref::multiple::RefMulti;
use futures_util::FutureExt;
use onepool_proto::handshake::{Token, Welcome};
use onepool_proto::id::{Mint, SessionId};
use onepool_proto::memory::MemoryLink;
use onepool_proto::{Code, Failure, Limits, PROTOCOL_VERSION};
use parking_lot::RwLock;
use tokio::runtime::Handle;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, TryAcquireError};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tracing::Instrument;

use crate::databases::{Databases, Place};
use crate::plugin::{LaunchId, PluginSession};
use crate::pool::{Holder, Pool};
use crate::session::{self, SessionContext, ShutdownAsk};
use crate::telemetry::Counters;
use crate::transport::{MemoryWire, Orderly, Parting, Partings, Wire, partings};

/// The live sessions of a host. Clones are handles to the same ones.
#[derive(Clone, Debug)]
pub(crate) struct Roster(Arc<Inner>);

struct Inner {
    databases: Databases,
    limits: Limits,
    mint: Mint,
    live: DashMap<SessionId, Live>,
    /// One permit for each session that may still begin; closed when the host stops.
    seats: Arc<Semaphore>,
    max_sessions: usize,
    reader_timeout: Duration,
    readers: RwLock<HashSet<String>>,
    /// Ends every session at once.
    stop: CancellationToken,
    tracker: TaskTracker,
    /// The host's runtime: sessions outlive whoever dials them.
    runtime: Handle,
    counters: Arc<Counters>,
}

/// What is known of a session while it lives.
#[derive(Debug)]
struct Live {
    plugin: Arc<str>,
    /// As whom it holds backends and waits for them.
    holder: Holder,
    launch: Option<LaunchId>,
    partings: Partings,
    shutdown: ShutdownAsk,
}

impl Live {
    fn part(&self, parting: Parting) {
        if let Parting::Drained(reason) = &parting {
            // A plugin that waits to be asked to end would keep the session from draining.
            self.shutdown.session_ends(reason.clone());
        }
        self.partings.part(parting);
    }
}

/// What a roster is made of.
#[derive(Debug)]
pub(crate) struct RosterConfig {
    pub(crate) databases: Databases,
    pub(crate) limits: Limits,
    pub(crate) max_sessions: usize,
    pub(crate) reader_timeout: Duration,
    /// The names of the plugins that only read.
    pub(crate) readers: HashSet<String>,
    pub(crate) tracker: TaskTracker,
    pub(crate) counters: Arc<Counters>,
}

/// Permission to begin one session. Dropping it gives the seat back.
#[must_use]
#[derive(Debug)]
pub(crate) struct Seat {
    roster: Roster,
    id: SessionId,
    place: Place,
    _permit: OwnedSemaphorePermit,
}

impl Roster {
    /// A roster without sessions, on the current runtime.
    pub(crate) fn new(config: RosterConfig) -> Self {
        Self(Arc::new(Inner {
            databases: config.databases,
            limits: config.limits,
            mint: Mint::new(),
            live: DashMap::new(),
            seats: Arc::new(Semaphore::new(config.max_sessions)),
            max_sessions: config.max_sessions,
            reader_timeout: config.reader_timeout,
            readers: RwLock::new(config.readers),
            stop: CancellationToken::new(),
            tracker: config.tracker,
            runtime: Handle::current(),
            counters: config.counters,
        }))
    }

    /// A seat for one session, with the main database.
    ///
    /// # Errors
    /// [`Code::HOST_FULL`] and [`Code::HOST_STOPPING`].
    pub(crate) fn seat(&self) -> Result<Seat, Failure> {
        match Arc::clone(&self.0.seats).try_acquire_owned() {
            Ok(permit) => Ok(Seat {
                roster: self.clone(),
                id: SessionId::mint(&self.0.mint),
                place: self.0.databases.main().clone(),
                _permit: permit,
            }),
            Err(TryAcquireError::NoPermits) => Err(Failure::new(
                Code::HOST_FULL,
                format!(
                    "the host already serves {} sessions, as many as it may; stop plugins that \
                     are not needed, or raise max_sessions",
                    self.0.max_sessions
                ),
            )),
            Err(TryAcquireError::Closed) => Err(stopping()),
        }
    }

    /// Begins a session with a client in the host's own process.
    pub(crate) fn open_in_memory(
        &self,
        plugin: Arc<str>,
        database: Option<&str>,
    ) -> Result<MemoryLink, Failure> {
        // A host that stops meanwhile waits for this session, too.
        let _tracked = self.0.tracker.token();
        let seat = self.seat()?.with(database, &plugin)?;
        let welcome = seat.welcome(PROTOCOL_VERSION, &plugin, Token::new(""));
        let (wire, channel, goodbye) = MemoryWire::pair();
        let session = seat.serve(plugin, None, wire);
        self.0.tracker.spawn_on(session, &self.0.runtime);
        Ok(MemoryLink {
            welcome,
            channel,
            goodbye,
        })
    }

    /// The databases that sessions may be with.
    pub(crate) fn databases(&self) -> &Databases {
        &self.0.databases
    }

    /// The pool of the main database.
    pub(crate) fn pool(&self) -> &Pool {
        &self.0.databases.main().pool
    }

    /// The names of the plugins that only read, for sessions that begin from now on.
    pub(crate) fn set_readers(&self, readers: HashSet<String>) {
        *self.0.readers.write() = readers;
    }

    /// How many sessions there are.
    pub(crate) fn len(&self) -> usize {
        self.0.live.len()
    }

    /// Whose each session is.
    pub(crate) fn plugins(&self) -> Vec<PluginSession> {
        let session = |live: RefMulti<'_, SessionId, Live>| PluginSession {
            plugin: Arc::clone(&live.plugin),
            awaits_shutdown: live.shutdown.is_awaited(),
        };
        self.0.live.iter().map(session).collect()
    }

    /// Begins no more sessions.
    pub(crate) fn close(&self) {
        self.0.seats.close();
    }

    /// Tells all sessions to end.
    pub(crate) fn part(&self, parting: &Parting) {
        self.part_where(parting, |_| true);
    }

    /// Tells the sessions to end that no launched process opened.
    pub(crate) fn part_attached(&self, parting: &Parting) {
        self.part_where(parting, |live| live.launch.is_none());
    }

    /// Tells the sessions of one launched process to end.
    pub(crate) fn part_launch(&self, launch: LaunchId, parting: &Parting) {
        self.part_where(parting, |live| live.launch == Some(launch));
    }

    /// Tells one session to end. Whether there is such a one.
    pub(crate) fn part_holder(&self, holder: Holder, parting: &Parting) -> bool {
        let mut found = self.0.live.iter().filter(|live| live.holder == holder);
        let live = found.next();
        live.map(|live| live.part(parting.clone())).is_some()
    }

    fn part_where(&self, parting: &Parting, matches: impl Fn(&Live) -> bool) {
        for live in self.0.live.iter().filter(|live| matches(live)) {
            live.part(parting.clone());
        }
    }

    /// Asks one launched process, over its sessions, to end. Returns whether anything in it waits
    /// to be asked.
    pub(crate) fn ask_to_end(&self, launch: LaunchId) -> bool {
        let sessions = self
            .0
            .live
            .iter()
            .filter(|live| live.launch == Some(launch));
        // Each is to be told, so no short cut.
        sessions
            .map(|live| live.shutdown.ask())
            .fold(false, |any, listens| any | listens)
    }

    /// Ends every session without another word.
    pub(crate) fn cut(&self) {
        self.0.stop.cancel();
    }
}

impl Seat {
    /// The same with the database of this name, if `plugin` may use it.
    ///
    /// # Errors
    /// As [`Databases::find`].
    pub(crate) fn with(mut self, database: Option<&str>, plugin: &str) -> Result<Self, Failure> {
        let databases = &self.roster.0.databases;
        self.place = databases.find(database, plugin)?.clone();
        Ok(self)
    }

    /// What the plugin is told of its new session.
    pub(crate) fn welcome(&self, version: u16, plugin: &str, next_token: Token) -> Welcome {
        let databases = &self.roster.0.databases;
        let is_main = self.place.name == databases.main().name;
        let replica = databases.replica_for(plugin).filter(|_| is_main);
        Welcome {
            version,
            session: self.id,
            database: self.place.pool.kind(),
            limits: self.roster.0.limits,
            features: 0,
            next_token,
            replica: replica.map(|place| place.name.to_string()),
        }
    }

    /// Runs the session until it ends. It is on the roster as soon as this has been called.
    pub(crate) fn serve<W: Wire>(
        self,
        plugin: Arc<str>,
        launch: Option<LaunchId>,
        wire: W,
    ) -> impl Future<Output = ()> + Send + 'static {
        let inner = &self.roster.0;
        let (partings, orders) = partings();
        let shutdown = ShutdownAsk::default();
        let Place { pool, replica, .. } = self.place.clone();
        let holder = pool.new_holder();
        let context = SessionContext {
            id: self.id,
            holder,
            plugin: Arc::clone(&plugin),
            quota: pool.quota(&plugin),
            tally: pool.tally(&plugin),
            pool,
            read_only: replica || inner.readers.read().contains(&*plugin),
            limits: inner.limits,
            shutdown: shutdown.clone(),
            reader_timeout: inner.reader_timeout,
            stop: inner.stop.child_token(),
        };
        let span = tracing::debug_span!("session", plugin = &*plugin, id = %self.id);
        let live = Live {
            plugin,
            holder,
            launch,
            partings,
            shutdown,
        };
        inner.live.insert(self.id, live);
        if inner.seats.is_closed() {
            // The host began to stop after it had given this seat, and may have missed it when it
            // told the others.
            if let Some(live) = inner.live.get(&self.id) {
                live.part(Parting::Drained(stopping()));
            }
        }
        inner.counters.sessions_opened.add_one();
        let seated = Seated(self);
        async move {
            tracing::debug!("session opened");
            let session = session::serve(Orderly::new(wire, orders), context);
            match AssertUnwindSafe(session).catch_unwind().await {
                Ok(()) => tracing::debug!("session ended"),
                Err(_) => {
                    seated.0.roster.0.counters.sessions_panicked.add_one();
                    tracing::error!("a panic ended the session; other sessions go on");
                }
            }
            drop(seated);
        }
        .instrument(span)
    }
}

/// Takes a session off the roster when it ends, however it ends.
#[derive(Debug)]
struct Seated(Seat);

impl Drop for Seated {
    fn drop(&mut self) {
        self.0.roster.0.live.remove(&self.0.id);
    }
}

/// What whoever comes to a stopping host is told.
pub(crate) fn stopping() -> Failure {
    Failure::new(
        Code::HOST_STOPPING,
        "the host is stopping and serves no more sessions",
    )
}

impl fmt::Debug for Inner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Roster")
            .field("sessions", &self.live.len())
            .field("max_sessions", &self.max_sessions)
            .finish_non_exhaustive()
    }
}
