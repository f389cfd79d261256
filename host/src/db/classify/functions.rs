//! What calling a function does to the session.

use std::collections::HashSet;

use super::lists;
use super::reason::{PinReason, Refusal};
use super::verdict::Dialect;

/// Functions that the configuration vouches for: calling them leaves nothing behind on the session.
///
/// They are taken to write. Names are without regard to case, and qualified if the SQL that calls
/// them qualifies them: `slugify`, `app.slugify`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct FunctionList {
    // Invariant: in small letters.
    names: HashSet<String>,
}

impl FunctionList {
    /// A list of these names.
    pub(crate) fn new<I>(names: I) -> Self
    where
        I: IntoIterator,
        I::Item: AsRef<str>,
    {
        let names = names.into_iter();
        Self {
            names: names
                .map(|name| name.as_ref().to_ascii_lowercase())
                .collect(),
        }
    }

    /// Whether it has this name, in small letters unless it is quoted and has others.
    pub(super) fn contains(&self, name: &str) -> bool {
        self.names.contains(name)
    }
}

/// What calling a function does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Effect {
    /// It reads, computes or waits.
    Nothing,
    /// It writes, and leaves nothing behind on the session.
    Writes,
    /// It reads what an earlier statement left on the session.
    SessionRead(&'static str),
    /// It leaves something behind.
    Pin(PinReason),
    /// It must not be called.
    Refused(Refusal),
    /// It makes a setting (PostgreSQL's `set_config`).
    Setting,
    /// Who knows.
    Unknown,
}

/// What calling the function of this name does, in small letters and not qualified.
pub(super) fn effect(dialect: Dialect, name: &str) -> Effect {
    let (special, listed) = match dialect {
        Dialect::Postgres => (postgres(name), lists::POSTGRES_FUNCTIONS.contains(name)),
        Dialect::MySql => (mysql(name), lists::MYSQL_FUNCTIONS.contains(name)),
        Dialect::Sqlite => (sqlite(name), lists::SQLITE_FUNCTIONS.contains(name)),
    };
    match special {
        Some(effect) => effect,
        None if listed => Effect::Nothing,
        None => Effect::Unknown,
    }
}

fn postgres(name: &str) -> Option<Effect> {
    Some(match name {
        "set_config" => Effect::Setting,
        "currval" => Effect::SessionRead("currval"),
        "lastval" => Effect::SessionRead("lastval"),
        // Unlocking is pinned too: it must reach the backend that holds the lock.
        "pg_advisory_lock"
        | "pg_advisory_lock_shared"
        | "pg_try_advisory_lock"
        | "pg_try_advisory_lock_shared"
        | "pg_advisory_unlock"
        | "pg_advisory_unlock_shared"
        | "pg_advisory_unlock_all" => Effect::Pin(PinReason::AdvisoryLock),
        // The state of sequences that nextval leaves is seen by session reads alone. Descriptors of
        // large objects, transaction locks and the transaction's number end with the transaction.
        "nextval"
        | "setval"
        | "pg_notify"
        | "pg_logical_emit_message"
        | "pg_current_xact_id"
        | "txid_current"
        | "pg_advisory_xact_lock"
        | "pg_advisory_xact_lock_shared"
        | "pg_try_advisory_xact_lock"
        | "pg_try_advisory_xact_lock_shared"
        | "lo_close"
        | "lo_creat"
        | "lo_create"
        | "lo_from_bytea"
        | "lo_get"
        | "lo_lseek"
        | "lo_lseek64"
        | "lo_open"
        | "lo_put"
        | "lo_tell"
        | "lo_tell64"
        | "lo_truncate"
        | "lo_truncate64"
        | "lo_unlink"
        | "loread"
        | "lowrite" => Effect::Writes,
        _ => return None,
    })
}

fn mysql(name: &str) -> Option<Effect> {
    Some(match name {
        "last_insert_id" => Effect::SessionRead("LAST_INSERT_ID()"),
        "found_rows" => Effect::SessionRead("FOUND_ROWS()"),
        "row_count" => Effect::SessionRead("ROW_COUNT()"),
        "lastval" => Effect::SessionRead("LASTVAL()"),
        "get_lock" | "release_lock" | "release_all_locks" => Effect::Pin(PinReason::AdvisoryLock),
        "nextval" | "setval" => Effect::Writes,
        _ => return None,
    })
}

fn sqlite(name: &str) -> Option<Effect> {
    Some(match name {
        "last_insert_rowid" => Effect::SessionRead("last_insert_rowid()"),
        "changes" => Effect::SessionRead("changes()"),
        "total_changes" => Effect::SessionRead("total_changes()"),
        "load_extension" => Effect::Refused(Refusal::LoadExtension),
        _ => return None,
    })
}
