//! The plugins of a host by name: their tokens, and how those that were launched are doing.

use std::collections::BTreeMap;
use std::process::ExitStatus;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use onepool_proto::handshake::Token;
use onepool_proto::{Code, Failure};
use tokio::sync::{SetOnce, watch};

use super::admission::Admission;
use super::definition::check_name;
use super::status::{PluginState, PluginStatus};
use super::token::{self, TokenBook, TokenRefusal};
use crate::error::HostError;

/// One run of a plugin's program.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct LaunchId(u64);

/// Who may use a token.
#[derive(Clone, Debug)]
pub(super) enum Bearer {
    /// Whoever has it.
    Anyone,
    /// The process of this launch, and those it started.
    Launched(Arc<Launch>),
}

#[derive(Debug)]
pub(super) struct Launch {
    id: LaunchId,
    /// The process; set once it runs, which may be after it has connected.
    pub(super) pid: SetOnce<u32>,
}

/// The plugins of a host. Clones are handles to the same ones.
#[derive(Clone, Debug, Default)]
pub(crate) struct Registry {
    plugins: Arc<Mutex<Plugins>>,
    /// Tells when the state of a plugin has changed.
    changed: watch::Sender<()>,
}

#[derive(Debug, Default)]
struct Plugins {
    by_name: BTreeMap<Arc<str>, Record>,
    launches: u64,
}

#[derive(Debug)]
struct Record {
    tokens: TokenBook<Bearer>,
    /// The latest launch, if the host launches this plugin.
    launch: Option<(Arc<Launch>, PluginState)>,
}

impl Registry {
    fn lock(&self) -> MutexGuard<'_, Plugins> {
        // Nothing that can panic runs under the lock.
        self.plugins.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A token for whoever is given it, to attach as the plugin of this name.
    pub(crate) fn issue(&self, name: &str) -> Result<Token, HostError> {
        check_name(name)?;
        let token = token::random();
        let mut plugins = self.lock();
        let record = plugins.record(name);
        record.tokens.add(token.clone(), Bearer::Anyone);
        Ok(token)
    }

    /// Notes that the plugin is being launched. The token is for its process alone.
    pub(crate) fn begin_launch(&self, name: &str) -> (LaunchId, Token) {
        let token = token::random();
        let mut plugins = self.lock();
        plugins.launches += 1;
        let launch = Arc::new(Launch {
            id: LaunchId(plugins.launches),
            pid: SetOnce::new(),
        });
        let id = launch.id;
        let record = plugins.record(name);
        let bearer = Bearer::Launched(Arc::clone(&launch));
        record.tokens.add(token.clone(), bearer);
        record.launch = Some((launch, PluginState::Starting));
        (id, token)
    }

    /// Notes that the launched program runs, as this process.
    pub(crate) fn launched(&self, id: LaunchId, pid: u32) {
        let mut plugins = self.lock();
        if let Some((launch, state)) = plugins.launch(id) {
            // A launch begins once, so its process is not known yet.
            let _ = launch.pid.set(pid);
            *state = PluginState::Running;
        }
    }

    /// Notes that the launched program has ended; its tokens admit nobody any more.
    pub(crate) fn exited(&self, id: LaunchId, status: Option<ExitStatus>) {
        let mut plugins = self.lock();
        if let Some((_, state)) = plugins.launch(id) {
            *state = PluginState::Exited(status);
        }
        plugins.revoke(id);
        self.changed.send_replace(());
    }

    /// Notes that the program could not be launched.
    pub(crate) fn not_launched(&self, id: LaunchId) {
        let mut plugins = self.lock();
        plugins.revoke(id);
        plugins.by_name.retain(|_, record| !record.is_launch(id));
    }

    /// How the launched plugin of this name ended, once it has. `None` if the operating system did not
    /// say, and at once if no such plugin was launched.
    pub(crate) async fn ended(&self, name: &str) -> Option<ExitStatus> {
        let mut changed = self.changed.subscribe();
        loop {
            let state = self.lock().by_name.get(name)?.launch.as_ref()?.1;
            if let PluginState::Exited(status) = state {
                return status;
            }
            // The sender is in this registry.
            changed.changed().await.ok()?;
        }
    }

    /// Uses up a token of the plugin of this name. The token is given back if the admission is
    /// dropped.
    pub(crate) fn admit(&self, name: &str, token: Token) -> Result<Admission, Failure> {
        let mut plugins = self.lock();
        // One answer for an unknown name and a wrong token, so that names cannot be found out.
        let refused = |refusal| match refusal {
            TokenRefusal::Unknown => Failure::new(
                Code::TOKEN_REFUSED,
                "the host issued no such token to a plugin of this name; start the plugin through \
                 the host, or attach it with a token that the host issued",
            ),
            TokenRefusal::Used => Failure::new(
                Code::TOKEN_USED,
                "the token has admitted a session before; the answer to that session's handshake \
                 held the next one",
            ),
        };
        let (plugin, bearer) = match plugins.by_name.get_key_value(name) {
            Some((plugin, _)) => {
                let plugin = Arc::clone(plugin);
                let bearer = plugins.record(name).tokens.take(&token);
                (plugin, bearer.map_err(refused)?)
            }
            None => return Err(refused(TokenRefusal::Unknown)),
        };
        let next = token::random();
        plugins
            .record(name)
            .tokens
            .add(next.clone(), bearer.clone());
        drop(plugins);
        Ok(Admission::new(self.clone(), plugin, bearer, next, token))
    }

    /// Undoes [`admit`](Self::admit): `token` is usable again, unless its launch has ended, and
    /// `next` is not.
    pub(super) fn readmit(&self, plugin: &str, bearer: &Bearer, next: &Token, token: Token) {
        let mut plugins = self.lock();
        let ended = bearer.launch().is_some_and(|id| !plugins.runs(id));
        let record = plugins.record(plugin);
        record.tokens.revoke(|known, _| known == next);
        if !ended {
            record.tokens.give_back(token, bearer.clone());
        }
    }

    /// The launched plugins, and those of these sessions.
    pub(crate) fn plugins(&self, sessions: &[Arc<str>]) -> Vec<PluginStatus> {
        let mut found = BTreeMap::new();
        for (name, record) in &self.lock().by_name {
            if let Some((launch, state)) = &record.launch {
                let status = PluginStatus {
                    name: name.to_string(),
                    state: *state,
                    pid: launch.pid.get().copied(),
                    sessions: 0,
                };
                found.insert(Arc::clone(name), status);
            }
        }
        for name in sessions {
            let status = found.entry(Arc::clone(name));
            let status = status.or_insert_with(|| PluginStatus {
                name: name.to_string(),
                state: PluginState::Attached,
                pid: None,
                sessions: 0,
            });
            status.sessions += 1;
        }
        found.into_values().collect()
    }
}

impl Plugins {
    fn record(&mut self, name: &str) -> &mut Record {
        self.by_name.entry(name.into()).or_insert_with(|| Record {
            tokens: TokenBook::new(),
            launch: None,
        })
    }

    fn launch(&mut self, id: LaunchId) -> Option<(&Launch, &mut PluginState)> {
        let record = self
            .by_name
            .values_mut()
            .find(|record| record.is_launch(id))?;
        let (launch, state) = record.launch.as_mut()?;
        Some((&*launch, state))
    }

    /// Whether the latest launch of a plugin is this one, and goes on.
    fn runs(&mut self, id: LaunchId) -> bool {
        let state = self.launch(id).map(|(_, state)| *state);
        matches!(state, Some(PluginState::Starting | PluginState::Running))
    }

    fn revoke(&mut self, id: LaunchId) {
        for record in self.by_name.values_mut() {
            record
                .tokens
                .revoke(|_, bearer| bearer.launch() == Some(id));
        }
    }
}

impl Record {
    fn is_launch(&self, id: LaunchId) -> bool {
        self.launch
            .as_ref()
            .is_some_and(|(launch, _)| launch.id == id)
    }
}

impl Bearer {
    pub(super) fn launch(&self) -> Option<LaunchId> {
        match self {
            Self::Anyone => None,
            Self::Launched(launch) => Some(launch.id),
        }
    }
}
