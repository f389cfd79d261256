//! Every field that a database gives with an error.

use onepool_proto::DatabaseFailure;
use onepool_proto::error::{SourcePlace, kind};
use sqlx::error::{DatabaseError, ErrorKind};
use sqlx::mysql::MySqlDatabaseError;
use sqlx::postgres::{PgDatabaseError, PgErrorPosition, PgSeverity};

/// The fields of `error`.
pub(super) fn read(error: &dyn DatabaseError) -> DatabaseFailure {
    let common = DatabaseFailure {
        kind: kind_number(&error.kind()),
        code: error.code().map(Into::into),
        message: error.message().to_owned(),
        ..DatabaseFailure::default()
    };
    if let Some(error) = error.try_downcast_ref::<PgDatabaseError>() {
        postgres(error, common)
    } else if let Some(error) = error.try_downcast_ref::<MySqlDatabaseError>() {
        DatabaseFailure {
            number: Some(error.number()),
            ..common
        }
    } else {
        common
    }
}

fn postgres(error: &PgDatabaseError, common: DatabaseFailure) -> DatabaseFailure {
    let owned = |text: Option<&str>| text.map(ToOwned::to_owned);
    let position = match error.position() {
        Some(PgErrorPosition::Original(at)) => u32::try_from(at).ok(),
        // A place in a text that the plugin never wrote: the context shows that text.
        Some(PgErrorPosition::Internal { .. }) | None => None,
    };
    DatabaseFailure {
        detail: owned(error.detail()),
        hint: owned(error.hint()),
        constraint: owned(error.constraint()),
        schema: owned(error.schema()),
        table: owned(error.table()),
        column: owned(error.column()),
        data_type: owned(error.data_type()),
        position,
        context: owned(error.r#where()),
        severity: Some(severity(&error.severity()).to_owned()),
        source: Some(SourcePlace {
            file: owned(error.file()),
            line: error.line().and_then(|line| u32::try_from(line).ok()),
            routine: owned(error.routine()),
        }),
        ..common
    }
}

fn severity(severity: &PgSeverity) -> &'static str {
    match severity {
        PgSeverity::Panic => "PANIC",
        PgSeverity::Fatal => "FATAL",
        PgSeverity::Error => "ERROR",
        PgSeverity::Warning => "WARNING",
        PgSeverity::Notice => "NOTICE",
        PgSeverity::Debug => "DEBUG",
        PgSeverity::Info => "INFO",
        PgSeverity::Log => "LOG",
    }
}

fn kind_number(of: &ErrorKind) -> u8 {
    match of {
        ErrorKind::UniqueViolation => kind::UNIQUE_VIOLATION,
        ErrorKind::ForeignKeyViolation => kind::FOREIGN_KEY_VIOLATION,
        ErrorKind::NotNullViolation => kind::NOT_NULL_VIOLATION,
        ErrorKind::CheckViolation => kind::CHECK_VIOLATION,
        ErrorKind::ExclusionViolation => kind::EXCLUSION_VIOLATION,
        _ => kind::OTHER,
    }
}
