//! Plugins' own logins: trying them at start, and what becomes of one that the database refuses.

use std::time::{Duration, Instant};

use onepool_proto::{Code, DatabaseKind, Failure};
use tokio::time::timeout;

use super::config::PluginLogin;
use super::control::Control;
use super::ledger::{Grant, LoginId};
use super::{Pool, ROOM_TIMEOUT, State};
use crate::db::{self, Driver};

/// How long a login that was refused is not asked for again. Servers may count attempts.
const REFUSED_PAUSE: Duration = Duration::from_secs(1);

/// The logins with their numbers, which begin behind the host's.
pub(super) fn numbered(
    logins: &[PluginLogin],
) -> impl Iterator<Item = (LoginId, &PluginLogin)> + Clone {
    let number = |(at, login)| Some((LoginId::nth(at + 1)?, login));
    logins.iter().enumerate().filter_map(number)
}

impl State {
    /// Why a plugin cannot have a backend now. What is left of them may still be of use.
    pub(super) fn out_of_reach(&self, plugin: &str) -> Option<Failure> {
        if self.outage.is_none() && self.refusals.is_empty() {
            return None;
        }
        if self.scheduler.has_idle_for(plugin) {
            return None;
        }
        let refusal = || self.refusals.get(&self.scheduler.login_of(plugin)).cloned();
        let outage = self.outage.as_ref();
        outage.map(super::Outage::failure).or_else(refusal)
    }
}

impl Pool {
    /// Opens a backend of this login.
    pub(super) async fn connect(&self, login: LoginId) -> Result<Driver, Failure> {
        if login == LoginId::HOST {
            return self.0.source.connect().await;
        }
        match numbered(&self.0.logins).find(|(id, _)| *id == login) {
            Some((_, own)) => own.source.connect().await,
            None => Err(Failure::new(Code::INTERNAL, "there is no such login")),
        }
    }

    /// Makes sure that each login can be used, and that the control backend can do its work on
    /// what is opened with it.
    ///
    /// # Errors
    /// What is to be done by whom.
    pub(super) async fn try_logins(&self) -> Result<(), Failure> {
        let Some(control) = &self.0.control else {
            // SQLite has none; whether its file can be read shows with the first backend.
            return Ok(());
        };
        for (id, login) in numbered(&self.0.logins) {
            let Some(grant) = self.0.state.lock().scheduler.open_work(id) else {
                return Ok(());
            };
            let tried = self.try_login(login, control).await;
            // Also what could not be opened, which the server may have to take note of.
            self.0
                .state
                .lock()
                .scheduler
                .gone(grant.id(), Instant::now());
            tried.map_err(|failure| {
                let message = format!("{}: {}", login.whose(), failure.message);
                Failure { message, ..failure }
            })?;
        }
        Ok(())
    }

    /// Opens a backend of a login, asks what there is to ask, and returns when it is gone.
    async fn try_login(&self, login: &PluginLogin, control: &Control) -> Result<(), Failure> {
        let source = &login.source;
        let mut driver = source.connect_when_there_is_room(ROOM_TIMEOUT).await?;
        let identity = driver.identity();
        let tried = self.ask_about(login, control, &mut driver).await;
        driver.close().await;
        let gone = control.wait_until_gone(identity, &self.0.stopping, drop);
        // A database that has gone down meanwhile is found out by what comes next.
        let _ = timeout(ROOM_TIMEOUT, gone).await;
        tried
    }

    async fn ask_about(
        &self,
        login: &PluginLogin,
        control: &Control,
        driver: &mut Driver,
    ) -> Result<(), Failure> {
        let wrong = |message: String| Err(Failure::new(Code::CONFIGURATION, message));
        let access = login.source.access();
        if let Some(own) = &access.login {
            let lacks = control.lacks_to_reach(driver.identity(), own.user()).await;
            if let Some(statement) = lacks {
                return wrong(format!(
                    "the host's own login may not cancel what {:?} runs, or is not told when its \
                     connections are gone; have a superuser run: {statement}",
                    own.user()
                ));
            }
        }
        if let (Some(schema), DatabaseKind::Postgres) = (&access.schema, self.kind())
            && driver.schema().await?.as_ref() != Some(schema)
        {
            return wrong(format!(
                "there is no schema {schema:?} that it may use; create it, and GRANT USAGE on it"
            ));
        }
        let most = self.most_of(login);
        match driver.allowance().await? {
            Some(allowance) if allowance.limit < most => wrong(format!(
                "the host may open {most} connections with it, but {}; raise that, or give what \
                 uses it a lower quota.max",
                allowance.sum
            )),
            _ => Ok(()),
        }
    }

    /// How many backends of a login there may be: what its plugins may have, and no more than are
    /// for work.
    fn most_of(&self, login: &PluginLogin) -> u32 {
        let work = self.max_connections().saturating_sub(1);
        let maxima = login.plugins.iter().map(|plugin| {
            let own = self.0.quotas.of(plugin).get().max;
            own.unwrap_or(work)
        });
        maxima.fold(0, u32::saturating_add).min(work)
    }

    /// The database is up and refuses a login: whoever waits for a backend of it is told, and
    /// nobody else is held up. It is asked again by whoever comes after a pause.
    pub(super) fn login_refused(&self, grant: &Grant, failure: &Failure) {
        let login = grant.login();
        let waiters: Vec<_> = {
            let mut state = self.0.state.lock();
            let state = &mut *state;
            state.scheduler.gone(grant.id(), Instant::now());
            let waiters = state.scheduler.hold_off_login(login);
            if db::is_crowded(failure) && state.scheduler.has_any_of(login) {
                // Those that there are must do.
                Vec::new()
            } else {
                state.refusals.insert(login, failure.clone());
                let dismiss = |waiter| {
                    state.scheduler.dismiss(waiter);
                    state.waiters.remove(&waiter)
                };
                waiters.into_iter().filter_map(dismiss).collect()
            }
        };
        for waiter in waiters {
            let _ = waiter.lease.send(Err(failure.clone()));
        }
        self.pump();
        let pool = self.clone();
        self.0.tasks.spawn(async move {
            if pool.pause(REFUSED_PAUSE).await {
                {
                    let mut state = pool.0.state.lock();
                    state.refusals.remove(&login);
                    state.scheduler.resume_login(login);
                }
                pool.pump();
            }
        });
    }
}
