//! The plugins of a host by name: their tokens, and how those that are launched are doing.

use std::collections::BTreeMap;
use std::process::ExitStatus;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use onepool_proto::handshake::Token;
use onepool_proto::{Code, Failure};
use tokio::sync::watch;

use super::admission::Admission;
use super::definition::check_name;
use super::launch::{Launch, LaunchId};
use super::status::{PluginState, PluginStatus};
use super::token::{self, TokenBook, TokenRefusal};
use crate::error::HostError;
use crate::peer::Peer;

/// How long a launch under way may take to say which process it is, before a refused peer is
/// taken for none of the host's.
const PID_TIMEOUT: Duration = Duration::from_secs(1);

/// Who may use a token.
#[derive(Clone, Debug)]
pub(super) enum Bearer {
    /// Whoever has it.
    Anyone,
    /// The process of this launch, and those it started.
    Launched(Arc<Launch>),
}

/// A session, for whoever asks how plugins are doing.
#[derive(Clone, Debug)]
pub(crate) struct PluginSession {
    pub(crate) plugin: Arc<str>,
    /// Whether anything in the plugin waits to be told to end.
    pub(crate) awaits_shutdown: bool,
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
    /// If the host launches this plugin.
    supervised: Option<Supervised>,
}

#[derive(Debug)]
struct Supervised {
    /// The latest launch.
    launch: Option<Arc<Launch>>,
    launches: u64,
    state: PluginState,
    problem: Option<String>,
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

    /// Notes that the host will launch this plugin.
    pub(super) fn expect(&self, name: &str) {
        self.lock().supervised(name);
        self.changed.send_replace(());
    }

    /// Notes that the host does not launch this plugin any more.
    pub(super) fn forget(&self, name: &str) {
        if let Some(record) = self.lock().by_name.get_mut(name) {
            record.supervised = None;
        }
        self.changed.send_replace(());
    }

    /// Notes that the plugin is being launched. The token is for its process alone.
    pub(crate) fn begin_launch(&self, name: &str) -> (Arc<Launch>, Token) {
        let token = token::random();
        let mut plugins = self.lock();
        plugins.launches += 1;
        let launch = Arc::new(Launch::new(plugins.launches));
        let bearer = Bearer::Launched(Arc::clone(&launch));
        plugins.record(name).tokens.add(token.clone(), bearer);
        let supervised = plugins.supervised(name);
        supervised.launch = Some(Arc::clone(&launch));
        supervised.launches += 1;
        supervised.state = PluginState::Starting;
        drop(plugins);
        self.changed.send_replace(());
        (launch, token)
    }

    /// Notes that the process of a launch is no more; its tokens admit nobody.
    pub(super) fn revoke(&self, launch: LaunchId) {
        let mut plugins = self.lock();
        for record in plugins.by_name.values_mut() {
            let of_launch = |bearer: &Bearer| bearer.launch() == Some(launch);
            record.tokens.revoke(|_, bearer| of_launch(bearer));
            if let Some(supervised) = &mut record.supervised
                && supervised
                    .launch
                    .as_ref()
                    .is_some_and(|known| known.id == launch)
            {
                supervised.launch = None;
            }
        }
    }

    /// Notes how a launched plugin is doing; without a new problem the last one stays known.
    pub(super) fn set_state(&self, name: &str, state: PluginState, problem: Option<String>) {
        let mut plugins = self.lock();
        let supervised = plugins.supervised(name);
        supervised.state = state;
        supervised.problem = problem.or_else(|| supervised.problem.take());
        drop(plugins);
        self.changed.send_replace(());
    }

    /// How the launched plugin of this name ended, once it has for good. `None` if the operating
    /// system did not say, and at once if there is no such plugin.
    pub(crate) async fn ended(&self, name: &str) -> Option<ExitStatus> {
        let ended = |plugins: &Plugins| match plugins.state(name) {
            Some(PluginState::Exited(status) | PluginState::GaveUp(status)) => Some(status),
            None => Some(None),
            Some(_) => None,
        };
        self.wait_for(ended).await
    }

    /// Waits until these plugins have connected, or have ended with success.
    pub(super) async fn are_up(&self, names: &[String]) {
        let up = |state| match state {
            PluginState::Running => true,
            PluginState::Exited(status) => status.is_some_and(|status| status.success()),
            _ => false,
        };
        self.all(names, up).await;
    }

    /// Waits until none of these plugins runs any more.
    pub(super) async fn have_ended(&self, names: &[String]) {
        let ended = |state| matches!(state, PluginState::Exited(_) | PluginState::GaveUp(_));
        self.all(names, ended).await;
    }

    async fn all(&self, names: &[String], is_so: impl Fn(PluginState) -> bool) {
        let all = |plugins: &Plugins| {
            let is_so = |name: &String| plugins.state(name).is_none_or(&is_so);
            names.iter().all(is_so).then_some(())
        };
        self.wait_for(all).await;
    }

    async fn wait_for<T>(&self, look: impl Fn(&Plugins) -> Option<T>) -> T {
        let mut changed = self.changed.subscribe();
        loop {
            if let Some(found) = look(&self.lock()) {
                return found;
            }
            // The sender is in this registry, so there is no error.
            let _ = changed.changed().await;
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

    /// Notes why a peer was refused, for whoever asks why the plugin did not come up.
    pub(crate) async fn note_refusal(&self, peer: Peer, failure: &Failure) {
        let starting: Vec<_> = {
            let plugins = self.lock();
            let supervised = plugins
                .by_name
                .values()
                .filter_map(|record| record.supervised.as_ref());
            supervised
                .filter_map(|supervised| supervised.launch.clone())
                .filter(|launch| !launch.has_entered())
                .collect()
        };
        let note = async {
            for launch in starting {
                if peer.is_of(*launch.pid.wait().await) {
                    // The first is the one to repair first.
                    let _ = launch.refusal.set(failure.clone());
                }
            }
        };
        let _ = tokio::time::timeout(PID_TIMEOUT, note).await;
    }

    /// The launched plugins, and those of these sessions.
    pub(crate) fn plugins(&self, sessions: &[PluginSession]) -> Vec<PluginStatus> {
        let mut found = BTreeMap::new();
        for (name, record) in &self.lock().by_name {
            if let Some(supervised) = &record.supervised {
                found.insert(Arc::clone(name), supervised.status(name));
            }
        }
        for session in sessions {
            let status = found.entry(Arc::clone(&session.plugin));
            let status = status.or_insert_with(|| PluginStatus {
                name: session.plugin.to_string(),
                state: PluginState::Attached,
                pid: None,
                sessions: 0,
                awaits_shutdown: false,
                restarts: 0,
                problem: None,
            });
            status.sessions += 1;
            status.awaits_shutdown |= session.awaits_shutdown;
        }
        found.into_values().collect()
    }
}

impl Plugins {
    fn record(&mut self, name: &str) -> &mut Record {
        self.by_name.entry(name.into()).or_insert_with(|| Record {
            tokens: TokenBook::new(),
            supervised: None,
        })
    }

    fn supervised(&mut self, name: &str) -> &mut Supervised {
        self.record(name)
            .supervised
            .get_or_insert_with(|| Supervised {
                launch: None,
                launches: 0,
                state: PluginState::Waiting,
                problem: None,
            })
    }

    fn state(&self, name: &str) -> Option<PluginState> {
        Some(self.by_name.get(name)?.supervised.as_ref()?.state)
    }

    /// Whether the process of this launch has not ended yet.
    fn runs(&self, id: LaunchId) -> bool {
        let mut supervised = self
            .by_name
            .values()
            .filter_map(|record| record.supervised.as_ref());
        supervised.any(|supervised| {
            supervised
                .launch
                .as_ref()
                .is_some_and(|launch| launch.id == id)
        })
    }
}

impl Supervised {
    fn status(&self, name: &str) -> PluginStatus {
        PluginStatus {
            name: name.to_owned(),
            state: self.state,
            pid: self
                .launch
                .as_ref()
                .and_then(|launch| launch.pid.get().copied()),
            sessions: 0,
            awaits_shutdown: false,
            restarts: self.launches.saturating_sub(1),
            problem: self.problem.clone(),
        }
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
