//! How late the host's thread is.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::{Instant, sleep};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::Histogram;

/// Between two looks.
const PAUSE: Duration = Duration::from_millis(250);

/// Measures, until `stop`, how much later than it should a task of the host's has its turn. The clock
/// of the runtime adds a millisecond at most.
pub(crate) fn watch(tracker: &TaskTracker, stop: &CancellationToken) -> Arc<Histogram> {
    let lag = Arc::<Histogram>::default();
    let (measured, stop) = (Arc::clone(&lag), stop.clone());
    tracker.spawn(async move {
        loop {
            let due = Instant::now() + PAUSE;
            tokio::select! {
                () = stop.cancelled() => return,
                () = sleep(PAUSE) => measured.record(due.elapsed()),
            }
        }
    });
    lag
}
