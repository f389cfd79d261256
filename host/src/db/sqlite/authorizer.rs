//! What SQLite may do on a connection that only reads, asked of the host before it is done.
//!
//! It is asked while a statement is prepared, those inside views, triggers and functions included.
//! So whatever a text looks like, nothing of it runs that is not listed here.

use std::ffi::{CStr, c_char, c_int, c_void};
use std::ptr;

use libsqlite3_sys::{
    SQLITE_DENY, SQLITE_FUNCTION, SQLITE_OK, SQLITE_PRAGMA, SQLITE_READ, SQLITE_RECURSIVE,
    SQLITE_SAVEPOINT, SQLITE_SELECT, SQLITE_TRANSACTION, sqlite3_set_authorizer,
};
use onepool_proto::{Code, Failure};
use sqlx::sqlite::SqliteConnection;

use crate::db::classify::reads_as_pragma;
use crate::db::failure;

/// Functions that let others in or out.
const OUTWARD: [&str; 3] = ["load_extension", "fts3_tokenizer", "writefile"];

/// Has SQLite refuse, from here on, to prepare what does more than read.
pub(super) async fn install(connection: &mut SqliteConnection) -> Result<(), Failure> {
    let mut handle = connection
        .lock_handle()
        .await
        .map_err(failure::from_driver)?;
    let raw = handle.as_raw_handle();
    #[expect(unsafe_code, reason = "sqlx has no safe way to SQLite's authorizer")]
    // SAFETY: the pointer is that of an open database, which `handle` keeps the worker from using
    // or closing until after the call. The callback takes no state, so nothing has to outlive it.
    let set = unsafe { sqlite3_set_authorizer(raw.as_ptr(), Some(ask), ptr::null_mut()) };
    if set == SQLITE_OK {
        return Ok(());
    }
    let what = "SQLite takes no authorizer, so that nothing would keep this connection to reading";
    Err(Failure::new(Code::CONFIGURATION, what))
}

/// SQLite asks whether it may do `action`, with what `first` and `second` say of it.
extern "C" fn ask(
    _: *mut c_void,
    action: c_int,
    first: *const c_char,
    second: *const c_char,
    _: *const c_char,
    _: *const c_char,
) -> c_int {
    if may(action, text(first), text(second)) {
        SQLITE_OK
    } else {
        SQLITE_DENY
    }
}

fn may(action: c_int, first: Option<&str>, second: Option<&str>) -> bool {
    match action {
        SQLITE_SELECT | SQLITE_READ | SQLITE_RECURSIVE => true,
        SQLITE_TRANSACTION | SQLITE_SAVEPOINT => true,
        // The first is always empty.
        SQLITE_FUNCTION => {
            second.is_some_and(|name| !OUTWARD.iter().any(|other| other.eq_ignore_ascii_case(name)))
        }
        SQLITE_PRAGMA => first.is_some_and(|name| reads_as_pragma(name, second)),
        _ => false,
    }
}

/// What SQLite passes, unless it is nothing or no text.
fn text<'a>(passed: *const c_char) -> Option<&'a str> {
    if passed.is_null() {
        return None;
    }
    #[expect(unsafe_code, reason = "SQLite passes text as a pointer")]
    // SAFETY: what SQLite passes and is not null ends with a NUL and lives for as long as the
    // callback, which keeps nothing of it.
    let passed = unsafe { CStr::from_ptr(passed) };
    passed.to_str().ok()
}

#[cfg(test)]
mod tests {
    use libsqlite3_sys::{SQLITE_ATTACH, SQLITE_INSERT, SQLITE_UPDATE};

    use super::*;

    #[test]
    fn what_is_not_listed_is_denied() {
        for action in [SQLITE_ATTACH, SQLITE_INSERT, SQLITE_UPDATE, 12345] {
            assert!(!may(action, Some("t"), None), "{action}");
        }
        assert!(may(SQLITE_READ, Some("t"), Some("c")));
        assert!(may(SQLITE_FUNCTION, None, Some("upper")));
        assert!(!may(SQLITE_FUNCTION, None, Some("Load_Extension")));
        assert!(!may(SQLITE_FUNCTION, None, None));
        assert!(may(SQLITE_PRAGMA, Some("table_info"), Some("t")));
        assert!(may(SQLITE_PRAGMA, Some("cache_size"), Some("100")));
        assert!(may(SQLITE_PRAGMA, Some("journal_mode"), None));
        assert!(!may(SQLITE_PRAGMA, Some("journal_mode"), Some("delete")));
        assert!(!may(SQLITE_PRAGMA, Some("user_version"), Some("1")));
        assert!(!may(SQLITE_PRAGMA, Some("wal_checkpoint"), None));
        assert!(!may(SQLITE_PRAGMA, Some("writable_schema"), Some("1")));
        assert!(!may(SQLITE_PRAGMA, Some("query_only"), Some("0")));
    }
}
