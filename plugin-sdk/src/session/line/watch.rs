//! Noticing that the host is gone while nobody reads.

use std::sync::Arc;

use super::Line;

impl Line {
    /// Has the thread of all sessions notice when the host closes the socket, however busy the
    /// runtimes with pumps are. It does not wake up for what the host says.
    #[cfg(any(target_os = "linux", target_os = "android"))]
    pub(super) fn watch(self: &Arc<Self>) {
        let line = Arc::clone(self);
        let watching = async move {
            let end = line.end_only()?;
            tokio::select! {
                closed = end.readable() => drop(closed?),
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

    /// Becomes readable at the end of the socket.
    ///
    /// The runtime would always watch for arrivals as well, or for what the kernel announces
    /// together with them, and have its thread woken for each. So a queue of its own stands between.
    #[cfg(any(target_os = "linux", target_os = "android"))]
    #[expect(
        unsafe_code,
        reason = "tokio watches a descriptor for one thing only in this way"
    )]
    fn end_only(&self) -> std::io::Result<tokio::io::unix::AsyncFd<std::os::fd::OwnedFd>> {
        use rustix::event::epoll::{CreateFlags, EventData, EventFlags, add, create};
        use tokio::io::Interest;
        use tokio::io::unix::AsyncFd;

        let queue = create(CreateFlags::CLOEXEC)?;
        add(
            &queue,
            &self.socket,
            EventData::new_u64(0),
            EventFlags::RDHUP,
        )?;
        // SAFETY: the descriptor is new, open, and owned by the AsyncFd from here on.
        Ok(unsafe { AsyncFd::register_with_interest(queue, Interest::READABLE) }?)
    }

    /// Only some systems tell of the end apart from the rest; elsewhere the pumps notice.
    #[cfg(not(any(target_os = "linux", target_os = "android")))]
    pub(super) fn watch(self: &Arc<Self>) {}
}
