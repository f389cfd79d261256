//! Being asked by the host to end.

use std::sync::LazyLock;

use tokio::sync::watch;

/// How far it has come. It only ever grows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Stage {
    /// Nobody in this process wants to know.
    Unheeded,
    /// Somebody does: sessions ask the host to be told.
    Heeded,
    /// A host has asked this process to end.
    Requested,
}

static STAGE: LazyLock<watch::Sender<Stage>> =
    LazyLock::new(|| watch::Sender::new(Stage::Unheeded));

/// Returns once the host that launched this process wants it to end: the host stops, or the plugin
/// is to be restarted. The pool goes on working, so that the plugin can write what it has; it
/// should then return from `main`.
///
/// A plugin that has called this is given time before the host sends SIGTERM, and more before it
/// kills the process (see `stop_graces` of the host). One that never does is sent SIGTERM at once.
/// A process that the host did not launch is never asked.
///
/// ```no_run
/// # async fn work(pool: onepool_sdk::OnepoolPool) {}
/// # async fn example(pool: onepool_sdk::OnepoolPool) {
/// tokio::select! {
///     () = work(pool.clone()) => {}
///     () = onepool_sdk::shutdown_requested() => {} // finish what is under way
/// }
/// pool.close().await;
/// # }
/// ```
///
/// # Cancel safety
/// Dropping the future loses nothing: the next call returns at once if the host has asked.
pub async fn shutdown_requested() {
    let mut stage = STAGE.subscribe();
    rise_to(Stage::Heeded);
    // The sender is never dropped.
    let _ = stage.wait_for(|stage| *stage == Stage::Requested).await;
}

/// Returns once somebody in this process wants to know.
pub(crate) async fn heeded() {
    let _ = STAGE
        .subscribe()
        .wait_for(|stage| *stage >= Stage::Heeded)
        .await;
}

/// A host has asked this process to end.
pub(crate) fn request() {
    rise_to(Stage::Requested);
}

fn rise_to(next: Stage) {
    STAGE.send_if_modified(|stage| {
        let rises = next > *stage;
        if rises {
            *stage = next;
        }
        rises
    });
}
