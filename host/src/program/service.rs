//! What the service manager is told, if there is one: systemd, or whoever speaks its protocol.

use std::sync::Arc;

use sd_notify::NotifyState;
use tokio::task::JoinSet;

use onepool_host::Host;

/// A host that runs as a service. Dropping it ends the signs of life.
#[derive(Debug, Default)]
pub(crate) struct Service {
    /// Shows at intervals that the host is alive, if the manager wants to see it.
    signs_of_life: JoinSet<()>,
}

impl Service {
    /// Tells the manager that the host is up.
    pub(crate) fn ready(host: &Arc<Host>) -> Self {
        tell(NotifyState::Ready);
        let mut service = Self::default();
        if let Some(patience) = sd_notify::watchdog_enabled() {
            let host = Arc::clone(host);
            service.signs_of_life.spawn(async move {
                // Half of what it allows, as the manual says.
                let mut tick = tokio::time::interval(patience / 2);
                loop {
                    tick.tick().await;
                    host.responds().await;
                    tell(NotifyState::Watchdog);
                }
            });
        }
        service
    }

    /// Tells the manager that the host is stopping.
    pub(crate) fn stopping(&self) {
        tell(NotifyState::Stopping);
    }
}

fn tell(state: NotifyState<'_>) {
    if let Err(error) = sd_notify::notify(&[state]) {
        tracing::warn!(%error, "the service manager cannot be told");
    }
}
