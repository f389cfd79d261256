//! What differs between the kinds of servers.

use std::ffi::OsString;
use std::fmt;
use std::net::Ipv4Addr;
use std::path::{Path, PathBuf};

use super::error::{Error, or_fail};
use super::mariadb::MariaDb;
use super::postgres::Postgres;
use super::server::{self, Server};

/// A kind of database server.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    /// PostgreSQL.
    Postgres,
    /// MariaDB, for all that speak MySQL's protocol.
    MariaDb,
}

impl Kind {
    /// Both, for tests that hold for every server.
    pub const ALL: [Self; 2] = [Self::Postgres, Self::MariaDb];

    /// This process's shared server of this kind, started on first use.
    ///
    /// # Panics
    ///
    /// When there is none to be had, with one line that says why.
    pub async fn server(self) -> Server {
        or_fail(server::shared(self).await)
    }

    pub(crate) fn engine(self) -> &'static dyn Engine {
        match self {
            Self::Postgres => &Postgres,
            Self::MariaDb => &MariaDb,
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Postgres => "PostgreSQL",
            Self::MariaDb => "MariaDB",
        })
    }
}

/// The programs of one installation.
#[derive(Debug)]
pub(crate) struct Programs {
    pub(crate) server: PathBuf,
    pub(crate) initialiser: PathBuf,
}

/// Who connects to which database.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Login<'a> {
    pub(crate) user: &'a str,
    pub(crate) password: &'a str,
    pub(crate) database: &'a str,
}

/// What the harness must know of a kind of server. All paths given are plain ASCII without spaces.
pub(crate) trait Engine: Sync {
    fn programs(&self) -> Result<Programs, Error>;

    /// Unprivileged users to run as, the preferred one first.
    fn users(&self) -> &'static [&'static str];

    /// The command line that creates the folder `data`.
    fn initialise(&self, programs: &Programs, data: &Path) -> Vec<OsString>;

    /// Files to write into the data folder then.
    fn files(&self) -> &'static [(&'static str, &'static str)];

    /// The command line of the server in `folder`, which logs to its standard error.
    fn serve(&self, programs: &Programs, folder: &Path) -> Vec<OsString>;

    /// What the command line needs besides for TLS, at an address of the server's own where it has
    /// none without.
    fn serve_tls(&self, folder: &Path, address: Ipv4Addr) -> Vec<OsString>;

    /// Lines of the file that says who may come in, for those who come by TLS.
    fn tls_access(&self) -> Option<(&'static str, &'static str)>;

    /// The signal that makes the server end in good order.
    fn stop_signal(&self) -> &'static str;

    /// The signal that makes the server end at once, and leave nothing behind but its folder.
    fn last_signal(&self) -> &'static str;

    fn url(&self, folder: &Path, login: Login<'_>) -> String;

    /// The same over TLS, to be refused unless the server's certificate is signed by `authority`.
    fn tls_url(
        &self,
        folder: &Path,
        address: Ipv4Addr,
        login: Login<'_>,
        authority: &Path,
    ) -> String;

    /// The superuser, on `database` or on one that always exists.
    fn admin<'a>(&self, database: Option<&'a str>) -> Login<'a>;

    /// Creates a role that may hold `cap` connections, and a database that is its own.
    fn create(&self, login: Login<'_>, cap: u32) -> Vec<String>;

    /// Removes a database and its role, whoever is still connected.
    fn remove(&self, login: Login<'_>) -> Vec<String>;

    /// Counts the connections of a role.
    fn count(&self, role: &str) -> String;

    /// The file in the server's folder that tells of refused connections.
    fn refusal_log(&self) -> &'static str;

    /// Whether a line of that file says that `role` was refused a connection for having too many.
    fn is_refusal(&self, line: &str, role: &str) -> bool;
}
