//! Whether the control backend can do its work on the backends of another login.

use onepool_proto::{DatabaseKind, Failure};

use super::driver::Driver;
use super::interrupt::Identity;

/// What a statement is that somebody else must run, for people.
pub(crate) type Advice = String;

const POSTGRES_WHO: &str = "SELECT quote_ident(session_user)";
const MYSQL_WHO: &str = "SELECT CURRENT_USER(), VERSION()";
const POSTGRES_SCHEMA: &str = "SELECT current_schema()";

impl Driver {
    /// Makes sure that this backend may cancel what `victim` runs, and is told when it is gone.
    /// What keeps it from that is what a superuser may run, for the login `user` of the victim.
    pub(crate) async fn lacks_to_reach(
        &mut self,
        victim: &Identity,
        user: &str,
    ) -> Result<Option<Advice>, Failure> {
        let reached = match (self.lists(victim).await, self.cancel(victim).await) {
            (Ok(listed), Ok(told)) => listed && told,
            (Err(failure), _) | (_, Err(failure)) if failure.database.is_none() => {
                return Err(failure);
            }
            // The database's own word for it is that it is not permitted.
            _ => false,
        };
        if reached {
            return Ok(None);
        }
        let who = match self.kind() {
            DatabaseKind::Sqlite => return Ok(None),
            DatabaseKind::Postgres => POSTGRES_WHO,
            DatabaseKind::MySql => MYSQL_WHO,
        };
        let cells = self.query(who).await?;
        let mut cells = cells.into_iter().flatten().flatten();
        let own = cells.next().unwrap_or_default();
        Ok(Some(match self.kind() {
            DatabaseKind::MySql => of_mysql(&own, &cells.next().unwrap_or_default()),
            _ => format!("GRANT {} TO {own}", quoted(user)),
        }))
    }

    /// The schema that names without one are looked up in, if there is one that may be used.
    pub(crate) async fn schema(&mut self) -> Result<Option<String>, Failure> {
        let rows = self.query(POSTGRES_SCHEMA).await?;
        Ok(rows.into_iter().flatten().flatten().next())
    }
}

/// The two servers write the same privilege in two ways.
fn of_mysql(own: &str, version: &str) -> Advice {
    let privilege = if version.contains("MariaDB") {
        "CONNECTION ADMIN"
    } else {
        "CONNECTION_ADMIN"
    };
    let (user, host) = own.rsplit_once('@').unwrap_or((own, "%"));
    format!("GRANT {privilege}, PROCESS ON *.* TO '{user}'@'{host}'")
}

/// An identifier as PostgreSQL reads it.
pub(super) fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_statement_that_is_missing_can_be_run_as_it_is() {
        assert_eq!(
            of_mysql("app@localhost", "10.11.6-MariaDB"),
            "GRANT CONNECTION ADMIN, PROCESS ON *.* TO 'app'@'localhost'"
        );
        assert_eq!(
            of_mysql("app@%", "8.4.0"),
            "GRANT CONNECTION_ADMIN, PROCESS ON *.* TO 'app'@'%'"
        );
        assert_eq!(quoted("a\"b"), "\"a\"\"b\"");
    }
}
