//! The thread that a host does all its work on.
//!
//! One call passes from the session's task to a backend's owner and back. On one thread that is
//! two turns of a queue; between threads each would be a wake-up, which costs more than the rest
//! of the call. A thread of its own also keeps plugins going while the application's runtime is
//! busy, and the application while plugins are.

use std::io;
use std::thread;

use tokio::runtime::Builder;
use tokio_util::sync::{CancellationToken, DropGuard};
use tokio_util::task::AbortOnDropHandle;

/// Runs `task` on a new thread with a runtime of its own. The thread ends when the guard that
/// the task is given is dropped.
///
/// # Errors
/// If the operating system has no thread or no event queue left.
///
/// # Panics
/// If the task does.
///
/// # Cancel safety
/// Dropping the future drops the task.
pub(crate) async fn run<F>(task: impl FnOnce(DropGuard) -> F) -> io::Result<F::Output>
where
    F: Future<Output: Send> + Send + 'static,
{
    let runtime = Builder::new_current_thread().enable_all().build()?;
    let handle = runtime.handle().clone();
    let over = CancellationToken::new();
    let task = task(over.clone().drop_guard());
    thread::Builder::new()
        .name("onepool-host".to_owned())
        .spawn(move || runtime.block_on(over.cancelled()))?;
    match AbortOnDropHandle::new(handle.spawn(task)).await {
        Ok(output) => Ok(output),
        Err(error) => match error.try_into_panic() {
            Ok(panic) => std::panic::resume_unwind(panic),
            Err(error) => Err(io::Error::other(error)),
        },
    }
}
