//! Servers that a test may ill-treat.

use super::database::Database;
use super::engine::Kind;
use super::error::{Error, or_fail};
use super::guard::Guard;
use super::replication::Part;
use super::server::{Manner, Server, login};
use super::tls::{self, Tls};

/// A server of one test's own, to be killed, stopped and started again. It stops when dropped.
#[derive(Debug)]
pub struct OwnServer {
    server: Server,
    tls: Option<Tls>,
}

impl OwnServer {
    /// Starts a server.
    ///
    /// # Panics
    ///
    /// When there is none to be had, with one line that says why.
    pub async fn start(kind: Kind) -> Self {
        Self::start_as(kind, Manner::default()).await
    }

    async fn start_as(kind: Kind, manner: Manner) -> Self {
        let tls = manner.tls.clone();
        let server = or_fail(Server::start(kind, manner).await);
        Self { server, tls }
    }

    /// Starts a PostgreSQL server that others may follow.
    ///
    /// # Panics
    ///
    /// As [`start`](Self::start).
    pub async fn start_primary() -> Self {
        let part = Some(Part::Primary);
        Self::start_as(
            Kind::Postgres,
            Manner {
                part,
                ..Manner::default()
            },
        )
        .await
    }

    /// Starts a server that follows this one, which was [started for
    /// that](Self::start_primary): it has all that this one has, soon after, and takes no writes.
    ///
    /// # Panics
    ///
    /// As [`start`](Self::start).
    pub async fn start_standby(&self) -> Self {
        let part = Some(Part::Standby(self.server.folder().to_owned()));
        Self::start_as(
            self.server.kind(),
            Manner {
                part,
                ..Manner::default()
            },
        )
        .await
    }

    /// The copy that this server, which follows another, has of a database there.
    pub fn copy_of(&self, database: &Database) -> Database {
        Database::new(self.server.clone(), database.name.clone())
    }

    /// Starts a server that speaks TLS, also at a loopback address of its own.
    ///
    /// # Panics
    ///
    /// As [`start`](Self::start).
    pub async fn start_with_tls(kind: Kind) -> Self {
        let tls = or_fail(Tls::new());
        let manner = Manner {
            tls: Some(tls),
            ..Manner::default()
        };
        Self::start_as(kind, manner).await
    }

    /// The URL of a database's role over TLS, for a client that insists on a certificate which the
    /// server's authority has signed; or, with `trusted` false, another authority, which has not.
    ///
    /// # Panics
    ///
    /// When the server was started without TLS.
    pub fn tls_url(&self, database: &Database, trusted: bool) -> String {
        let Some(tls) = &self.tls else {
            panic!("the server was started without TLS");
        };
        let folder = self.server.folder();
        let authority = if trusted {
            folder.join(tls::AUTHORITY)
        } else {
            or_fail(tls::stranger(folder))
        };
        let login = login(&database.name);
        let engine = self.server.engine();
        engine.tls_url(folder, tls.address(), login, &authority)
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
        or_fail(self.guard().end("KILL").await);
    }

    /// Stops the server in good order, which ends every connection, and waits until it is gone.
    ///
    /// # Panics
    ///
    /// When it does not go.
    pub async fn stop(&self) {
        let signal = self.server.engine().stop_signal();
        or_fail(self.guard().end(signal).await);
    }

    /// Starts the server again, on the data it left and at the same URLs, and waits until it
    /// answers.
    ///
    /// # Panics
    ///
    /// When it does not start, or runs already.
    pub async fn start_again(&self) {
        let kind = self.server.kind();
        if self.guard().is_running() {
            or_fail::<()>(Err(Error::Running { kind }));
        }
        or_fail(self.server.launch().await);
    }

    fn guard(&self) -> &Guard {
        or_fail(self.server.guard())
    }
}
