//! The configuration behind a host, as far as the admin socket has to do with it.

use std::fmt::Debug;

use futures_util::future::BoxFuture;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// The configuration that a host was started from. A host that has one gives it to its
/// [`AdminSocket`](super::AdminSocket::with_configuration).
pub trait Configuration: Debug + Send + Sync {
    /// What is in force, by key. It must hold no secrets.
    fn show(&self) -> Value;

    /// Reads it anew and makes the host as it says. Fails with everything that is wrong with it, and
    /// leaves everything as it was.
    fn reload(&self) -> BoxFuture<'_, Result<Changes, Vec<String>>>;

    /// Changes one key until the next reload. Fails as [`reload`](Self::reload) does.
    fn set<'a>(
        &'a self,
        key: &'a str,
        value: &'a str,
    ) -> BoxFuture<'a, Result<Changes, Vec<String>>>;
}

/// What has changed in a running host.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Changes {
    /// The keys whose values are others now.
    pub changed: Vec<String>,
    /// The keys whose values will be others when the host starts the next time.
    pub at_next_start: Vec<String>,
    /// The plugins that were launched for the first time.
    pub added: Vec<String>,
    /// The plugins that were ended for good.
    pub removed: Vec<String>,
    /// The plugins that were restarted to be as described.
    pub replaced: Vec<String>,
    /// What did not come up, and why.
    pub failed: Vec<String>,
}

impl Changes {
    /// Nothing has changed.
    #[must_use]
    pub fn none() -> Self {
        Self::default()
    }
}

impl std::fmt::Display for Changes {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let lists = [
            ("changed", &self.changed),
            ("added", &self.added),
            ("removed", &self.removed),
            ("restarted", &self.replaced),
            ("did not come up", &self.failed),
            (
                "only from the next start of the host on",
                &self.at_next_start,
            ),
        ];
        let mut said = lists.iter().filter(|(_, list)| !list.is_empty()).peekable();
        if said.peek().is_none() {
            return f.write_str("nothing has changed");
        }
        while let Some((what, list)) = said.next() {
            let end = if said.peek().is_some() { "; " } else { "" };
            write!(f, "{what}: {}{end}", list.join(", "))?;
        }
        Ok(())
    }
}
