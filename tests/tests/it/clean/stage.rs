//! A database to leave things behind on, and what is known of its kind.

use onepool_host::Host;
use onepool_sdk::DatabaseKind;
use onepool_tests::{Database, SqliteFile};
use sqlx::{AssertSqlSafe, Connection, MySqlConnection, PgConnection, SqliteConnection};

use super::draw::Draw;
use super::{mysql, postgres, sqlite};

/// Connections that the server lets in: more than a host opens here. Those of sqlx's own that a test
/// drops stay listed for a moment.
const ROOM: u32 = 32;

/// Who the host is to the database.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Login {
    Role,
    Superuser,
}

/// A database with tables and functions.
pub(super) struct Stage {
    pub(super) kind: DatabaseKind,
    pub(super) url: String,
    _server: Option<Database>,
    _file: Option<SqliteFile>,
}

impl Stage {
    pub(super) async fn sqlite() -> Self {
        let file = onepool_tests::sqlite();
        let mut connection = SqliteConnection::connect(&file.url).await.unwrap();
        let stage = sqlx::raw_sql(sqlite::STAGE);
        stage.execute(&mut connection).await.unwrap();
        connection.close().await.unwrap();
        Self {
            kind: DatabaseKind::Sqlite,
            url: file.url.clone(),
            _server: None,
            _file: Some(file),
        }
    }

    pub(super) async fn postgres(login: Login) -> Self {
        let server = onepool_tests::postgres().await.database(ROOM).await;
        let mut admin = PgConnection::connect(&server.admin_url).await.unwrap();
        // Roles belong to the whole server, on which other tests run at the same time.
        let guest = format!("guest_{}", server.name);
        let setup = format!(
            "CREATE ROLE {guest}; GRANT {guest} TO {}; {}",
            server.name,
            postgres::STAGE
        );
        let setup = sqlx::raw_sql(AssertSqlSafe(setup));
        setup.execute(&mut admin).await.unwrap();
        admin.close().await.unwrap();
        Self::server(DatabaseKind::Postgres, server, login)
    }

    pub(super) async fn mariadb(login: Login) -> Self {
        let server = onepool_tests::mariadb().await.database(ROOM).await;
        let mut admin = MySqlConnection::connect(&server.admin_url).await.unwrap();
        for part in mysql::STAGE {
            let part = sqlx::raw_sql(*part);
            part.execute(&mut admin).await.unwrap();
        }
        admin.close().await.unwrap();
        Self::server(DatabaseKind::MySql, server, login)
    }

    fn server(kind: DatabaseKind, server: Database, login: Login) -> Self {
        Self {
            kind,
            url: match login {
                Login::Role => server.url.clone(),
                Login::Superuser => server.admin_url.clone(),
            },
            _server: Some(server),
            _file: None,
        }
    }

    /// A host that has this many backends for work.
    pub(super) async fn host(&self, room: u32) -> Host {
        let control = u32::from(self.kind != DatabaseKind::Sqlite);
        let host = Host::builder().database(&self.url);
        host.max_connections(room + control).start().await.unwrap()
    }

    /// A statement that makes a setting.
    pub(super) fn setting(&self, draw: &mut Draw) -> String {
        let settings = match self.kind {
            DatabaseKind::Postgres => postgres::SETTINGS,
            DatabaseKind::MySql => mysql::SETTINGS,
            DatabaseKind::Sqlite => sqlite::SETTINGS,
        };
        self.named(draw.statement(settings))
    }

    /// A statement that leaves something else behind, or a setting.
    pub(super) fn statement(&self, draw: &mut Draw) -> String {
        let rest = match self.kind {
            _ if draw.once_in(3) => return self.setting(draw),
            DatabaseKind::Postgres => postgres::REST,
            DatabaseKind::MySql => mysql::REST,
            DatabaseKind::Sqlite => sqlite::REST,
        };
        self.named(draw.statement(rest))
    }

    /// A statement that opens or ends a transaction, or a part of one.
    pub(super) fn bracket(&self, draw: &mut Draw) -> String {
        const BRACKETS: &[&str] = &[
            "BEGIN",
            "BEGIN",
            "COMMIT",
            "ROLLBACK",
            "SAVEPOINT {s|t}",
            "ROLLBACK TO {s|t}",
            "RELEASE SAVEPOINT s",
        ];
        draw.statement(BRACKETS)
    }

    /// The statement, with the role that exists here in the place of `guest`.
    fn named(&self, statement: String) -> String {
        match &self._server {
            Some(server) if self.kind == DatabaseKind::Postgres => {
                statement.replace("guest", &format!("guest_{}", server.name))
            }
            _ => statement,
        }
    }

    /// What reads everything of a session that shows.
    pub(super) fn read(&self) -> &'static str {
        match self.kind {
            DatabaseKind::Postgres => postgres::READ,
            DatabaseKind::MySql => mysql::READ,
            DatabaseKind::Sqlite => sqlite::READ,
        }
    }

    /// What reads the settings of a session, a row each.
    pub(super) fn settings_read(&self) -> &'static str {
        match self.kind {
            DatabaseKind::Postgres => postgres::DETAILS,
            DatabaseKind::MySql => mysql::DETAILS,
            DatabaseKind::Sqlite => sqlite::READ,
        }
    }

    /// What tells more of what `read` only sums up.
    pub(super) fn details(&self) -> &'static str {
        match self.kind {
            DatabaseKind::Postgres => postgres::DETAILS,
            DatabaseKind::MySql => mysql::DETAILS,
            DatabaseKind::Sqlite => "SELECT ''",
        }
    }

    /// Questions about earlier statements, and what they may say to one who made none. A failure
    /// says nothing.
    pub(super) fn echoes(&self) -> (&'static [&'static str], &'static [&'static str]) {
        match self.kind {
            DatabaseKind::Postgres => (postgres::ECHOES, postgres::SILENCE),
            DatabaseKind::MySql => (mysql::ECHOES, mysql::SILENCE),
            DatabaseKind::Sqlite => (sqlite::ECHOES, sqlite::SILENCE),
        }
    }
}
