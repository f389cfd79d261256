//! One test's database.

use super::admin;
use super::error::{Error, or_fail};
use super::server::{Server, login};

/// A database of a test's own, and a role of the same name that may hold only so many connections.
/// Dropping it gives the database up for removal, with whoever is still connected.
#[derive(Debug)]
#[must_use = "dropping it removes the database"]
pub struct Database {
    /// The URL of the role, for the thing under test.
    pub url: String,
    /// The URL of the superuser on the same database, whose connections do not count against the
    /// role's cap.
    pub admin_url: String,
    /// The name of the database and of its role.
    pub name: String,
    server: Server,
}

impl Database {
    pub(crate) fn new(server: Server, name: String) -> Self {
        let url = server.url(login(&name));
        let admin_url = server.url(server.engine().admin(Some(&name)));
        Self {
            url,
            admin_url,
            name,
            server,
        }
    }

    /// The server it is on.
    pub fn server(&self) -> &Server {
        &self.server
    }

    /// How many connections the server has refused this role until now because it held too many: by
    /// the server's own log, to which it writes before it answers the client. A pool that keeps to
    /// its cap has none.
    ///
    /// # Panics
    ///
    /// When the log cannot be read.
    pub async fn refusals(&self) -> usize {
        let engine = self.server.engine();
        let log = or_fail(self.server.read(engine.refusal_log()));
        log.lines()
            .filter(|line| engine.is_refusal(line, &self.name))
            .count()
    }

    /// How many connections of this role the server lists right now. One that was closed stays
    /// listed for a moment.
    ///
    /// # Panics
    ///
    /// When the server does not answer.
    pub async fn backends(&self) -> u32 {
        or_fail(self.count().await)
    }

    async fn count(&self) -> Result<u32, Error> {
        let sql = self.server.engine().count(&self.name);
        let count = admin::number(self.server.kind(), &self.server.admin_url(), &sql).await?;
        Ok(u32::try_from(count).unwrap_or(u32::MAX))
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        self.server.retire(&self.name);
    }
}
