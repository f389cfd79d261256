//! SQLite's rows, cell by cell.

use onepool_proto::column::{Origin, sqlite_tag};
use onepool_proto::message::Summary;
use onepool_proto::{Code, Column, ColumnType, Failure, Format};
use sqlx::sqlite::{SqliteColumn, SqliteQueryResult, SqliteRow, SqliteValueRef};
use sqlx::{Column as _, ColumnOrigin, Decode, Row, Sqlite, TypeInfo, ValueRef};

use crate::db::deliver::RowReader;
use crate::db::failure;
use crate::db::output::{Cell, CellBytes, Cells};

/// Reads SQLite's rows.
#[derive(Clone, Copy, Debug)]
pub(super) struct SqliteRows;

impl RowReader for SqliteRows {
    type Database = Sqlite;

    fn columns(&self, row: &SqliteRow) -> (Format, Vec<Column>) {
        let columns = row.columns().iter().map(|column| describe(column, None));
        (Format::Binary, columns.collect())
    }

    fn cells<'r>(&self, row: &'r SqliteRow) -> impl Cells<'r> {
        (0..row.len()).map(|index| cell(row.try_get_raw(index).ok()?))
    }

    fn summary(&self, result: &SqliteQueryResult) -> Summary {
        Summary {
            rows_affected: result.rows_affected(),
            last_insert_id: Some(result.last_insert_rowid()),
        }
    }

    fn failure(&self, error: sqlx::Error) -> Failure {
        failure(error)
    }
}

/// What an error becomes. What the driver calls a protocol error is, with SQLite, a text or a
/// parameter that it refuses before the database sees it.
pub(super) fn failure(error: sqlx::Error) -> Failure {
    match error {
        sqlx::Error::Protocol(reason) => Failure::new(Code::INVALID_ARGUMENT, reason),
        error => failure::from_driver(error),
    }
}

/// What `column` is, with where it comes from if that was asked for.
pub(super) fn describe(column: &SqliteColumn, origin: Option<Origin>) -> Column {
    Column {
        name: column.name().to_owned(),
        column_type: ColumnType {
            id: 0,
            detail: 0,
            name: column.type_info().name().to_owned(),
        },
        origin,
    }
}

/// Where `column` comes from.
pub(super) fn origin(column: &SqliteColumn) -> Option<Origin> {
    match column.origin() {
        ColumnOrigin::Table(source) => Some(Origin {
            table: source.table.to_string(),
            column: source.name.to_string(),
        }),
        ColumnOrigin::Expression | ColumnOrigin::Unknown => None,
    }
}

fn cell(value: SqliteValueRef<'_>) -> Option<Cell<'_>> {
    let tag = match value.type_info().name() {
        "NULL" => return None,
        "INTEGER" if !value.is_null() => sqlite_tag::INTEGER,
        "REAL" if !value.is_null() => sqlite_tag::REAL,
        "TEXT" if !value.is_null() => sqlite_tag::TEXT,
        "BLOB" if !value.is_null() => sqlite_tag::BLOB,
        // A cell that is not NULL has one of the four types above; this one shows its column's.
        _ => return None,
    };
    let bytes = match tag {
        sqlite_tag::INTEGER => {
            let number = <i64 as Decode<'_, Sqlite>>::decode(value).ok()?;
            CellBytes::Word(number.to_le_bytes())
        }
        sqlite_tag::REAL => {
            let number = <f64 as Decode<'_, Sqlite>>::decode(value).ok()?;
            CellBytes::Word(number.to_le_bytes())
        }
        _ => CellBytes::Borrowed(<&[u8] as Decode<'_, Sqlite>>::decode(value).ok()?),
    };
    Some(Cell {
        tag: Some(tag),
        bytes,
    })
}

/// A cell as text, for the host's own questions.
pub(super) fn text(value: SqliteValueRef<'_>) -> Option<String> {
    let Cell { tag, bytes } = cell(value)?;
    Some(match (tag, bytes) {
        (Some(sqlite_tag::REAL), CellBytes::Word(word)) => f64::from_le_bytes(word).to_string(),
        (_, CellBytes::Word(word)) => i64::from_le_bytes(word).to_string(),
        (_, CellBytes::Borrowed(bytes)) => String::from_utf8_lossy(bytes).into_owned(),
    })
}
