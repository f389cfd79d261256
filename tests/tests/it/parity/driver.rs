//! What each driver has to say beyond what all of them do.

use std::fmt::Write;

use onepool_sdk::{Onepool, OnepoolDatabaseError, OnepoolQueryResult};
use sqlx::error::DatabaseError;
use sqlx::mysql::{MySqlDatabaseError, MySqlQueryResult};
use sqlx::postgres::{PgDatabaseError, PgErrorPosition, PgQueryResult, PgSeverity};
use sqlx::sqlite::SqliteQueryResult;
use sqlx::{Database, MySql, Postgres, Sqlite};

/// A driver under comparison.
pub trait Driver: Database {
    /// Rows affected, and the id that the last inserted row was given.
    fn done(result: &Self::QueryResult) -> (u64, Option<i64>);

    /// The fields that the driver's own error type has, written alike by all.
    fn fields(error: &dyn DatabaseError) -> String;
}

impl Driver for Sqlite {
    fn done(result: &SqliteQueryResult) -> (u64, Option<i64>) {
        (result.rows_affected(), Some(result.last_insert_rowid()))
    }

    fn fields(_: &dyn DatabaseError) -> String {
        String::new()
    }
}

impl Driver for MySql {
    fn done(result: &MySqlQueryResult) -> (u64, Option<i64>) {
        let id = result.last_insert_id();
        (result.rows_affected(), Some(id.cast_signed()))
    }

    fn fields(error: &dyn DatabaseError) -> String {
        let error: &MySqlDatabaseError = error.downcast_ref();
        format!(" number={}", error.number())
    }
}

impl Driver for Postgres {
    fn done(result: &PgQueryResult) -> (u64, Option<i64>) {
        (result.rows_affected(), None)
    }

    fn fields(error: &dyn DatabaseError) -> String {
        let error: &PgDatabaseError = error.downcast_ref();
        let severity = match error.severity() {
            PgSeverity::Panic => "PANIC",
            PgSeverity::Fatal => "FATAL",
            PgSeverity::Error => "ERROR",
            other => panic!("{other:?} is no error"),
        };
        let position = match error.position() {
            Some(PgErrorPosition::Original(position)) => Some(position.to_string()),
            Some(PgErrorPosition::Internal { .. }) | None => None,
        };
        written(&[
            ("severity", Some(severity)),
            ("detail", error.detail()),
            ("hint", error.hint()),
            ("position", position.as_deref()),
            ("context", error.r#where()),
            ("schema", error.schema()),
            ("column", error.column()),
            ("type", error.data_type()),
            ("file", error.file()),
            ("line", error.line().map(|line| line.to_string()).as_deref()),
            ("routine", error.routine()),
        ])
    }
}

impl Driver for Onepool {
    fn done(result: &OnepoolQueryResult) -> (u64, Option<i64>) {
        (result.rows_affected(), result.last_insert_id())
    }

    fn fields(error: &dyn DatabaseError) -> String {
        let Some(error) = error.try_downcast_ref::<OnepoolDatabaseError>() else {
            return " (not from the database)".to_owned();
        };
        let place = error.source_place();
        let line = place.and_then(|place| place.line);
        let mut text = written(&[
            ("severity", error.severity()),
            ("detail", error.detail()),
            ("hint", error.hint()),
            (
                "position",
                error.position().map(|at| at.to_string()).as_deref(),
            ),
            ("context", error.context()),
            ("schema", error.schema()),
            ("column", error.column()),
            ("type", error.data_type()),
            ("file", place.and_then(|place| place.file.as_deref())),
            ("line", line.map(|line| line.to_string()).as_deref()),
            ("routine", place.and_then(|place| place.routine.as_deref())),
        ]);
        if let Some(number) = error.number() {
            write!(text, " number={number}").unwrap();
        }
        text
    }
}

fn written(fields: &[(&str, Option<&str>)]) -> String {
    let present = fields
        .iter()
        .filter_map(|(name, value)| value.map(|value| (name, value)));
    present.fold(String::new(), |mut text, (name, value)| {
        write!(text, " {name}={value:?}").unwrap();
        text
    })
}
