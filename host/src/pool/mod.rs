//! The pool: one ledger, one scheduler, one owner for each backend.
//!
//! A caller [acquires](Pool::acquire) a [`Lease`], sends [`Job`]s to the backend's owner through
//! it, and gives it back by dropping it or with its last job. The [`scheduler`] says who is next,
//! the [`ledger`] whether there may be one more, and each backend's [`owner`] alone touches its
//! connection.

mod acquire;
mod control;
mod job;
mod lease;
mod ledger;
mod owner;
mod scheduler;
mod settings;
mod stats;

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use dashmap::DashMap;
use onepool_proto::{Code, DatabaseKind, Failure, limits};
use parking_lot::Mutex;
use tokio::sync::{mpsc, oneshot};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

pub(crate) use acquire::Patience;
pub(crate) use job::{
    After, Batch, Finish, Finished, Job, Prepare, Run, Setup, Step, Stop, Text, Unread,
};
pub(crate) use lease::Lease;
pub use ledger::Counts;
pub(crate) use ledger::{BackendId, Purpose};
pub use scheduler::Share;
pub(crate) use scheduler::{Ask, Turn};
pub(crate) use settings::Settings;
pub use stats::{PluginStats, PoolStats};

use crate::db::classify::{Dialect, FunctionList, classify};
use crate::db::{Driver, Source};
use control::Control;
use lease::OwnerSender;
use ledger::Grant;
use scheduler::{Action, Scheduler, WaiterId};
use stats::Stats;

/// How long a caller waits for a backend unless its quota says otherwise.
pub(crate) const QUEUE_TIMEOUT: Duration = Duration::from_secs(30);

/// Statement texts whose verdict is remembered.
const VERDICTS: usize = 4096;

/// What the pool is started with.
#[derive(Debug)]
pub(crate) struct PoolConfig {
    pub(crate) source: Source,
    /// The cap: backends of every kind, the control backend included.
    pub(crate) max_connections: u32,
    /// Functions of the database that leave nothing behind on a session.
    pub(crate) harmless_functions: Vec<String>,
    /// What each plugin may have.
    pub(crate) shares: Vec<(Arc<str>, Share)>,
}

impl PoolConfig {
    /// Backends that are not for work: on a server, the control backend.
    fn control(&self) -> u32 {
        u32::from(self.source.kind() != DatabaseKind::Sqlite)
    }

    /// Refuses a cap that cannot hold, with the sum spelled out.
    fn check(&self) -> Result<(), Failure> {
        let (cap, control) = (self.max_connections, self.control());
        let refuse = |message| Err(Failure::new(Code::CONFIGURATION, message));
        if cap < control + 1 {
            let parts = if control == 0 {
                ""
            } else {
                ", and 1 to cancel statements and watch closes"
            };
            return refuse(format!(
                "a cap of {cap} is too small: {} needs 1 connection for work{parts}; raise \
                 max_connections to {} or more",
                self.source.kind(),
                control + 1,
            ));
        }
        let minimums: Vec<_> = self
            .shares
            .iter()
            .filter(|(_, share)| share.min > 0)
            .collect();
        let sum: u64 = minimums.iter().map(|(_, share)| u64::from(share.min)).sum();
        if sum > u64::from(cap - control) {
            let parts: Vec<_> = minimums
                .iter()
                .map(|(plugin, share)| format!("{} for {plugin}", share.min))
                .collect();
            return refuse(format!(
                "the guaranteed minimums do not fit the cap: {} make {sum}, and of {cap} \
                 connections {} are for work; raise max_connections or lower a minimum",
                parts.join(" + "),
                cap - control,
            ));
        }
        Ok(())
    }
}

/// The pool. Clones are handles to the same one.
#[derive(Clone)]
pub(crate) struct Pool(Arc<Inner>);

struct Inner {
    source: Source,
    state: Mutex<State>,
    verdicts: Mutex<HashMap<Arc<str>, Arc<Text>>>,
    functions: FunctionList,
    control: Option<Control>,
    stats: Stats,
    /// For each plugin, held by whoever migrates: others wait here, without a backend.
    migrations: DashMap<Arc<str>, Arc<tokio::sync::Mutex<()>>>,
    /// Every task that may hold a backend.
    tasks: TaskTracker,
    stopping: CancellationToken,
}

struct State {
    scheduler: Scheduler,
    waiters: HashMap<WaiterId, oneshot::Sender<Result<Lease, Failure>>>,
    owners: HashMap<BackendId, OwnerSender>,
}

impl Pool {
    /// Starts the pool and makes sure that the database answers.
    ///
    /// # Errors
    /// If the cap is too small, or the database cannot be reached.
    pub(crate) async fn start(config: PoolConfig) -> Result<Self, Failure> {
        config.check()?;
        let PoolConfig {
            source,
            max_connections,
            harmless_functions,
            shares,
        } = config;
        let mut scheduler = Scheduler::new(max_connections);
        for (plugin, share) in &shares {
            scheduler.set_share(plugin, *share);
        }
        let tasks = TaskTracker::new();
        let stopping = CancellationToken::new();
        let control = match source.kind() {
            DatabaseKind::Sqlite => None,
            _ => {
                let _slot = scheduler.open_control();
                Some(Control::start(source.clone()).await?)
            }
        };
        let (waiters, owners) = (HashMap::new(), HashMap::new());
        let pool = Self(Arc::new(Inner {
            source,
            state: Mutex::new(State {
                scheduler,
                waiters,
                owners,
            }),
            verdicts: Mutex::default(),
            functions: FunctionList::new(harmless_functions),
            control,
            stats: Stats::default(),
            migrations: DashMap::new(),
            tasks,
            stopping,
        }));
        pool.open_first().await?;
        Ok(pool)
    }

    pub(crate) fn kind(&self) -> DatabaseKind {
        self.0.source.kind()
    }

    /// Sets what a plugin may have.
    pub(crate) fn set_share(&self, plugin: &Arc<str>, share: Share) {
        self.0.state.lock().scheduler.set_share(plugin, share);
        self.pump();
    }

    /// The text with its verdict, remembered from before or found out now.
    pub(crate) fn text(&self, sql: String) -> Arc<Text> {
        if let Some(known) = self.0.verdicts.lock().get(sql.as_str()) {
            return Arc::clone(known);
        }
        let verdict = classify(dialect(self.kind()), &sql, &self.0.functions);
        if let Some(reason) = verdict.doubt() {
            // A text is judged once for as long as it is remembered, so this does not repeat.
            tracing::debug!(%reason, "a reset follows each run of a statement");
        }
        if sql.len() > limits::STATEMENT_BYTES {
            return Arc::new(Text { sql, verdict });
        }
        let key = Arc::from(sql.as_str());
        let text = Arc::new(Text { sql, verdict });
        let mut verdicts = self.0.verdicts.lock();
        // Texts made up on the fly would fill any cache: forgetting all of it now and then costs
        // less than keeping count of what is used.
        if verdicts.len() >= VERDICTS {
            verdicts.clear();
        }
        verdicts.insert(key, Arc::clone(&text));
        text
    }

    /// Waits for the lock between the migrators of a plugin. Those of different plugins do not
    /// meet: each has its own tables.
    pub(crate) async fn lock_migrations(
        &self,
        plugin: &Arc<str>,
    ) -> tokio::sync::OwnedMutexGuard<()> {
        let lock = Arc::clone(&self.0.migrations.entry(Arc::clone(plugin)).or_default());
        lock.lock_owned().await
    }

    /// Stops lending, closes every backend, and returns when the database lists none of them.
    pub(crate) async fn stop(&self) {
        let (waiters, owners) = {
            let mut state = self.0.state.lock();
            self.0.stopping.cancel();
            let idle = state.scheduler.idle().to_vec();
            let owners: Vec<_> = idle
                .iter()
                .filter_map(|id| state.owners.get(id).cloned())
                .collect();
            for id in idle {
                state.scheduler.closing(id);
            }
            (std::mem::take(&mut state.waiters), owners)
        };
        for waiter in waiters.into_values() {
            let _ = waiter.send(Err(stopping()));
        }
        for owner in owners {
            let _ = owner.send(Job::Close);
        }
        self.0.tasks.close();
        self.0.tasks.wait().await;
        if let Some(control) = &self.0.control {
            control.stop().await;
        }
    }

    /// Opens one backend, so that a database that cannot be used is found out at start.
    async fn open_first(&self) -> Result<(), Failure> {
        let grant = self.0.state.lock().scheduler.open_work();
        match grant {
            Some(grant) => self.open(grant).await,
            None => Ok(()),
        }
    }

    /// A backend is clean and nobody's.
    fn free(&self, id: BackendId) {
        let close = {
            let mut state = self.0.state.lock();
            if self.0.stopping.is_cancelled() {
                state.scheduler.closing(id);
                state.owners.get(&id).cloned()
            } else {
                state.scheduler.free(id);
                None
            }
        };
        match close {
            Some(owner) => drop(owner.send(Job::Close)),
            None => self.pump(),
        }
    }

    fn resetting(&self, id: BackendId) {
        self.0.state.lock().scheduler.resetting(id);
    }

    fn closing(&self, id: BackendId) {
        let mut state = self.0.state.lock();
        state.owners.remove(&id);
        state.scheduler.closing(id);
    }

    fn gone(&self, id: BackendId) {
        let owner = {
            let mut state = self.0.state.lock();
            state.scheduler.gone(id);
            state.owners.remove(&id)
        };
        drop(owner);
        self.pump();
    }

    fn set_purpose(&self, id: BackendId, purpose: Purpose) {
        self.0.state.lock().scheduler.set_purpose(id, purpose);
        // The writer lane may be free now.
        self.pump();
    }

    /// Does all that the scheduler says is to be done.
    fn pump(&self) {
        loop {
            let (mut lent, mut grants) = (Vec::new(), Vec::new());
            {
                let mut state = self.0.state.lock();
                if self.0.stopping.is_cancelled() {
                    return;
                }
                let now = Instant::now();
                while let Some(action) = state.scheduler.next(now) {
                    match action {
                        Action::Open(grant) => grants.push(grant),
                        Action::Lend(waiter, id) => {
                            lent.extend(self.deliver(&mut state, waiter, id))
                        }
                    }
                }
            }
            for grant in grants {
                let pool = self.clone();
                self.0.tasks.spawn(async move {
                    let _ = pool.open(grant).await;
                });
            }
            // Outside the lock, since a lease that nobody takes frees its backend again.
            let mut refused = false;
            for (waiter, lease) in lent {
                refused |= waiter.send(Ok(lease)).is_err();
            }
            if !refused {
                return;
            }
        }
    }

    /// Pairs a waiter with its lease.
    fn deliver(
        &self,
        state: &mut State,
        waiter: WaiterId,
        id: BackendId,
    ) -> Option<(oneshot::Sender<Result<Lease, Failure>>, Lease)> {
        let (sender, owner) = (
            state.waiters.remove(&waiter),
            state.owners.get(&id).cloned(),
        );
        match (sender, owner) {
            (Some(sender), Some(owner)) => {
                let turn = state.scheduler.turn(id);
                Some((sender, Lease::new(turn, owner, self.clone())))
            }
            (None, Some(_)) => {
                state.scheduler.free(id);
                None
            }
            // Its owner has just ended and is about to say so.
            (sender, None) => {
                if let Some(sender) = sender {
                    let _ = sender.send(Err(Failure::new(
                        Code::DATABASE_IO,
                        "the backend was lost before it could be used; try again",
                    )));
                }
                state.scheduler.gone(id);
                None
            }
        }
    }

    /// Opens a backend and puts it to use; tells a waiter if that fails.
    async fn open(&self, grant: Grant) -> Result<(), Failure> {
        let id = grant.id();
        match self.0.source.connect().await {
            Ok(driver) => {
                self.adopt(id, driver);
                Ok(())
            }
            Err(failure) => {
                tracing::warn!(backend = %id, code = %failure.code, "cannot connect: {failure}");
                let waiter = {
                    let mut state = self.0.state.lock();
                    state.scheduler.gone(id);
                    let oldest = state.scheduler.oldest();
                    oldest.and_then(|waiter| {
                        state.scheduler.dismiss(waiter);
                        state.waiters.remove(&waiter)
                    })
                };
                if let Some(waiter) = waiter {
                    let _ = waiter.send(Err(failure.clone()));
                }
                self.pump();
                Err(failure)
            }
        }
    }

    /// Gives a new backend its owner.
    fn adopt(&self, id: BackendId, driver: Driver) {
        let (sender, jobs) = mpsc::unbounded_channel();
        self.0.state.lock().owners.insert(id, sender);
        self.0
            .tasks
            .spawn(owner::own(self.clone(), id, driver, jobs));
        self.free(id);
    }
}

impl std::fmt::Debug for Pool {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let counts = self.0.state.lock().scheduler.counts();
        f.debug_struct("Pool")
            .field("counts", &counts)
            .finish_non_exhaustive()
    }
}

fn dialect(kind: DatabaseKind) -> Dialect {
    match kind {
        DatabaseKind::Sqlite => Dialect::Sqlite,
        DatabaseKind::Postgres => Dialect::Postgres,
        DatabaseKind::MySql => Dialect::MySql,
    }
}

/// What a caller is told while the host stops.
pub(crate) fn stopping() -> Failure {
    Failure::new(
        Code::DRAINING,
        "the host is stopping and lends no more backends",
    )
}
