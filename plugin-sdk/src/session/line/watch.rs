//! Noticing that the host is gone while nobody reads.

use std::sync::Arc;

use super::Line;

impl Line {
    /// Has the thread of all sessions notice when the host closes the socket, however busy the
    /// runtimes with pumps are. It does not wake up for what the host says.
    #[cfg(any(target_os = "linux", target_os = "android"))]
    pub(super) fn watch(self: &Arc<Self>) {
        use tokio::io::Interest;

        let line = Arc::clone(self);
        let watching = async move {
            let socket = line.watched_for(Interest::PRIORITY)?;
            tokio::select! {
                // Nothing urgent is ever sent, so this is the end.
                closed = socket.ready(Interest::PRIORITY) => drop(closed?),
                () = line.over.cancelled() => return Ok(()),
            }
            // The host's last words may still be unread.
            while line.read() {}
            line.end(None);
            Ok::<_, std::io::Error>(())
        };
        // Without a thread there is no session.
        let _ = crate::session::thread::spawn(watching);
    }

    /// Only some systems tell of the end apart from the rest; elsewhere the pumps notice.
    #[cfg(not(any(target_os = "linux", target_os = "android")))]
    pub(super) fn watch(self: &Arc<Self>) {}
}
