//! The signals that ask a program to stop.

use crate::error::HostError;

/// Ctrl-C, and on Unix SIGTERM, for host applications that have no handling of their own.
///
/// ```no_run
/// use onepool_host::{Host, HostError, StopSignals};
///
/// # async fn run() -> Result<(), HostError> {
/// let mut signals = StopSignals::watch()?;
/// let host = Host::builder().database("sqlite:app.db?mode=rwc").start().await?;
/// signals.next().await;
/// tokio::select! {
///     () = host.stop() => {}
///     () = signals.next() => {} // in a hurry
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct StopSignals {
    #[cfg(unix)]
    interrupt: tokio::signal::unix::Signal,
    #[cfg(unix)]
    terminate: tokio::signal::unix::Signal,
    #[cfg(windows)]
    interrupt: tokio::signal::windows::CtrlC,
}

impl StopSignals {
    /// Begins to watch; from here on these signals no longer end the process by themselves.
    ///
    /// # Errors
    /// If the operating system does not let them be watched.
    #[cfg(unix)]
    pub fn watch() -> Result<Self, HostError> {
        use tokio::signal::unix::{SignalKind, signal};
        let watch = |kind| signal(kind).map_err(HostError::io("watch for", "stop signals"));
        Ok(Self {
            interrupt: watch(SignalKind::interrupt())?,
            terminate: watch(SignalKind::terminate())?,
        })
    }

    /// Begins to watch; from here on these signals no longer end the process by themselves.
    ///
    /// # Errors
    /// If the operating system does not let them be watched.
    #[cfg(windows)]
    pub fn watch() -> Result<Self, HostError> {
        let interrupt =
            tokio::signal::windows::ctrl_c().map_err(HostError::io("watch for", "Ctrl-C"))?;
        Ok(Self { interrupt })
    }

    /// Returns at the next of them.
    ///
    /// # Cancel safety
    /// Dropping the future loses no signal.
    pub async fn next(&mut self) {
        #[cfg(unix)]
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
        }
        #[cfg(windows)]
        self.interrupt.recv().await;
    }
}
