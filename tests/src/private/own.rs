//! Servers that a test may ill-treat.

use super::database::Database;
use super::engine::Kind;
use super::error::{Error, or_fail};
use super::server::Server;

/// A server of one test's own, to be killed, stopped and started again. It stops when dropped.
#[derive(Debug)]
pub struct OwnServer {
    server: Server,
}

impl OwnServer {
    /// Starts a server.
    ///
    /// # Panics
    ///
    /// When there is none to be had, with one line that says why.
    pub async fn start(kind: Kind) -> Self {
        Self {
            server: or_fail(Server::start(kind).await),
        }
    }

    /// The server, for what all servers can do.
    pub fn server(&self) -> &Server {
        &self.server
    }

    /// Makes a database; see [`Server::database`].
    ///
    /// # Panics
    ///
    /// When the server refuses.
    pub async fn database(&self, cap: u32) -> Database {
        self.server.database(cap).await
    }

    /// Kills the server program with SIGKILL, and waits until all of the server's processes are
    /// gone.
    ///
    /// # Panics
    ///
    /// When they do not go.
    pub async fn kill(&self) {
        or_fail(self.server.guard().end("KILL").await);
    }

    /// Stops the server in good order, which ends every connection, and waits until it is gone.
    ///
    /// # Panics
    ///
    /// When it does not go.
    pub async fn stop(&self) {
        or_fail(
            self.server
                .guard()
                .end(self.server.engine().stop_signal())
                .await,
        );
    }

    /// Starts the server again, on the data it left and at the same URLs, and waits until it
    /// answers.
    ///
    /// # Panics
    ///
    /// When it does not start, or runs already.
    pub async fn start_again(&self) {
        let kind = self.server.kind();
        if self.server.guard().is_running() {
            or_fail::<()>(Err(Error::Running { kind }));
        }
        or_fail(self.server.launch().await);
    }
}
