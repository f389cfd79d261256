//! What a row set says of its columns.

use std::fmt;

use serde::{Deserialize, Serialize};

/// The kind of database behind a host.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum DatabaseKind {
    /// SQLite.
    Sqlite,
    /// PostgreSQL.
    Postgres,
    /// MySQL or MariaDB.
    MySql,
}

impl fmt::Display for DatabaseKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Sqlite => "SQLite",
            Self::Postgres => "PostgreSQL",
            Self::MySql => "MySQL",
        })
    }
}

/// How the cells of a row set are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Format {
    /// As text, the way the database prints a value (statements without arguments).
    Text,
    /// In the database's binary format; for SQLite see [`sqlite_tag`].
    Binary,
}

/// The first byte of every SQLite cell, which says what follows.
pub mod sqlite_tag {
    /// Eight bytes, a little-endian signed integer.
    pub const INTEGER: u8 = 1;
    /// Eight bytes, a little-endian IEEE 754 double.
    pub const REAL: u8 = 2;
    /// UTF-8 text.
    pub const TEXT: u8 = 3;
    /// Bytes.
    pub const BLOB: u8 = 4;
}

/// The type of a column, as the database names it.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct ColumnType {
    /// PostgreSQL: the type's oid. MySQL: the column type byte of its protocol. SQLite: unused.
    pub id: u32,
    /// PostgreSQL: the oid of an array's element or a range's bound, of a domain's base type, or
    /// zero. MySQL: the column's flags in the upper sixteen bits, its collation in the lower.
    pub detail: u32,
    /// The name that sqlx gives this type, for example `INT8`, `BIGINT UNSIGNED`, `TEXT`.
    pub name: String,
}

/// One column of a row set.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Column {
    /// The name or alias.
    pub name: String,
    /// The declared type. A SQLite cell may be of another type, which its tag says.
    pub column_type: ColumnType,
    /// The table and column that this column shows, where a description asked for it.
    pub origin: Option<Origin>,
}

/// The table and column behind a column of a result.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Origin {
    /// The table, qualified by its schema where the database says so.
    pub table: String,
    /// The column of that table.
    pub column: String,
}
