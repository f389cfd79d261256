//! The pool: one ledger, one scheduler, one owner for each backend.
//!
//! A caller [acquires](Pool::acquire) a [`Lease`], sends [`Job`]s to the backend's owner through
//! it, and gives it back by dropping it or with its last job. The [`scheduler`] says who is next,
//! the [`ledger`] whether there may be one more, and each backend's [`owner`] alone touches its
//! connection.

mod acquire;
mod activity;
mod closing;
mod config;
mod control;
mod desk;
mod job;
mod lease;
mod ledger;
mod lending;
mod limit;
mod logins;
mod names;
mod outage;
mod owner;
mod quota;
mod reconfigure;
mod scheduler;
mod settings;
mod slow;
mod snapshot;
mod stats;
mod steer;
mod target;
mod texts;
mod upkeep;
mod verdict;

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::time::{Duration, Instant};

use dashmap::DashMap;
use onepool_proto::{Code, DatabaseKind, Failure};
use parking_lot::Mutex;
use tokio::sync::{Notify, oneshot};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

pub(crate) use acquire::Patience;
pub use closing::CloseReason;
pub(crate) use config::{PluginLogin, PoolConfig, PoolTimes};
pub(crate) use job::{
    After, Batch, Caller, Finish, Finished, Job, Prepare, Run, Setup, Step, Stop, Text, Unread,
};
pub(crate) use lease::{Lease, Revocation};
pub(crate) use ledger::{BackendId, LoginId};
pub use ledger::{Counts, Purpose};
pub(crate) use limit::{Deadline, Limit};
pub(crate) use names::Names;
pub(crate) use quota::PluginQuota;
pub use quota::Quota;
pub(crate) use reconfigure::Shape;
pub(crate) use scheduler::{Ask, Holder, Turn};
pub(crate) use settings::Settings;
pub use snapshot::{EndedLease, LeaseInfo, LeaseState, StatementInfo, StatementState};
pub use stats::{CancelStats, PluginStats, PoolStats};
pub use steer::Paused;
pub(crate) use steer::{NotKilled, in_words};
pub use target::{Target, TargetError};
pub use verdict::{Verdict, VerdictKind};

use crate::db::Source;
use config::{check_allowance, check_cap, check_minimums};
use control::Control;
use desk::{OwnerHandle, Series};
use outage::Outage;
use quota::Quotas;
use scheduler::{Scheduler, WaiterId};
use stats::Stats;
use texts::Texts;

/// How long a server may still count the connections of a host that has stopped.
const ROOM_TIMEOUT: Duration = Duration::from_secs(1);

/// The pool. Clones are handles to the same one.
#[derive(Clone)]
pub(crate) struct Pool(Arc<Inner>);

struct Inner {
    source: Source,
    logins: Vec<PluginLogin>,
    state: Mutex<State>,
    quotas: Quotas,
    times: PoolTimes,
    statement_comments: bool,
    texts: Texts,
    control: Option<Control>,
    stats: Stats,
    names: Names,
    label: Option<Arc<str>>,
    /// For each plugin, held by whoever migrates: others wait here, without a backend.
    migrations: DashMap<Arc<str>, Arc<tokio::sync::Mutex<()>>>,
    /// Every task that may hold a backend.
    tasks: TaskTracker,
    stopping: CancellationToken,
    /// Tells that a loan has ended, or a backend is gone.
    fewer: Notify,
}

struct State {
    scheduler: Scheduler,
    waiters: HashMap<WaiterId, Waiter>,
    owners: BTreeMap<BackendId, OwnerHandle>,
    /// Why loans were revoked whose leases are still held.
    revocations: HashMap<(BackendId, Series), Revocation>,
    outage: Option<Outage>,
    /// Why the database refuses a login, for as long as it is not asked again.
    refusals: HashMap<LoginId, Failure>,
    /// When all backends were last opened anew.
    distrusted: Option<Instant>,
}

/// One that waits for a backend.
struct Waiter {
    lease: oneshot::Sender<Result<Lease, Failure>>,
    /// What it is for.
    text: Option<Arc<Text>>,
}

impl State {
    fn new(scheduler: Scheduler) -> Mutex<Self> {
        Mutex::new(Self {
            scheduler,
            waiters: HashMap::new(),
            owners: BTreeMap::new(),
            revocations: HashMap::new(),
            outage: None,
            refusals: HashMap::new(),
            distrusted: None,
        })
    }
}

impl Pool {
    /// Starts the pool and makes sure that the database answers.
    ///
    /// # Errors
    /// If the cap is too small or more than the database allows, or the database cannot be
    /// reached.
    pub(crate) async fn start(config: PoolConfig) -> Result<Self, Failure> {
        config.check()?;
        let PoolConfig {
            source,
            logins,
            max_connections,
            harmless_functions,
            quotas: own_quotas,
            default_quota,
            times,
            statement_comments,
            names,
            label,
        } = config;
        let scheduler = Scheduler::new(max_connections).with_names(names.clone());
        let mut scheduler = scheduler.with_upkeep(times.upkeep);
        let quotas = Quotas::new(default_quota);
        for (plugin, quota) in &own_quotas {
            quotas.set(plugin, *quota);
            scheduler.set_share(plugin, quota.share());
        }
        for (login, own) in logins::numbered(&logins) {
            for plugin in &own.plugins {
                scheduler.set_login(plugin, login);
            }
        }
        let control = match source.kind() {
            DatabaseKind::Sqlite => None,
            _ => {
                let _slot = scheduler.open_control();
                Some(Control::start(source.clone(), ROOM_TIMEOUT).await?)
            }
        };
        if let Some(control) = &control {
            check_allowance(max_connections, control.allowance().await)?;
        }
        let pool = Self(Arc::new(Inner {
            texts: Texts::new(source.kind(), harmless_functions),
            source,
            logins,
            state: State::new(scheduler),
            quotas,
            times,
            statement_comments,
            control,
            stats: Stats::default(),
            names,
            label,
            migrations: DashMap::new(),
            tasks: TaskTracker::new(),
            stopping: CancellationToken::new(),
            fewer: Notify::new(),
        }));
        if let Err(failure) = pool.try_all().await {
            pool.stop().await;
            return Err(failure);
        }
        pool.0.tasks.spawn(pool.clone().look_after(times));
        Ok(pool)
    }

    pub(crate) fn kind(&self) -> DatabaseKind {
        self.0.source.kind()
    }

    /// The database's name, where the host has several.
    pub(crate) fn label(&self) -> Option<String> {
        self.0.label.as_deref().map(str::to_owned)
    }

    /// The cap.
    pub(crate) fn max_connections(&self) -> u32 {
        self.0.state.lock().scheduler.cap()
    }

    /// Changes the cap. Of backends that are too many now, the idle ones are closed at once and
    /// the others as they come free.
    ///
    /// # Errors
    /// If the cap leaves nothing for work, cannot hold the guaranteed minimums, or is more than
    /// the database allows. It is then as before.
    pub(crate) async fn set_max_connections(&self, cap: u32) -> Result<(), Failure> {
        check_cap(cap, self.kind())?;
        if let Some(control) = &self.0.control {
            check_allowance(cap, control.allowance().await)?;
        }
        {
            let mut state = self.0.state.lock();
            check_minimums(cap, self.kind(), state.scheduler.minimums())?;
            state.scheduler.set_cap(cap);
        }
        self.pump();
        Ok(())
    }

    /// A name for somebody who will hold backends and wait for them.
    pub(crate) fn new_holder(&self) -> Holder {
        self.0.names.next_holder()
    }

    /// The text with its verdict.
    pub(crate) fn text(&self, sql: String) -> Arc<Text> {
        self.0.texts.judge(sql)
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
            let idle: Vec<_> = state.scheduler.idle().collect();
            for id in &idle {
                state.scheduler.closing(*id, Instant::now());
            }
            // Those that were being closed have not all been told.
            let owners: Vec<_> = state
                .owners
                .iter()
                .filter(|(id, _)| state.scheduler.is_closing(**id))
                .map(|(_, owner)| owner.clone())
                .collect();
            (std::mem::take(&mut state.waiters), owners)
        };
        for waiter in waiters.into_values() {
            let _ = waiter.lease.send(Err(stopping()));
        }
        for owner in owners {
            owner.tell(Job::Close);
        }
        self.0.tasks.close();
        self.0.tasks.wait().await;
        if let Some(control) = &self.0.control {
            control.stop().await;
        }
    }

    /// Finds out at start what cannot be used.
    async fn try_all(&self) -> Result<(), Failure> {
        self.try_logins().await?;
        self.open_first().await
    }

    /// Callers that wait to be told, and reasons that wait to be asked for.
    #[cfg(test)]
    pub(crate) fn owed(&self) -> (usize, usize) {
        let state = self.0.state.lock();
        (state.waiters.len(), state.revocations.len())
    }

    /// Opens one backend, so that a database that cannot be used is found out at start.
    async fn open_first(&self) -> Result<(), Failure> {
        let grant = self.0.state.lock().scheduler.open_work(LoginId::HOST);
        let Some(grant) = grant else {
            return Ok(());
        };
        match self.0.source.connect_when_there_is_room(ROOM_TIMEOUT).await {
            Ok(driver) => {
                self.adopt(&grant, driver);
                Ok(())
            }
            Err(failure) => {
                self.0
                    .state
                    .lock()
                    .scheduler
                    .gone(grant.id(), Instant::now());
                Err(failure)
            }
        }
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

/// What a caller is told while the host stops.
pub(crate) fn stopping() -> Failure {
    Failure::new(
        Code::DRAINING,
        "the host is stopping and lends no more backends",
    )
}
