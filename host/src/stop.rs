//! The signals that ask a program to stop.

use crate::error::HostError;

/// Ctrl-C, and on Unix SIGTERM.
#[derive(Debug)]
pub(crate) struct StopSignals {
    #[cfg(unix)]
    interrupt: tokio::signal::unix::Signal,
    #[cfg(unix)]
    terminate: tokio::signal::unix::Signal,
    #[cfg(windows)]
    interrupt: tokio::signal::windows::CtrlC,
}

impl StopSignals {
    /// Begins to watch; from here on these signals no longer end the process by themselves.
    #[cfg(unix)]
    pub(crate) fn new() -> Result<Self, HostError> {
        use tokio::signal::unix::{SignalKind, signal};
        let watch = |kind| signal(kind).map_err(HostError::io("watch for", "stop signals"));
        Ok(Self {
            interrupt: watch(SignalKind::interrupt())?,
            terminate: watch(SignalKind::terminate())?,
        })
    }

    /// Begins to watch; from here on these signals no longer end the process by themselves.
    #[cfg(windows)]
    pub(crate) fn new() -> Result<Self, HostError> {
        let interrupt =
            tokio::signal::windows::ctrl_c().map_err(HostError::io("watch for", "Ctrl-C"))?;
        Ok(Self { interrupt })
    }

    /// Returns at the next of them.
    pub(crate) async fn next(&mut self) {
        #[cfg(unix)]
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
        }
        #[cfg(windows)]
        self.interrupt.recv().await;
    }
}
