//! PostgreSQL.

use std::ffi::OsString;
use std::net::Ipv4Addr;
use std::path::Path;

use super::engine::{Engine, Login, Programs};
use super::error::Error;
use super::{programs, tls};

/// The superuser comes in by name alone; everybody else shows a password. It is checked by the
/// server against its SCRAM secret, but sent as it is: proving it costs an unoptimised client tens
/// of milliseconds a connection.
const HBA: &str = "local all postgres trust\nlocal all all password\n";

/// Servers listen on no port; the number only names the socket, and this is the one clients assume.
pub(crate) const PORT: u16 = 5432;

/// Fast rather than durable, small, and with all in the log that a test may want to know.
const SETTINGS: [&str; 17] = [
    "listen_addresses=",
    "max_connections=300",
    "shared_buffers=16MB",
    "fsync=off",
    "synchronous_commit=off",
    "full_page_writes=off",
    "wal_level=minimal",
    "max_wal_senders=0",
    "max_prepared_transactions=10",
    "autovacuum=off",
    "jit=off",
    "dynamic_shared_memory_type=mmap",
    "log_connections=on",
    "log_disconnections=on",
    "log_checkpoints=off",
    "log_line_prefix=%m [%p] %q%u@%d ",
    "log_destination=stderr",
];

/// See [`Engine`].
pub(crate) struct Postgres;

impl Engine for Postgres {
    fn programs(&self) -> Result<Programs, Error> {
        let server = programs::server_program("postgres")?;
        // Both must be of one version, and several may be installed.
        let initialiser = server.with_file_name("initdb");
        if !initialiser.is_file() {
            return Err(Error::Missing { program: "initdb" });
        }
        Ok(Programs {
            server,
            initialiser,
        })
    }

    fn users(&self) -> &'static [&'static str] {
        &["postgres", "nobody"]
    }

    fn initialise(&self, programs: &Programs, data: &Path) -> Vec<OsString> {
        let options = [
            "--username=postgres",
            "--auth=trust",
            "--encoding=UTF8",
            "--locale=C",
            "--wal-segsize=4",
            "--no-sync",
        ];
        let mut line = vec![
            programs.initialiser.clone().into(),
            "-D".into(),
            data.into(),
        ];
        line.extend(options.map(OsString::from));
        line
    }

    fn files(&self) -> &'static [(&'static str, &'static str)] {
        &[("pg_hba.conf", HBA)]
    }

    fn serve(&self, programs: &Programs, folder: &Path) -> Vec<OsString> {
        let mut line = vec![
            programs.server.clone().into(),
            "-D".into(),
            folder.join("data").into(),
        ];
        line.extend([
            "-p".into(),
            PORT.to_string().into(),
            "-k".into(),
            folder.into(),
        ]);
        for setting in SETTINGS {
            line.extend(["-c".into(), setting.into()]);
        }
        line
    }

    fn serve_tls(&self, folder: &Path, address: Ipv4Addr) -> Vec<OsString> {
        let file = |name| folder.join(name).display().to_string();
        let settings = [
            format!("listen_addresses={address}"),
            "ssl=on".to_owned(),
            format!("ssl_cert_file={}", file(tls::CERTIFICATE)),
            format!("ssl_key_file={}", file(tls::KEY)),
        ];
        let options = settings.map(|setting| ["-c".into(), setting.into()]);
        options.into_iter().flatten().collect()
    }

    fn tls_access(&self) -> Option<(&'static str, &'static str)> {
        Some(("pg_hba.conf", "hostssl all all 127.0.0.0/8 password\n"))
    }

    fn stop_signal(&self) -> &'static str {
        "INT"
    }

    fn last_signal(&self) -> &'static str {
        "QUIT"
    }

    fn url(&self, folder: &Path, login: Login<'_>) -> String {
        let Login {
            user,
            password,
            database,
        } = login;
        format!(
            "postgres://{user}:{password}@localhost:{PORT}/{database}?host={}",
            folder.display()
        )
    }

    fn tls_url(
        &self,
        _folder: &Path,
        address: Ipv4Addr,
        login: Login<'_>,
        authority: &Path,
    ) -> String {
        let Login {
            user,
            password,
            database,
        } = login;
        format!(
            "postgres://{user}:{password}@{address}:{PORT}/{database}?sslmode=verify-full&sslrootcert={}",
            authority.display()
        )
    }

    fn admin<'a>(&self, database: Option<&'a str>) -> Login<'a> {
        Login {
            user: "postgres",
            password: "unused",
            database: database.unwrap_or("postgres"),
        }
    }

    fn create(&self, login: Login<'_>, cap: u32) -> Vec<String> {
        let Login {
            user,
            password,
            database,
        } = login;
        vec![
            format!("CREATE ROLE {user} LOGIN PASSWORD '{password}' CONNECTION LIMIT {cap}"),
            format!("CREATE DATABASE {database} OWNER {user}"),
        ]
    }

    fn remove(&self, login: Login<'_>) -> Vec<String> {
        vec![
            format!("DROP DATABASE {} WITH (FORCE)", login.database),
            format!("DROP ROLE {}", login.user),
        ]
    }

    /// Parallel workers carry the role's name too, but are no connections.
    fn count(&self, role: &str) -> String {
        format!(
            "SELECT count(*) FROM pg_stat_activity WHERE usename = '{role}' AND backend_type = 'client backend'"
        )
    }

    fn refusal_log(&self) -> &'static str {
        "log"
    }

    /// A line is `2025-01-31 12:00:00.000 UTC [1234] role@database FATAL:  too many ...`;
    /// statements that failed are logged too, and may contain anything.
    fn is_refusal(&self, line: &str, role: &str) -> bool {
        let Some((who, what)) = line
            .split_once("] ")
            .and_then(|(_, rest)| rest.split_once(" FATAL:  "))
        else {
            return false;
        };
        let refused = [
            "too many connections for role",
            "sorry, too many clients already",
            "remaining connection slots are reserved",
        ];
        // A database that several roles use may have a limit of its own.
        let of_database = "too many connections for database";
        who.split_once('@').is_some_and(|(user, database)| {
            (user == role && refused.iter().any(|reason| what.starts_with(reason)))
                || (database == role && what.starts_with(of_database))
        })
    }
}
