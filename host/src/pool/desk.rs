//! The way to a backend's owner, and whether the current loan uses it.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use tokio::sync::mpsc;

use super::activity::Activity;
use super::job::Job;

/// The way to a backend's owner. The channel has no bound of its own: only the holder of the one
/// lease sends, and waits for what it sent.
#[derive(Clone, Debug)]
pub(crate) struct OwnerHandle {
    jobs: mpsc::UnboundedSender<Job>,
    desk: Arc<Desk>,
    /// What the database calls the backend, where it does.
    process: Option<u64>,
}

impl OwnerHandle {
    /// The way to a new owner, who takes its jobs from the receiver.
    pub(super) fn new(process: Option<u64>) -> (Self, mpsc::UnboundedReceiver<Job>, Arc<Desk>) {
        let (jobs, receiver) = mpsc::unbounded_channel();
        let desk = Arc::new(Desk {
            epoch: Instant::now(),
            word: AtomicU64::new(0),
            rests_since: AtomicU64::new(0),
            activity: Activity::default(),
        });
        let handle = Self {
            jobs,
            desk: Arc::clone(&desk),
            process,
        };
        (handle, receiver, desk)
    }

    /// Gives the owner a job of a loan, or the job back if the loan was revoked. A job that
    /// cannot be delivered is dropped, which tells its sender.
    pub(super) fn send(&self, series: Series, job: Job) -> Result<(), Job> {
        if !self.desk.enter(series) {
            return Err(job);
        }
        let _ = self.jobs.send(job);
        Ok(())
    }

    /// Gives the owner a word of the pool's own.
    pub(super) fn tell(&self, job: Job) {
        let _ = self.jobs.send(job);
    }

    pub(super) fn desk(&self) -> &Desk {
        &self.desk
    }

    pub(super) fn activity(&self) -> &Activity {
        &self.desk.activity
    }

    pub(super) fn process(&self) -> Option<u64> {
        self.process
    }
}

/// The loans of a backend between two revocations.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Series(u64);

/// Whether the current loan of a backend uses it. Shared by the owner and whoever has the lease,
/// so that a loan is only revoked while it rests, and nothing of a revoked loan is ever run.
#[derive(Debug)]
pub(super) struct Desk {
    epoch: Instant,
    /// The series of loans, and in the lower half the jobs that were sent and are not done.
    word: AtomicU64,
    /// When the last job was done, in nanoseconds since `epoch`.
    rests_since: AtomicU64,
    pub(super) activity: Activity,
}

const JOBS: u64 = u32::MAX as u64;
const ONE_SERIES: u64 = 1 << 32;

impl Desk {
    /// The series that a loan which begins now belongs to.
    pub(super) fn series(&self) -> Series {
        Series(self.word.load(Ordering::Acquire) & !JOBS)
    }

    /// Whether the loans of this series have been revoked.
    pub(super) fn has_revoked(&self, series: Series) -> bool {
        self.series() != series
    }

    /// A job is done.
    pub(super) fn leave(&self) {
        self.word.fetch_sub(1, Ordering::AcqRel);
    }

    /// The loan goes on, though nothing is to be done for it just now.
    pub(super) fn rest(&self, now: Instant) {
        let since = now.saturating_duration_since(self.epoch).as_nanos();
        let since = u64::try_from(since).unwrap_or(u64::MAX);
        self.rests_since.store(since, Ordering::Release);
    }

    /// For how long nothing has been done for the loan.
    pub(super) fn rests_for(&self, now: Instant) -> Duration {
        if self.word.load(Ordering::Acquire) & JOBS > 0 {
            return Duration::ZERO;
        }
        let since = Duration::from_nanos(self.rests_since.load(Ordering::Acquire));
        now.saturating_duration_since(self.epoch)
            .saturating_sub(since)
    }

    /// Revokes the loan, unless a job of it is on its way.
    pub(super) fn revoke(&self) -> bool {
        let series = self.series().0;
        let next = series.wrapping_add(ONE_SERIES);
        self.word
            .compare_exchange(series, next, Ordering::AcqRel, Ordering::Acquire)
            .is_ok()
    }

    /// Somebody uses the loan, unless it was revoked, until they [`leave`](Self::leave).
    pub(super) fn enter(&self, series: Series) -> bool {
        let one_more = |word: u64| (word & !JOBS == series.0).then_some(word + 1);
        self.word
            .fetch_update(Ordering::AcqRel, Ordering::Acquire, one_more)
            .is_ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_loan_that_is_used_is_not_revoked_and_a_revoked_one_not_used() {
        let (handle, mut jobs, desk) = OwnerHandle::new(None);
        let loan = desk.series();
        handle.send(loan, Job::Return).unwrap();
        assert!(!desk.revoke(), "its job is not done");
        assert!(jobs.try_recv().is_ok());
        desk.leave();
        assert!(desk.revoke());
        assert!(desk.has_revoked(loan));
        assert!(handle.send(loan, Job::Return).is_err());
        assert!(jobs.try_recv().is_err());
        assert!(handle.send(desk.series(), Job::Return).is_ok());
    }

    #[test]
    fn a_loan_rests_from_its_last_job_on() {
        let (handle, _jobs, desk) = OwnerHandle::new(None);
        let start = Instant::now();
        let later = |seconds| start + Duration::from_secs(seconds);
        handle.send(desk.series(), Job::Return).unwrap();
        assert_eq!(desk.rests_for(later(5)), Duration::ZERO);
        desk.rest(later(5));
        desk.leave();
        assert_eq!(desk.rests_for(later(8)), Duration::from_secs(3));
    }
}
