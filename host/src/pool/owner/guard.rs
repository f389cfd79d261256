//! Stopping a statement that is running, without ever dropping its future.

use std::pin::pin;

use crate::db::Interrupter;
use crate::pool::control::Control;
use crate::pool::{Stop, Unread};

/// Cancels what runs on one backend.
pub(super) struct Canceller<'a> {
    pub(super) interrupter: Interrupter,
    pub(super) control: Option<&'a Control>,
}

impl Canceller<'_> {
    /// Cancels the statement that runs now, and returns when the database has been told.
    async fn cancel(&self) {
        match self.control {
            Some(control) => control.cancel(self.interrupter.victim().clone()).await,
            None => {
                if let Some(number) = self.interrupter.running() {
                    self.interrupter.interrupt(number);
                }
            }
        }
    }
}

/// Runs a statement to its end, cancelling it in the database when `stop` says so.
///
/// Returns its outcome and whether it was cancelled. A cancel is always answered before this
/// returns, so that it cannot hit what runs next.
pub(super) async fn guarded<F: Future>(
    running: F,
    canceller: Canceller<'_>,
    stop: &Stop,
    unread: impl Future<Output = ()>,
) -> (F::Output, bool) {
    let mut running = pin!(running);
    tokio::select! {
        biased;
        outcome = &mut running => return (outcome, false),
        () = stop.kill.cancelled() => (),
        () = unread, if stop.unread == Unread::Cancel => (),
    }
    let (outcome, ()) = tokio::join!(running, canceller.cancel());
    (outcome, true)
}
