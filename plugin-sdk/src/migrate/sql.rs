//! The statements of the migrations table, as the built-in drivers have them.

use onepool_proto::DatabaseKind;
use sqlx_core::sql_str::{AssertSqlSafe, SqlSafeStr, SqlStr};

use crate::arguments::{MARK_BEGIN, MARK_END};

pub(super) fn create_schema(schema: &str) -> SqlStr {
    safe(format!("CREATE SCHEMA IF NOT EXISTS {schema}"))
}

pub(super) fn create_table(kind: DatabaseKind, table: &str) -> SqlStr {
    let (instant, bytes) = match kind {
        DatabaseKind::Postgres => ("TIMESTAMPTZ", "BYTEA"),
        DatabaseKind::MySql | DatabaseKind::Sqlite => ("TIMESTAMP", "BLOB"),
    };
    safe(format!(
        "CREATE TABLE IF NOT EXISTS {table} (
    version BIGINT PRIMARY KEY,
    description TEXT NOT NULL,
    installed_on {instant} NOT NULL DEFAULT CURRENT_TIMESTAMP,
    success BOOLEAN NOT NULL,
    checksum {bytes} NOT NULL,
    execution_time BIGINT NOT NULL
)"
    ))
}

pub(super) fn dirty_version(table: &str) -> SqlStr {
    safe(format!(
        "SELECT version FROM {table} WHERE success = false ORDER BY version LIMIT 1"
    ))
}

pub(super) fn applied(table: &str) -> SqlStr {
    safe(format!(
        "SELECT version, checksum FROM {table} ORDER BY version"
    ))
}

/// Takes version, description, success and checksum.
pub(super) fn insert(table: &str) -> SqlStr {
    let [version, description, success, checksum] = marks();
    safe(format!(
        "INSERT INTO {table} (version, description, success, checksum, execution_time) \
         VALUES ({version}, {description}, {success}, {checksum}, -1)"
    ))
}

/// Takes success and version.
pub(super) fn set_success(table: &str) -> SqlStr {
    let [success, version] = marks();
    safe(format!(
        "UPDATE {table} SET success = {success} WHERE version = {version}"
    ))
}

/// Takes nanoseconds and version.
pub(super) fn set_execution_time(table: &str) -> SqlStr {
    let [nanos, version] = marks();
    safe(format!(
        "UPDATE {table} SET execution_time = {nanos} WHERE version = {version}"
    ))
}

/// Takes the version.
pub(super) fn delete(table: &str) -> SqlStr {
    let [version] = marks();
    safe(format!("DELETE FROM {table} WHERE version = {version}"))
}

/// Placeholders, which become the database's own when the statement is sent.
fn marks<const N: usize>() -> [String; N] {
    std::array::from_fn(|index| format!("{MARK_BEGIN}{}{MARK_END}", index + 1))
}

/// Nothing but the names of tables and schemas is put into these texts, and sqlx lets migrators
/// name those as they like.
fn safe(text: String) -> SqlStr {
    AssertSqlSafe(text).into_sql_str()
}
