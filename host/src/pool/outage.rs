//! Opening backends, and what becomes of everybody while the database is down.

use std::time::{Duration, Instant};

use onepool_proto::{Code, DatabaseKind, Failure};
use tokio::time::sleep;

use super::desk::OwnerHandle;
use super::ledger::{BackendId, Grant, LoginId};
use super::{Pool, owner};
use crate::db::{self, Driver};

/// How long a link that broke half-way stays counted: a server may have made a backend of it, and
/// takes a moment to see that nobody is there.
const LINGER: Duration = Duration::from_millis(50);
/// Between two looks at whether the database is up again, at first and at most.
const FIRST_PAUSE: Duration = Duration::from_millis(50);
const LONGEST_PAUSE: Duration = Duration::from_secs(1);
/// How long the pool makes do with what it has when the database has no room for more.
const CROWDED_PAUSE: Duration = Duration::from_secs(1);
/// Between two times that all backends are opened anew because one of them went wrong.
const DISTRUST_PAUSE: Duration = Duration::from_secs(5);

/// The database cannot be reached.
#[derive(Debug)]
pub(super) struct Outage {
    since: Instant,
    last: Failure,
}

impl Outage {
    /// What a caller is told.
    pub(super) fn failure(&self) -> Failure {
        let for_ms = self.since.elapsed().as_millis();
        let message = format!(
            "the database has been down for {for_ms} ms; the host tries again by itself: {}",
            self.last.message
        );
        Failure {
            message,
            ..self.last.clone()
        }
    }
}

impl Pool {
    /// Opens a backend and puts it to use.
    pub(super) async fn open(&self, grant: Grant) -> Result<(), Failure> {
        let id = grant.id();
        match self.connect(grant.login()).await {
            Ok(driver) => {
                self.adopt(&grant, driver);
                Ok(())
            }
            Err(failure) => {
                self.0.stats.not_opened.add_one();
                tracing::warn!(backend = %id, code = %failure.code, "cannot connect: {failure}");
                if failure.code == Code::LOGIN_REFUSED {
                    self.login_refused(&grant, &failure);
                } else if failure.database.is_some() || self.kind() == DatabaseKind::Sqlite {
                    self.not_opened(id, failure.clone());
                } else {
                    self.went_down(failure.clone());
                    self.pause(LINGER).await;
                    self.gone(id);
                }
                Err(failure)
            }
        }
    }

    /// Gives a new backend its owner.
    pub(super) fn adopt(&self, grant: &Grant, driver: Driver) {
        let id = grant.id();
        self.0.stats.opened.add_one();
        let process = driver.identity().process;
        let (handle, jobs, desk) = OwnerHandle::new((process != 0).then_some(process));
        {
            let mut state = self.0.state.lock();
            state.owners.insert(id, handle);
            state.scheduler.set_expiry(id, self.0.times.expiry());
            if let Some(outage) = state.outage.take() {
                let for_ms = outage.since.elapsed().as_millis();
                tracing::info!(for_ms, "the database is up again");
            }
            state.scheduler.resume();
        }
        let owner = owner::own(self.clone(), id, driver, jobs, desk);
        self.0.tasks.spawn(owner);
        self.free(id);
    }

    /// A backend could not be opened.
    fn not_opened(&self, id: BackendId, failure: Failure) {
        let others = {
            let mut state = self.0.state.lock();
            state.scheduler.gone(id, Instant::now());
            let counts = state.scheduler.counts();
            counts.free + counts.leased + counts.resetting
        };
        if others > 0 && db::is_crowded(&failure) {
            self.hold_off();
        } else {
            self.went_down(failure);
        }
    }

    /// The database has no room for another backend: those that there are must do for a while.
    fn hold_off(&self) {
        self.0.state.lock().scheduler.hold_off();
        let pool = self.clone();
        self.0.tasks.spawn(async move {
            if pool.pause(CROWDED_PAUSE).await {
                let mut state = pool.0.state.lock();
                if state.outage.is_none() {
                    state.scheduler.resume();
                }
                drop(state);
                pool.pump();
            }
        });
    }

    /// The database cannot be reached: tells everybody who waits, and looks for it from now on.
    pub(super) fn went_down(&self, last: Failure) {
        let (waiters, failure) = {
            let mut state = self.0.state.lock();
            let first = state.outage.is_none();
            let outage = state.outage.get_or_insert_with(|| Outage {
                since: Instant::now(),
                last: last.clone(),
            });
            outage.last = last;
            let failure = outage.failure();
            if !first {
                return;
            }
            state.scheduler.suspend();
            (std::mem::take(&mut state.waiters), failure)
        };
        tracing::warn!(code = %failure.code, "the database is down");
        for waiter in waiters.into_values() {
            let _ = waiter.lease.send(Err(failure.clone()));
        }
        // Closes what was idle.
        self.pump();
        let pool = self.clone();
        self.0.tasks.spawn(async move { pool.probe().await });
    }

    /// Looks for the database, one connection at a time, until it is there.
    async fn probe(&self) {
        let mut pause = FIRST_PAUSE;
        while self
            .pause(pause.mul_f64(0.75 + 0.5 * rand::random::<f64>()))
            .await
        {
            pause = (pause * 2).min(LONGEST_PAUSE);
            let grant = {
                let mut state = self.0.state.lock();
                if state.outage.is_none() {
                    return;
                }
                state.scheduler.open_work(LoginId::HOST)
            };
            // Without a slot, the backends of before are not gone yet.
            let Some(grant) = grant else {
                continue;
            };
            if self.open(grant).await.is_ok() {
                return;
            }
        }
    }

    /// Something is wrong with a backend that is likely to be wrong with the others, too: they
    /// are opened anew as they come free. False if they just were.
    pub(super) fn distrust_all(&self) -> bool {
        let now = Instant::now();
        {
            let mut state = self.0.state.lock();
            let recently = |at: Instant| now.saturating_duration_since(at) < DISTRUST_PAUSE;
            if state.distrusted.is_some_and(recently) {
                return false;
            }
            state.distrusted = Some(now);
            state.scheduler.expire_all(now);
        }
        self.pump();
        true
    }

    /// Waits; false if the pool stops meanwhile.
    pub(super) async fn pause(&self, pause: Duration) -> bool {
        tokio::select! {
            () = sleep(pause) => true,
            () = self.0.stopping.cancelled() => false,
        }
    }
}
