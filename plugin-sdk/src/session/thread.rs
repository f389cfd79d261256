//! The thread that all sessions of this process do their I/O on.

use std::cell::Cell;
use std::future;
use std::io;
use std::sync::{Mutex, PoisonError};
use std::thread;

use tokio::runtime::{Builder, Handle};
use tokio::task::JoinHandle;

thread_local! {
    static THIS: Cell<bool> = const { Cell::new(false) };
}

static HANDLE: Mutex<Option<Handle>> = Mutex::new(None);

/// Runs `task` on the thread, which is started on first use and ends with the process.
///
/// # Errors
/// If the operating system has no thread or no event queue left.
pub(super) fn spawn<F>(task: F) -> io::Result<JoinHandle<F::Output>>
where
    F: Future<Output: Send> + Send + 'static,
{
    let mut handle = HANDLE.lock().unwrap_or_else(PoisonError::into_inner);
    let handle = match &mut *handle {
        Some(handle) => handle,
        none => none.insert(start()?),
    };
    Ok(handle.spawn(task))
}

/// Whether this runs on the thread.
#[cfg(unix)]
pub(super) fn is_this() -> bool {
    THIS.get()
}

fn start() -> io::Result<Handle> {
    let runtime = Builder::new_current_thread().enable_all().build()?;
    let handle = runtime.handle().clone();
    thread::Builder::new()
        .name("onepool-session".to_owned())
        .spawn(move || {
            THIS.set(true);
            runtime.block_on(future::pending::<()>());
        })?;
    Ok(handle)
}
