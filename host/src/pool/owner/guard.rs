//! Stopping a statement that is running, without dropping its future unless the backend goes, too.

use std::pin::{Pin, pin};
use std::time::{Duration, Instant};

use onepool_proto::{Code, Failure};
use tokio::task::coop::unconstrained;

use crate::db::{self, Interrupter};
use crate::pool::control::Control;
use crate::pool::stats::CancelCounts;
use crate::pool::{Deadline, Stop, Unread};

/// How long a statement that nobody reads any more may go on where it is not cancelled at once.
const DRAIN_TIMEOUT: Duration = Duration::from_secs(30);

/// Between two cancels of one statement. One that arrives between two messages of the statement
/// to the database hits nothing.
const FIRST_PAUSE: Duration = Duration::from_millis(10);
const LONGEST_PAUSE: Duration = Duration::from_secs(1);

/// How long a server may take to heed a cancel. Its backend is then closed from this side, and
/// counted until the server lists it no more.
pub(super) const ABANDON_AFTER: Duration = Duration::from_secs(10);

/// Cancels what runs on one backend.
pub(super) struct Canceller<'a> {
    pub(super) interrupter: Interrupter,
    pub(super) control: Option<&'a Control>,
    pub(super) counts: &'a CancelCounts,
}

impl Canceller<'_> {
    /// Cancels the statement that runs now, and returns when the database has been told.
    async fn cancel(&self) {
        self.counts.sent();
        match self.control {
            Some(control) => control.cancel(self.interrupter.victim().clone()).await,
            None => {
                if let Some(number) = self.interrupter.running() {
                    self.interrupter.interrupt(number);
                }
            }
        }
    }

    /// Cancels a statement until it is over. `None` if a server does not let it end.
    async fn until_over<F: Future>(&self, running: Pin<&mut F>) -> Option<F::Output> {
        let ending = self.insist(running);
        match self.control {
            Some(_) => tokio::time::timeout(ABANDON_AFTER, ending).await.ok(),
            // SQLite obeys, or is busy with what cannot be left half done.
            None => Some(ending.await),
        }
    }

    /// One cancel at a time, and each is answered before this returns, so that none can hit what
    /// runs next.
    async fn insist<F: Future>(&self, mut running: Pin<&mut F>) -> F::Output {
        let mut pause = FIRST_PAUSE;
        loop {
            let mut cancel = pin!(self.cancel());
            tokio::select! {
                biased;
                () = &mut cancel => (),
                outcome = &mut running => {
                    cancel.await;
                    return outcome;
                }
            }
            match tokio::time::timeout(pause, &mut running).await {
                Ok(outcome) => return outcome,
                Err(_) => pause = (pause * 2).min(LONGEST_PAUSE),
            }
        }
    }
}

/// Runs a statement to its end, cancelling it in the database when `stop` says so, or when
/// `unread` says that nobody reads it.
///
/// Returns its outcome, and why it was cancelled if it was. A link to the server on which nothing
/// comes any more is broken, whatever the operating system says of it.
pub(super) async fn guarded<T, F: Future<Output = Result<T, Failure>>>(
    running: F,
    canceller: Canceller<'_>,
    stop: &Stop,
    unread: impl Future<Output = ()>,
) -> (F::Output, Option<Failure>) {
    let mut running = pin!(running);
    let why = tokio::select! {
        biased;
        outcome = &mut running => return (outcome, None),
        // A statement that always has rows at hand leaves these nothing of the task's budget.
        why = unconstrained(stop.brake.pulled()) => why,
        why = unconstrained(Deadline::passed(stop.deadline)) => why,
        () = unconstrained(drained(stop.unread, unread)) => db::killed(),
    };
    // What it yields from here on is for nobody, and must not wait for anybody.
    stop.brake.pull(why.clone());
    let outcome = canceller.until_over(running).await;
    (outcome.unwrap_or_else(|| Err(silent())), Some(why))
}

/// What a server that does not answer comes to.
pub(super) fn silent() -> Failure {
    let message = format!(
        "the database did not answer for {} s after the statement was cancelled",
        ABANDON_AFTER.as_secs()
    );
    Failure::new(Code::DATABASE_IO, message)
}

/// Why a statement must not even begin, if it must not.
pub(super) fn too_late(stop: &Stop) -> Option<Failure> {
    let passed = stop
        .deadline
        .filter(|deadline| deadline.at <= Instant::now());
    let why = stop
        .brake
        .reason()
        .or_else(|| passed.map(|deadline| deadline.of.failure()))?;
    if why.code != Code::CANCELLED_RUNNING {
        return Some(why);
    }
    let message = "the statement was cancelled before it reached the database";
    Some(Failure::new(Code::CANCELLED_WAITING, message))
}

/// Returns when a statement that nobody reads has gone on for long enough.
async fn drained(how: Unread, unread: impl Future<Output = ()>) {
    unread.await;
    if how == Unread::Drain {
        tokio::time::sleep(DRAIN_TIMEOUT).await;
    }
}

#[cfg(test)]
mod tests;
