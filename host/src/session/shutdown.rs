//! Asking a plugin to end, over its session.

use onepool_proto::Failure;
use tokio::sync::watch;

/// Whether a session's plugin is asked to end. Clones speak of the same session.
#[derive(Clone, Debug)]
pub(crate) struct ShutdownAsk(watch::Sender<Stage>);

#[derive(Clone, Debug)]
enum Stage {
    /// The plugin may go on. Exits: `Asked`, `Over`.
    Open,
    /// The plugin is to end by itself. Exit: `Over`.
    Asked,
    /// The session ends, for this reason, and says nothing of the plugin.
    Over(Failure),
}

impl Default for ShutdownAsk {
    fn default() -> Self {
        Self(watch::Sender::new(Stage::Open))
    }
}

impl ShutdownAsk {
    /// Asks the plugin to end. Returns whether anything in the plugin waits to be asked.
    pub(crate) fn ask(&self) -> bool {
        let listens = self.is_awaited();
        self.0.send_if_modified(|stage| {
            let open = matches!(stage, Stage::Open);
            if open {
                *stage = Stage::Asked;
            }
            open
        });
        listens
    }

    /// Whether anything in the plugin waits to be asked.
    pub(crate) fn is_awaited(&self) -> bool {
        self.0.receiver_count() > 0
    }

    /// Answers whoever waits: the session is to end once its calls have been answered.
    pub(crate) fn session_ends(&self, reason: Failure) {
        self.0.send_replace(Stage::Over(reason));
    }

    /// Waits until the plugin is asked to end.
    ///
    /// # Errors
    /// Why the session ends, if it does so first.
    pub(super) async fn asked(&self) -> Result<(), Failure> {
        let mut stage = self.0.subscribe();
        match stage
            .wait_for(|stage| !matches!(stage, Stage::Open))
            .await
            .as_deref()
        {
            Ok(Stage::Over(reason)) => Err(reason.clone()),
            // The sender is in `self`.
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt;
    use onepool_proto::Code;

    use super::*;

    #[tokio::test]
    async fn who_listens_is_told_once_and_for_all() {
        let shutdown = ShutdownAsk::default();
        assert!(shutdown.asked().now_or_never().is_none());
        assert!(!shutdown.ask(), "nobody listens any more");
        assert_eq!(shutdown.asked().now_or_never(), Some(Ok(())));

        let shutdown = ShutdownAsk::default();
        let mut listening = std::pin::pin!(shutdown.asked());
        assert!(futures_util::poll!(listening.as_mut()).is_pending());
        assert!(shutdown.ask());
        assert_eq!(listening.await, Ok(()));
    }

    #[tokio::test]
    async fn a_session_that_ends_keeps_nobody_waiting() {
        let shutdown = ShutdownAsk::default();
        let mut listening = std::pin::pin!(shutdown.asked());
        assert!(futures_util::poll!(listening.as_mut()).is_pending());
        shutdown.session_ends(Failure::new(Code::HOST_STOPPING, "stopping"));
        assert_eq!(listening.await.unwrap_err().code, Code::HOST_STOPPING);
    }
}
