//! What a plugin's environment must not hold.

/// Whether this variable may hold a way around the host: the database's URL or its password.
pub(super) fn is_secret(name: &str) -> bool {
    let name = name.to_ascii_uppercase();
    let of_a_database = ["PG", "POSTGRES", "MYSQL", "MARIADB"]
        .iter()
        .any(|prefix| name.starts_with(prefix));
    let of_a_password = ["PASS", "PWD"].iter().any(|part| name.contains(part));
    name.starts_with("ONEPOOL_")
        || name == "DATABASE_URL"
        || name.ends_with("_DATABASE_URL")
        || (of_a_database && of_a_password)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_leads_to_the_database_is_secret() {
        for name in [
            "DATABASE_URL",
            "APP_DATABASE_URL",
            "ONEPOOL_DATABASE",
            "PGPASSWORD",
            "PGPASSFILE",
            "POSTGRES_PASSWORD",
            "MYSQL_PWD",
            "MYSQL_ROOT_PASSWORD",
            "MARIADB_PASSWORD",
        ] {
            assert!(is_secret(name), "{name}");
        }
        for name in ["PATH", "PWD", "OLDPWD", "PGHOST", "LANG", "DATABASE_URLS"] {
            assert!(!is_secret(name), "{name}");
        }
    }
}
