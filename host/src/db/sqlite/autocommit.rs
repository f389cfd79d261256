//! Whether a transaction is open, which only SQLite itself knows for certain.

use sqlx::sqlite::SqliteConnection;

/// Whether a transaction is open, or `None` if the connection is gone.
///
/// A transaction can end inside the database, for example when an interrupt rolls it back, and
/// nothing that the driver returns says so.
pub(super) async fn transaction_open(connection: &mut SqliteConnection) -> Option<bool> {
    let mut handle = connection.lock_handle().await.ok()?;
    let raw = handle.as_raw_handle();
    #[expect(
        unsafe_code,
        reason = "sqlx has no safe way to SQLite's autocommit flag"
    )]
    // SAFETY: the pointer is that of an open database. `handle` keeps the worker from using or
    // closing it until it is dropped, which is after the call.
    let autocommit = unsafe { libsqlite3_sys::sqlite3_get_autocommit(raw.as_ptr()) };
    Some(autocommit == 0)
}
