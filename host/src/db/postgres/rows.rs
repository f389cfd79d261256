//! PostgreSQL's rows, cell by cell.

use std::hash::{DefaultHasher, Hash, Hasher};

use onepool_proto::column::Origin;
use onepool_proto::message::Summary;
use onepool_proto::{Column, ColumnType, Failure, Format};
use sqlx::postgres::{
    PgColumn, PgQueryResult, PgRow, PgTypeInfo, PgTypeKind, PgValueFormat, Postgres,
};
use sqlx::{Column as _, ColumnOrigin, Row, TypeInfo};

use crate::db::deliver::RowReader;
use crate::db::failure;
use crate::db::output::{Cell, Cells};

/// Reads PostgreSQL's rows.
#[derive(Clone, Copy, Debug)]
pub(super) struct PostgresRows;

impl RowReader for PostgresRows {
    type Database = Postgres;

    fn columns(&self, row: &PgRow) -> (Format, Vec<Column>) {
        let columns = row.columns().iter().map(|column| describe(column, None));
        (format(row), columns.collect())
    }

    /// Without making what `columns` makes.
    fn tag(&self, row: &PgRow) -> u64 {
        let mut hasher = DefaultHasher::new();
        format(row).hash(&mut hasher);
        for column in row.columns() {
            let of = column.type_info();
            (column.name(), numbers(of), of.name()).hash(&mut hasher);
        }
        hasher.finish()
    }

    fn cells<'r>(&self, row: &'r PgRow) -> impl Cells<'r> {
        (0..row.columns().len()).map(|index| {
            let value = row.try_get_raw(index).ok()?;
            value.as_bytes().ok().map(Cell::bytes)
        })
    }

    fn summary(&self, result: &PgQueryResult) -> Summary {
        Summary {
            rows_affected: result.rows_affected(),
            last_insert_id: None,
        }
    }

    fn failure(&self, error: sqlx::Error) -> Failure {
        failure::from_driver(error)
    }
}

/// How the cells of a row are written.
fn format(row: &PgRow) -> Format {
    match row.try_get_raw(0).map(|value| value.format()) {
        Ok(PgValueFormat::Text) => Format::Text,
        Ok(PgValueFormat::Binary) | Err(_) => Format::Binary,
    }
}

/// What `column` is, with where it comes from if that was asked for.
pub(super) fn describe(column: &PgColumn, origin: Option<Origin>) -> Column {
    Column {
        name: column.name().to_owned(),
        column_type: column_type(column.type_info()),
        origin,
    }
}

/// What a type is to the wire.
pub(super) fn column_type(of: &PgTypeInfo) -> ColumnType {
    let (id, detail) = numbers(of);
    ColumnType {
        id,
        detail,
        name: of.name().to_owned(),
    }
}

/// The number of a type, and of the one that it is made of.
fn numbers(of: &PgTypeInfo) -> (u32, u32) {
    let oid = |of: &PgTypeInfo| of.oid().map_or(0, |oid| oid.0);
    let inner = match of.kind() {
        PgTypeKind::Array(inner) | PgTypeKind::Range(inner) | PgTypeKind::Domain(inner) => {
            oid(inner)
        }
        PgTypeKind::Simple
        | PgTypeKind::Pseudo
        | PgTypeKind::Composite(_)
        | PgTypeKind::Enum(_) => 0,
    };
    (oid(of), inner)
}

/// Where `column` comes from.
pub(super) fn origin(column: &PgColumn) -> Option<Origin> {
    match column.origin() {
        ColumnOrigin::Table(source) => Some(Origin {
            table: source.table.to_string(),
            column: source.name.to_string(),
        }),
        ColumnOrigin::Expression | ColumnOrigin::Unknown => None,
    }
}

/// A row of the host's own questions, as text.
pub(super) fn texts(row: &PgRow) -> Vec<Option<String>> {
    let indices = 0..row.columns().len();
    let texts = indices.map(|index| {
        let value = row.try_get_raw(index).ok()?;
        let bytes = value.as_bytes().ok()?;
        Some(String::from_utf8_lossy(bytes).into_owned())
    });
    texts.collect()
}
