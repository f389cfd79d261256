//! Permission to begin one session.

use std::fmt;
use std::sync::Arc;

use onepool_proto::handshake::Token;

use super::launch::LaunchId;
use super::registry::{Bearer, Registry};

/// Permission to begin one session, as one plugin. Unless it is [kept](Self::keep), the token that
/// it came from is usable again.
#[must_use]
pub(crate) struct Admission {
    registry: Registry,
    plugin: Arc<str>,
    bearer: Bearer,
    /// The token for the plugin's next session.
    next: Token,
    /// The token that was used up; taken when the admission is kept.
    token: Option<Token>,
}

impl Admission {
    /// What came of `token`, for which there is now `next`.
    pub(super) fn new(
        registry: Registry,
        plugin: Arc<str>,
        bearer: Bearer,
        next: Token,
        token: Token,
    ) -> Self {
        Self {
            registry,
            plugin,
            bearer,
            next,
            token: Some(token),
        }
    }

    /// The token for the plugin's next session.
    pub(crate) fn next_token(&self) -> Token {
        self.next.clone()
    }

    /// The process that alone may use this admission, if it is bound to one. Waits until the host
    /// knows it: a fast plugin connects before its launch has returned.
    pub(crate) async fn bound_to(&self) -> Option<u32> {
        match &self.bearer {
            Bearer::Anyone => None,
            Bearer::Launched(launch) => Some(*launch.pid.wait().await),
        }
    }

    /// Notes that the plugin is let in. It may be told, and gone again, before the session begins.
    pub(crate) fn note_entry(&self) {
        if let Bearer::Launched(launch) = &self.bearer {
            // Later sessions find it noted.
            let _ = launch.entered.set(());
        }
    }

    /// The session begins: the token stays used.
    pub(crate) fn keep(mut self) -> (Arc<str>, Option<LaunchId>) {
        self.token = None;
        (Arc::clone(&self.plugin), self.bearer.launch())
    }
}

impl Drop for Admission {
    fn drop(&mut self) {
        let Some(token) = self.token.take() else {
            return;
        };
        self.registry
            .readmit(&self.plugin, &self.bearer, &self.next, token);
    }
}

impl fmt::Debug for Admission {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Admission({})", self.plugin)
    }
}
