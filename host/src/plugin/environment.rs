//! What a plugin's environment must not hold.

use std::ffi::OsStr;

/// The first letters of variables by which clients of the databases find them and log in.
const OF_DATABASES: [&str; 14] = [
    "DATABASE_URL",
    "PGHOST",
    "PGPORT",
    "PGDATABASE",
    "PGUSER",
    "PGPASS",
    "PGSERVICE",
    "PGSYSCONFDIR",
    "PGSSL",
    "PGOPTIONS",
    "POSTGRES",
    "MYSQL_",
    "MARIADB_",
    "ONEPOOL_",
];

/// How the URL of a database server begins.
const SCHEMES: [&str; 4] = ["postgres://", "postgresql://", "mysql://", "mariadb://"];

/// What is between the host and its service manager. A plugin that heeds the first three would
/// speak for the host; the last is where systemd puts the host's secrets.
const OF_THE_SERVICE: [&str; 4] = [
    "NOTIFY_SOCKET",
    "WATCHDOG_USEC",
    "WATCHDOG_PID",
    "CREDENTIALS_DIRECTORY",
];

/// Whether a variable of the host's is not for its plugins: it may hold a way around the host to
/// the database, whatever its name, or is the service manager's. What is no text is looked at for
/// what of it is.
pub(super) fn is_kept_from_plugins(name: &OsStr, value: &OsStr) -> bool {
    let name = name.to_string_lossy().to_ascii_uppercase();
    let is_of_a_database = OF_DATABASES.iter().any(|prefix| name.starts_with(prefix))
        || name.contains("_DATABASE_URL");
    is_of_a_database
        || OF_THE_SERVICE.contains(&name.as_str())
        || leads_to_a_database(&value.to_string_lossy())
}

/// Whether the URL of a database server is anywhere in it: in a list, in a piece of JSON.
fn leads_to_a_database(value: &str) -> bool {
    let value = value.to_ascii_lowercase();
    SCHEMES.iter().any(|scheme| value.contains(scheme))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_kept(name: &str, value: &str) -> bool {
        is_kept_from_plugins(name.as_ref(), value.as_ref())
    }

    #[test]
    fn what_leads_to_the_database_is_kept() {
        for name in [
            "DATABASE_URL",
            "database_url",
            "DATABASE_URL_REPLICA",
            "APP_DATABASE_URL",
            "ONEPOOL_DATABASE",
            "ONEPOOL_DATABASE__URL",
            "PGHOST",
            "PGUSER",
            "PGPASSWORD",
            "PGPASSFILE",
            "PGSERVICEFILE",
            "PGSSLKEY",
            "POSTGRES_PASSWORD",
            "MYSQL_PWD",
            "MYSQL_ROOT_PASSWORD",
            "MARIADB_PASSWORD",
            "NOTIFY_SOCKET",
            "CREDENTIALS_DIRECTORY",
        ] {
            assert!(is_kept(name, "x"), "{name}");
        }
        for value in [
            "postgres://app:secret@db/app",
            "MySQL://app@db/app",
            "{\"dsn\":\"postgresql://app@db\"}",
        ] {
            assert!(is_kept("APP_SETTINGS", value), "{value}");
        }
    }

    #[test]
    fn everything_else_is_passed_on() {
        for name in [
            "PATH",
            "PWD",
            "OLDPWD",
            "LANG",
            "PGP_KEY",
            "SMTP_PASSWORD",
            // A plugin's own spans go where the host's go.
            "OTEL_EXPORTER_OTLP_ENDPOINT",
            "OTEL_EXPORTER_OTLP_HEADERS",
        ] {
            assert!(!is_kept(name, "https://example.org"), "{name}");
        }
    }
}
