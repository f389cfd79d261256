//! The live sessions of a host, and the only way to begin one.

use std::fmt;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;

use dashmap::DashMap;
use futures_util::FutureExt;
use onepool_proto::handshake::{Token, Welcome};
use onepool_proto::id::{Mint, SessionId};
use onepool_proto::{Code, DatabaseKind, Failure, Limits, PROTOCOL_VERSION};
use tokio::runtime::Handle;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, TryAcquireError};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tracing::Instrument;

use crate::plugin::LaunchId;
use crate::pool::{Pool, PoolStats, Share};
use crate::session::{self, SessionContext};
use crate::telemetry::Counters;
use crate::transport::{MemoryWire, Orderly, Parting, Partings, Wire, partings};

/// The live sessions of a host. Clones are handles to the same ones.
#[derive(Clone, Debug)]
pub(crate) struct Roster(Arc<Inner>);

struct Inner {
    pool: Pool,
    database: DatabaseKind,
    limits: Limits,
    mint: Mint,
    live: DashMap<SessionId, Live>,
    /// One permit for each session that may still begin; closed when the host stops.
    seats: Arc<Semaphore>,
    max_sessions: usize,
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
    launch: Option<LaunchId>,
    partings: Partings,
}

/// What a roster is made of.
#[derive(Debug)]
pub(crate) struct RosterConfig {
    pub(crate) pool: Pool,
    pub(crate) database: DatabaseKind,
    pub(crate) limits: Limits,
    pub(crate) max_sessions: usize,
    pub(crate) tracker: TaskTracker,
    pub(crate) counters: Arc<Counters>,
}

/// Permission to begin one session. Dropping it gives the seat back.
#[must_use]
#[derive(Debug)]
pub(crate) struct Seat {
    roster: Roster,
    id: SessionId,
    _permit: OwnedSemaphorePermit,
}

impl Roster {
    /// A roster without sessions, on the current runtime.
    pub(crate) fn new(config: RosterConfig) -> Self {
        Self(Arc::new(Inner {
            pool: config.pool,
            database: config.database,
            limits: config.limits,
            mint: Mint::new(),
            live: DashMap::new(),
            seats: Arc::new(Semaphore::new(config.max_sessions)),
            max_sessions: config.max_sessions,
            stop: CancellationToken::new(),
            tracker: config.tracker,
            runtime: Handle::current(),
            counters: config.counters,
        }))
    }

    /// A seat for one session.
    ///
    /// # Errors
    /// [`Code::HOST_FULL`] and [`Code::HOST_STOPPING`].
    pub(crate) fn seat(&self) -> Result<Seat, Failure> {
        match Arc::clone(&self.0.seats).try_acquire_owned() {
            Ok(permit) => Ok(Seat {
                roster: self.clone(),
                id: SessionId::mint(&self.0.mint),
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
    ) -> Result<(Welcome, onepool_proto::memory::MemoryChannel), Failure> {
        // A host that stops meanwhile waits for this session, too.
        let _tracked = self.0.tracker.token();
        let seat = self.seat()?;
        let welcome = seat.welcome(PROTOCOL_VERSION, Token::new(""));
        let (wire, channel) = MemoryWire::pair();
        let session = seat.serve(plugin, None, wire);
        self.0.tracker.spawn_on(session, &self.0.runtime);
        Ok((welcome, channel))
    }

    /// What the pool holds and has done.
    pub(crate) fn pool_stats(&self) -> PoolStats {
        self.0.pool.stats()
    }

    /// What a plugin may have of the pool.
    pub(crate) fn set_share(&self, plugin: &Arc<str>, share: Share) {
        self.0.pool.set_share(plugin, share);
    }

    /// How many sessions there are.
    pub(crate) fn len(&self) -> usize {
        self.0.live.len()
    }

    /// The plugin of each session, one entry for each session.
    pub(crate) fn plugins(&self) -> Vec<Arc<str>> {
        self.0
            .live
            .iter()
            .map(|live| Arc::clone(&live.plugin))
            .collect()
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

    fn part_where(&self, parting: &Parting, matches: impl Fn(&Live) -> bool) {
        for live in self.0.live.iter().filter(|live| matches(live)) {
            live.partings.part(parting.clone());
        }
    }

    /// Ends every session without another word.
    pub(crate) fn cut(&self) {
        self.0.stop.cancel();
    }
}

impl Seat {
    /// What the plugin is told of its new session.
    pub(crate) fn welcome(&self, version: u16, next_token: Token) -> Welcome {
        Welcome {
            version,
            session: self.id,
            database: self.roster.0.database,
            limits: self.roster.0.limits,
            features: 0,
            next_token,
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
        let context = SessionContext {
            id: self.id,
            plugin: Arc::clone(&plugin),
            pool: inner.pool.clone(),
            limits: inner.limits,
            stop: inner.stop.child_token(),
        };
        let span = tracing::info_span!("session", plugin = &*plugin, id = %self.id);
        let live = Live {
            plugin,
            launch,
            partings,
        };
        let partings = live.partings.clone();
        inner.live.insert(self.id, live);
        if inner.seats.is_closed() {
            // The host began to stop after it had given this seat, and may have missed it when it
            // told the others.
            partings.part(Parting::Drained(stopping()));
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
