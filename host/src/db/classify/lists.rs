//! Lists of names, each from a file that says how it was made.

use std::collections::HashSet;
use std::sync::LazyLock;

/// Names in small letters.
pub(super) type Names = LazyLock<HashSet<&'static str>>;

/// Variables of MySQL and MariaDB that are others under an older or a newer name, on a server that has
/// both; and the collation, which is a part of what `SET NAMES` sets.
pub(crate) const MYSQL_ALIASES: [(&str, &str); 6] = [
    ("tx_isolation", "transaction_isolation"),
    ("tx_read_only", "transaction_read_only"),
    ("storage_engine", "default_storage_engine"),
    ("tmp_memory_table_size", "tmp_table_size"),
    ("old_alter_table", "alter_algorithm"),
    ("collation_connection", "names"),
];

/// Whether a session may set this variable of MySQL, in small letters, and have it follow.
pub(crate) fn is_mysql_setting(name: &str) -> bool {
    MYSQL_SETTINGS.contains(name)
}

/// The names of a file, in which `#` begins a comment.
fn names(file: &'static str) -> HashSet<&'static str> {
    file.lines()
        .filter(|line| !line.starts_with('#'))
        .flat_map(str::split_ascii_whitespace)
        .collect()
}

macro_rules! lists {
    ($($(#[$doc:meta])* $name:ident = $file:literal;)*) => {
        $($(#[$doc])* pub(super) static $name: Names = LazyLock::new(|| names(include_str!($file)));)*
    };
}

lists! {
    POSTGRES_FUNCTIONS = "lists/postgres_functions.txt";
    POSTGRES_KEYWORDS = "lists/postgres_keywords.txt";
    POSTGRES_RESERVED = "lists/postgres_reserved.txt";
    POSTGRES_SETTINGS = "lists/postgres_settings.txt";
    MYSQL_FUNCTIONS = "lists/mysql_functions.txt";
    MYSQL_RESERVED = "lists/mysql_reserved.txt";
    MYSQL_SETTINGS = "lists/mysql_settings.txt";
    SQLITE_FUNCTIONS = "lists/sqlite_functions.txt";
    SQLITE_KEYWORDS = "lists/sqlite_keywords.txt";
}
