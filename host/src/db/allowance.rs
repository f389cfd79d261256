//! How many backends a database lets the host have.

use onepool_proto::{DatabaseKind, Failure};

use super::driver::Driver;

/// How many backends the database lets the host have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Allowance {
    pub(crate) limit: u32,
    /// How that comes about, for people.
    pub(crate) sum: String,
}

/// What PostgreSQL keeps for others, and how many connections role and database may have. Older
/// servers have no `reserved_connections`.
const POSTGRES: &str = "SELECT current_setting('max_connections'), \
    current_setting('superuser_reserved_connections'), \
    coalesce(nullif(current_setting('reserved_connections', true), ''), '0'), \
    r.rolconnlimit::text, d.datconnlimit::text, r.rolsuper::text, r.rolname::text, d.datname::text \
    FROM pg_roles r, pg_database d \
    WHERE r.rolname = session_user AND d.datname = current_database()";

/// The session's value is the account's, where it has one.
const MYSQL: &str = "SELECT CONCAT(@@max_connections), CONCAT(@@SESSION.max_user_connections)";

impl Driver {
    /// How many backends the database lets the host have, if it tells.
    pub(crate) async fn allowance(&mut self) -> Result<Option<Allowance>, Failure> {
        let question = match self.kind() {
            DatabaseKind::Sqlite => return Ok(None),
            DatabaseKind::Postgres => POSTGRES,
            DatabaseKind::MySql => MYSQL,
        };
        let rows = self.query(question).await?;
        let cells: Option<Vec<_>> = rows
            .into_iter()
            .next()
            .unwrap_or_default()
            .into_iter()
            .collect();
        Ok(cells.and_then(|cells| match self.kind() {
            DatabaseKind::Sqlite => None,
            DatabaseKind::Postgres => of_postgres(&cells),
            DatabaseKind::MySql => of_mysql(&cells),
        }))
    }
}

fn of_postgres(cells: &[String]) -> Option<Allowance> {
    let [
        max,
        superuser,
        reserved,
        role,
        database,
        is_super,
        role_name,
        database_name,
    ] = cells
    else {
        return None;
    };
    let (max, superuser): (u32, u32) = (max.parse().ok()?, superuser.parse().ok()?);
    let reserved: u32 = reserved.parse().ok()?;
    if is_super == "true" {
        let sum = format!("max_connections is {max}");
        return Some(Allowance { limit: max, sum });
    }
    let limit = max.saturating_sub(superuser + reserved);
    let mut parts = format!("max_connections {max} - superuser_reserved_connections {superuser}");
    if reserved > 0 {
        parts.push_str(&format!(" - reserved_connections {reserved}"));
    }
    let server = Allowance {
        limit,
        sum: format!("{parts} = {limit}"),
    };
    // -1 is no limit.
    let role = role.parse().ok().map(|limit| Allowance {
        limit,
        sum: format!("the role {role_name} has a connection limit of {limit}"),
    });
    let database = database.parse().ok().map(|limit| Allowance {
        limit,
        sum: format!("the database {database_name} has a connection limit of {limit}"),
    });
    least([Some(server), role, database])
}

fn of_mysql(cells: &[String]) -> Option<Allowance> {
    let [max, user] = cells else {
        return None;
    };
    let limit: u32 = max.parse().ok()?;
    let server = Allowance {
        limit,
        sum: format!("max_connections is {limit}"),
    };
    let user: u32 = user.parse().ok()?;
    // 0 is no limit.
    let user = (user > 0).then(|| Allowance {
        limit: user,
        sum: format!("the user has a max_user_connections of {user}"),
    });
    least([Some(server), user, None])
}

fn least(of: [Option<Allowance>; 3]) -> Option<Allowance> {
    let known = of.into_iter().flatten();
    known.min_by_key(|allowance| allowance.limit)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cells<const N: usize>(cells: [&str; N]) -> [String; N] {
        cells.map(str::to_owned)
    }

    #[test]
    fn the_tightest_limit_counts_and_is_added_up() {
        let server = of_postgres(&cells([
            "100", "3", "2", "-1", "-1", "false", "app", "shop",
        ]));
        let server = server.unwrap();
        assert_eq!(server.limit, 95);
        assert_eq!(
            server.sum,
            "max_connections 100 - superuser_reserved_connections 3 - reserved_connections 2 = 95"
        );
        let role = of_postgres(&cells([
            "100", "3", "0", "10", "20", "false", "app", "shop",
        ]));
        let role = role.unwrap();
        assert_eq!((role.limit, role.sum.contains("role app")), (10, true));
        let database = of_postgres(&cells([
            "100", "3", "0", "-1", "20", "false", "app", "shop",
        ]));
        assert_eq!(database.unwrap().limit, 20);
        let superuser = of_postgres(&cells(["100", "3", "0", "10", "20", "true", "app", "shop"]));
        assert_eq!(superuser.unwrap().limit, 100);
        assert_eq!(of_mysql(&cells(["151", "0"])).unwrap().limit, 151);
        assert_eq!(of_mysql(&cells(["151", "7"])).unwrap().limit, 7);
    }
}
