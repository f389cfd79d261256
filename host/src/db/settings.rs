//! The statements that give the settings of a session their defaults again.

use std::collections::HashMap;

use onepool_proto::Failure;

use super::Driver;
use super::classify::MYSQL_ALIASES;

/// Lists the variables of a MySQL session: name and value.
pub(crate) const MYSQL_VARIABLES: &str = "SHOW SESSION VARIABLES";

/// What SQLite does not tell, or not in a way that can be written back.
const SQLITE_DEFAULTS: [(&str, &str); 2] = [
    ("case_sensitive_like", "PRAGMA case_sensitive_like = 0"),
    // It tells the size of the cache.
    ("cache_spill", "PRAGMA cache_spill = 1"),
];

/// For each variable that a session may set, by its canonical name, the statement that sets it to
/// the value it has here.
pub(crate) fn mysql_defaults(variables: Vec<Vec<Option<String>>>) -> HashMap<String, String> {
    let mut values = HashMap::new();
    for row in variables {
        if let [Some(name), Some(value)] = row.as_slice() {
            values.insert(name.to_ascii_lowercase(), value.clone());
        }
    }
    let set = |name: &str, value: &str| Some(format!("SET SESSION {name} = {}", literal(value)?));
    let mut defaults: HashMap<_, _> = values
        .iter()
        .filter(|(name, _)| super::classify::is_mysql_setting(name))
        .filter_map(|(name, value)| Some((name.clone(), set(name, value)?)))
        .collect();
    for (alias, name) in MYSQL_ALIASES {
        if !defaults.contains_key(name)
            && let Some(default) = values.get(alias).and_then(|value| set(alias, value))
        {
            defaults.insert(name.to_owned(), default);
        }
    }
    if let (Some(charset), Some(collation)) = (
        values.get("character_set_client"),
        values.get("collation_connection"),
    ) {
        let names = format!("SET NAMES {charset} COLLATE {collation}");
        defaults.insert("names".to_owned(), names);
    }
    defaults
}

/// The pragma that sets a setting to the value it has here, if SQLite tells.
pub(crate) async fn sqlite_default(
    driver: &mut Driver,
    name: &str,
) -> Result<Option<String>, Failure> {
    if let Some((_, known)) = SQLITE_DEFAULTS.iter().find(|(known, _)| *known == name) {
        return Ok(Some((*known).to_owned()));
    }
    let rows = driver.query(&format!("PRAGMA {name}")).await?;
    let value = rows.into_iter().flatten().flatten().next();
    Ok(value.map(|value| format!("PRAGMA {name} = {value}")))
}

/// A variable's value as it is written in `SET`, if it can be under every SQL mode.
fn literal(value: &str) -> Option<String> {
    let unsigned = value.strip_prefix('-').unwrap_or(value);
    let number = unsigned.starts_with(|c: char| c.is_ascii_digit())
        && unsigned
            .bytes()
            .all(|byte| byte.is_ascii_digit() || byte == b'.')
        && unsigned.matches('.').count() <= 1;
    if number || value == "DEFAULT" {
        // Of a number in quotes the server says that it is the wrong type.
        return Some(value.to_owned());
    }
    (!value.contains(['\'', '\\'])).then(|| format!("'{value}'"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn defaults(variables: &[(&str, &str)]) -> HashMap<String, String> {
        let cell = |text: &str| Some(text.to_owned());
        let rows = variables
            .iter()
            .map(|(name, value)| vec![cell(name), cell(value)]);
        mysql_defaults(rows.collect())
    }

    /// The next user's statement failed with "incorrect argument type" where a variable was a
    /// fraction, or greater than 63 bits, since its default was written as a string.
    #[test]
    fn numbers_are_written_as_numbers() {
        let defaults = defaults(&[
            ("max_statement_time", "0.000000"),
            ("sql_select_limit", "18446744073709551615"),
            ("time_zone", "+00:00"),
            ("sql_mode", ""),
            ("wait_timeout", "28800"),
        ]);
        let of = |name| defaults.get(name).map(String::as_str);
        assert_eq!(
            of("max_statement_time"),
            Some("SET SESSION max_statement_time = 0.000000")
        );
        assert_eq!(
            of("sql_select_limit"),
            Some("SET SESSION sql_select_limit = 18446744073709551615")
        );
        assert_eq!(of("time_zone"), Some("SET SESSION time_zone = '+00:00'"));
        assert_eq!(of("sql_mode"), Some("SET SESSION sql_mode = ''"));
        assert_eq!(of("wait_timeout"), None, "it is not the session's to set");
    }

    #[test]
    fn a_variable_of_two_names_has_one_default() {
        let old = defaults(&[("tx_isolation", "REPEATABLE-READ")]);
        assert_eq!(
            old["transaction_isolation"],
            "SET SESSION tx_isolation = 'REPEATABLE-READ'"
        );
        let new = defaults(&[
            ("tx_isolation", "SERIALIZABLE"),
            ("transaction_isolation", "SERIALIZABLE"),
        ]);
        assert_eq!(
            new["transaction_isolation"],
            "SET SESSION transaction_isolation = 'SERIALIZABLE'"
        );
        let names = defaults(&[
            ("character_set_client", "utf8mb4"),
            ("collation_connection", "utf8mb4_unicode_ci"),
        ]);
        assert_eq!(
            names["names"],
            "SET NAMES utf8mb4 COLLATE utf8mb4_unicode_ci"
        );
    }
}
