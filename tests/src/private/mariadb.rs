//! MariaDB.

use std::ffi::OsString;
use std::net::Ipv4Addr;
use std::path::Path;

use super::engine::{Engine, Login, Programs};
use super::error::Error;
use super::{programs, tls};

/// Also needed when the data is initialised, for the sizes are those of files.
const FILES: [&str; 3] = [
    "--innodb-log-file-size=4M",
    "--innodb-flush-method=nosync",
    "--skip-name-resolve",
];

/// Fast rather than durable, small. The server's own log does not tell who was refused a
/// connection, so a plugin that comes with the server writes down every error it answers.
const SETTINGS: [&str; 15] = [
    "--skip-networking",
    "--max-connections=200",
    "--innodb-buffer-pool-size=16M",
    // Larger than the largest cell of any test.
    "--max-allowed-packet=128M",
    "--innodb-flush-log-at-trx-commit=0",
    "--innodb-fast-shutdown=1",
    "--innodb-use-native-aio=0",
    "--performance-schema=0",
    "--skip-log-bin",
    "--character-set-server=utf8mb4",
    "--log-warnings=9",
    "--plugin-load-add=sql_errlog",
    "--loose-sql-error-log-warnings=OFF",
    "--sql-error-log-size-limit=1G",
    "--sql-error-log-rate=1",
];

/// See [`Engine`].
pub(crate) struct MariaDb;

impl Engine for MariaDb {
    fn programs(&self) -> Result<Programs, Error> {
        let server = programs::server_program("mariadbd")?;
        let initialiser = programs::server_program("mariadb-install-db")?;
        Ok(Programs {
            server,
            initialiser,
        })
    }

    fn users(&self) -> &'static [&'static str] {
        &["mysql", "nobody"]
    }

    fn initialise(&self, programs: &Programs, data: &Path) -> Vec<OsString> {
        let mut line = vec![programs.initialiser.clone().into(), "--no-defaults".into()];
        line.push(format!("--datadir={}", data.display()).into());
        line.extend(
            ["--auth-root-authentication-method=normal", "--skip-test-db"].map(OsString::from),
        );
        line.extend(FILES.map(OsString::from));
        line
    }

    fn files(&self) -> &'static [(&'static str, &'static str)] {
        &[]
    }

    fn serve(&self, programs: &Programs, folder: &Path) -> Vec<OsString> {
        let folder = folder.display();
        let mut line = vec![programs.server.clone().into(), "--no-defaults".into()];
        line.extend([
            format!("--datadir={folder}/data").into(),
            format!("--socket={folder}/socket").into(),
            format!("--pid-file={folder}/pid").into(),
            format!("--sql-error-log-filename={folder}/{}", self.refusal_log()).into(),
        ]);
        line.extend(FILES.map(OsString::from));
        line.extend(SETTINGS.map(OsString::from));
        line
    }

    fn serve_tls(&self, folder: &Path, _address: Ipv4Addr) -> Vec<OsString> {
        let file = |name| folder.join(name).display().to_string();
        vec![
            format!("--ssl-cert={}", file(tls::CERTIFICATE)).into(),
            format!("--ssl-key={}", file(tls::KEY)).into(),
        ]
    }

    fn tls_access(&self) -> Option<(&'static str, &'static str)> {
        None
    }

    fn stop_signal(&self) -> &'static str {
        "TERM"
    }

    fn last_signal(&self) -> &'static str {
        "KILL"
    }

    fn url(&self, folder: &Path, login: Login<'_>) -> String {
        let Login {
            user,
            password,
            database,
        } = login;
        format!(
            "mysql://{user}:{password}@localhost/{database}?socket={}/socket",
            folder.display()
        )
    }

    /// MariaDB secures its Unix socket, too.
    fn tls_url(
        &self,
        folder: &Path,
        _address: Ipv4Addr,
        login: Login<'_>,
        authority: &Path,
    ) -> String {
        let (url, authority) = (self.url(folder, login), authority.display());
        format!("{url}&ssl-mode=VERIFY_IDENTITY&ssl-ca={authority}")
    }

    fn admin<'a>(&self, database: Option<&'a str>) -> Login<'a> {
        Login {
            user: "root",
            password: "",
            database: database.unwrap_or("mysql"),
        }
    }

    fn create(&self, login: Login<'_>, cap: u32) -> Vec<String> {
        let Login {
            user,
            password,
            database,
        } = login;
        vec![
            format!("CREATE DATABASE {database}"),
            format!(
                "CREATE USER {user}@localhost IDENTIFIED BY '{password}' WITH MAX_USER_CONNECTIONS {cap}"
            ),
            format!("GRANT ALL ON {database}.* TO {user}@localhost"),
        ]
    }

    /// What a connection still holds open would keep the database from being dropped.
    fn remove(&self, login: Login<'_>) -> Vec<String> {
        let Login { user, database, .. } = login;
        vec![
            format!("KILL CONNECTION USER {user}@localhost"),
            format!("DROP DATABASE {database}"),
            format!("DROP USER {user}@localhost"),
        ]
    }

    fn count(&self, role: &str) -> String {
        format!("SELECT count(*) FROM information_schema.processlist WHERE user = '{role}'")
    }

    fn refusal_log(&self) -> &'static str {
        "errors"
    }

    /// A line is `2025-01-31 12:00:00 role[role] @ localhost [] ERROR 1226: User 'role' has
    /// exceeded the 'max_user_connections' resource ...`; the statement that failed follows, and
    /// may contain anything.
    fn is_refusal(&self, line: &str, role: &str) -> bool {
        line.split_once("] ERROR ").is_some_and(|(who, what)| {
            who.contains(&format!(" {role}[{role}] @ "))
                && what.starts_with("1226: ")
                && what.contains("'max_user_connections'")
        })
    }
}
