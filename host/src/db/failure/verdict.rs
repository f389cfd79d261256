//! What a failure means for the backend it happened on.

use onepool_proto::{Code, DatabaseFailure, Failure};

/// Whether the backend must be closed: its link or its state is not to be trusted any more.
pub(crate) fn is_broken(failure: &Failure) -> bool {
    match failure.code {
        Code::DATABASE_IO
        | Code::DATABASE_TLS
        | Code::DATABASE_PROTOCOL
        | Code::DATABASE_DOWN
        | Code::INTERNAL => true,
        Code::DATABASE => failure.database.as_deref().is_some_and(ends_the_backend),
        _ => false,
    }
}

/// Whether the statement was stopped by [`Interrupter`](crate::db::Interrupter) or by a cancel.
pub(crate) fn is_interrupted(failure: &Failure) -> bool {
    failure.database.as_deref().is_some_and(|error| {
        let code = error.code.as_deref().unwrap_or_default();
        match error.number {
            // ER_QUERY_INTERRUPTED
            Some(number) => number == 1317,
            None if error.severity.is_some() => code == "57014",
            None => sqlite_primary(code) == Some(SQLITE_INTERRUPT),
        }
    })
}

/// Whether the database is up, and has no room for another connection.
pub(crate) fn is_crowded(failure: &Failure) -> bool {
    failure.database.as_deref().is_some_and(|error| {
        let code = error.code.as_deref().unwrap_or_default();
        match error.number {
            // ER_CON_COUNT_ERROR, ER_TOO_MANY_USER_CONNECTIONS, ER_USER_LIMIT_REACHED
            Some(number) => matches!(number, 1040 | 1203 | 1226),
            None => error.severity.is_some() && code == "53300",
        }
    })
}

/// Whether the database is up and has something against the login, or against the database or
/// schema that it asks for.
pub(crate) fn refuses_login(failure: &Failure) -> bool {
    failure.database.as_deref().is_some_and(|error| {
        let code = error.code.as_deref().unwrap_or_default();
        match error.number {
            // No such account, password or database, an account that is locked, may not come from
            // here, or has as many connections as it may.
            Some(number) => matches!(
                number,
                1044 | 1045 | 1049 | 1130 | 1203 | 1226 | 1251 | 1698 | 1862 | 3118 | 3948 | 4151
            ),
            None if error.severity.is_some() => {
                let place = error.source.as_ref();
                let routine = place.and_then(|place| place.routine.as_deref());
                // Too many connections of the role, not of the server.
                let of_role = code == "53300" && routine == Some("InitializeSessionUserId");
                code.starts_with("28") || matches!(code, "3D000" | "42501") || of_role
            }
            None => false,
        }
    })
}

/// Whether a write was refused because it may not write: the Connection, the transaction, or the
/// whole database, as after a failover.
pub(crate) fn is_read_only(failure: &Failure) -> bool {
    failure.database.as_deref().is_some_and(|error| {
        let code = error.code.as_deref().unwrap_or_default();
        match error.number {
            // ER_OPTION_PREVENTS_STATEMENT, ER_READ_ONLY_MODE
            Some(number) => matches!(number, 1290 | 1836),
            None => error.severity.is_some() && code == "25006",
        }
    })
}

/// Whether a cached statement no longer fits its tables: forget the statements and try again,
/// outside a transaction and if nothing has been handed over.
pub(crate) fn is_stale_plan(failure: &Failure) -> bool {
    let Some(error) = failure.database.as_deref() else {
        return false;
    };
    let code = error.code.as_deref().unwrap_or_default();
    match (error.number, error.severity.is_some()) {
        // ER_NEED_REPREPARE, ER_UNKNOWN_STMT_HANDLER
        (Some(number), _) => matches!(number, 1615 | 1243),
        // `feature_not_supported` has many uses; the routine is the same in every language.
        (None, true) if code == "0A000" => {
            let place = error.source.as_ref();
            let routine = place.and_then(|place| place.routine.as_deref());
            routine == Some("RevalidateCachedQuery")
        }
        // `invalid_sql_statement_name`: somebody deallocated it. `cache lookup failed for type`
        // and its like come from types that were dropped and made again.
        (None, true) => code == "26000",
        (None, false) => false,
    }
}

const SQLITE_INTERRUPT: u32 = 9;

/// The primary result code within SQLite's extended one.
fn sqlite_primary(code: &str) -> Option<u32> {
    code.parse::<u32>().ok().map(|code| code & 0xff)
}

fn ends_the_backend(error: &DatabaseFailure) -> bool {
    let code = error.code.as_deref().unwrap_or_default();
    match (error.number, error.severity.as_deref()) {
        (Some(number), _) => mysql_ends(number),
        (None, Some(severity)) => matches!(severity, "FATAL" | "PANIC") || postgres_ends(code),
        (None, None) => sqlite_primary(code).is_some_and(sqlite_ends),
    }
}

/// Shutdowns, and connection exceptions but for `protocol_violation`, which is what a wrong number
/// of arguments gives.
fn postgres_ends(code: &str) -> bool {
    matches!(code, "57P01" | "57P02" | "57P03" | "57P04" | "57P05")
        || (code.starts_with("08") && code != "08P01")
}

/// The server is going, the connection was killed or timed out, or packets were lost.
fn mysql_ends(number: u16) -> bool {
    matches!(
        number,
        1053 | 1077 | 1079 | 1152..=1161 | 1184 | 1927 | 2006 | 2013 | 2014 | 2055 | 3169 | 4031
    )
}

/// `SQLITE_IOERR`, `SQLITE_CORRUPT`, `SQLITE_MISUSE`, `SQLITE_NOTADB`.
fn sqlite_ends(primary: u32) -> bool {
    matches!(primary, 10 | 11 | 21 | 26)
}

#[cfg(test)]
mod tests {
    use onepool_proto::error::SourcePlace;

    use super::*;

    fn postgres(severity: &str, code: &str) -> Failure {
        Failure::database(DatabaseFailure {
            code: Some(code.into()),
            severity: Some(severity.into()),
            ..DatabaseFailure::default()
        })
    }

    fn mysql(number: u16) -> Failure {
        Failure::database(DatabaseFailure {
            code: Some("HY000".into()),
            number: Some(number),
            ..DatabaseFailure::default()
        })
    }

    fn sqlite(code: &str) -> Failure {
        Failure::database(DatabaseFailure {
            code: Some(code.into()),
            ..DatabaseFailure::default()
        })
    }

    #[test]
    fn shutdowns_end_a_backend_and_mistakes_do_not() {
        assert!(is_broken(&postgres("FATAL", "57P01")));
        assert!(is_broken(&postgres("FATAL", "53300")));
        assert!(!is_broken(&postgres("ERROR", "23505")));
        assert!(!is_broken(&postgres("ERROR", "08P01")));
        assert!(is_broken(&mysql(1927)));
        assert!(is_broken(&mysql(2013)));
        assert!(!is_broken(&mysql(1062)));
        assert!(is_broken(&sqlite("11")));
        assert!(is_broken(&sqlite("6922")));
        assert!(!is_broken(&sqlite("2067")));
    }

    #[test]
    fn a_crowded_and_a_read_only_database_are_told_from_others() {
        assert!(is_crowded(&postgres("FATAL", "53300")));
        assert!(is_crowded(&mysql(1226)));
        assert!(!is_crowded(&postgres("FATAL", "57P03")));
        assert!(is_read_only(&postgres("ERROR", "25006")));
        assert!(is_read_only(&mysql(1290)));
        assert!(!is_read_only(&sqlite("8")));
    }

    #[test]
    fn cancels_are_told_from_other_errors() {
        assert!(is_interrupted(&postgres("ERROR", "57014")));
        assert!(is_interrupted(&mysql(1317)));
        assert!(is_interrupted(&sqlite("9")));
        assert!(!is_interrupted(&mysql(9)));
        assert!(!is_interrupted(&postgres("ERROR", "40001")));
    }

    #[test]
    fn a_stale_plan_is_told_by_its_routine() {
        let mut failure = postgres("ERROR", "0A000");
        assert!(!is_stale_plan(&failure));
        if let Some(error) = &mut failure.database {
            error.source = Some(SourcePlace {
                routine: Some("RevalidateCachedQuery".into()),
                ..SourcePlace::default()
            });
        }
        assert!(is_stale_plan(&failure));
    }
}
