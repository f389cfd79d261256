//! MySQL's rows, cell by cell.

use onepool_proto::column::Origin;
use onepool_proto::message::Summary;
use onepool_proto::{Column, ColumnType, Failure, Format};
use serde::Deserialize;
use sqlx::mysql::{MySqlColumn, MySqlQueryResult, MySqlRow, MySqlTypeInfo};
use sqlx::{Column as _, ColumnOrigin, Decode, MySql, Row, TypeInfo};

use crate::db::deliver::RowReader;
use crate::db::failure;
use crate::db::output::{Cell, Cells};

/// Reads MySQL's rows, which do not say themselves how they are written.
#[derive(Clone, Copy, Debug)]
pub(super) struct MySqlRows(pub(super) Format);

impl RowReader for MySqlRows {
    type Database = MySql;

    fn columns(&self, row: &MySqlRow) -> (Format, Vec<Column>) {
        let columns = row.columns().iter().map(|column| describe(column, None));
        (self.0, columns.collect())
    }

    fn cells<'r>(&self, row: &'r MySqlRow) -> impl Cells<'r> {
        (0..row.columns().len()).map(|index| bytes(row, index).map(Cell::bytes))
    }

    fn summary(&self, result: &MySqlQueryResult) -> Summary {
        Summary {
            rows_affected: result.rows_affected(),
            last_insert_id: Some(result.last_insert_id().cast_signed()),
        }
    }

    fn failure(&self, error: sqlx::Error) -> Failure {
        failure::from_driver(error)
    }
}

/// What `column` is, with where it comes from if that was asked for.
pub(super) fn describe(column: &MySqlColumn, origin: Option<Origin>) -> Column {
    Column {
        name: column.name().to_owned(),
        column_type: column_type(column.type_info()),
        origin,
    }
}

/// Where `column` comes from.
pub(super) fn origin(column: &MySqlColumn) -> Option<Origin> {
    match column.origin() {
        ColumnOrigin::Table(source) => Some(Origin {
            table: source.table.to_string(),
            column: source.name.to_string(),
        }),
        ColumnOrigin::Expression | ColumnOrigin::Unknown => None,
    }
}

/// A row of the host's own questions, as text.
pub(super) fn texts(row: &MySqlRow) -> Vec<Option<String>> {
    let indices = 0..row.columns().len();
    let texts = indices.map(|index| {
        let bytes = bytes(row, index)?;
        Some(String::from_utf8_lossy(bytes).into_owned())
    });
    texts.collect()
}

/// A cell as it came; the zero dates, which sqlx takes for NULL, included.
fn bytes(row: &MySqlRow, index: usize) -> Option<&[u8]> {
    let value = row.try_get_raw(index).ok()?;
    <&[u8] as Decode<'_, MySql>>::decode(value).ok()
}

/// The longest that a cell of `column` may be as text, in bytes, if it has a bound.
pub(super) fn length(column: &MySqlColumn) -> Option<u32> {
    fields(column.type_info()).and_then(|fields| fields.length)
}

/// What a type is to the wire.
fn column_type(of: &MySqlTypeInfo) -> ColumnType {
    let (id, detail) = fields(of).map(numbers).unwrap_or_default();
    ColumnType {
        id,
        detail,
        name: of.name().to_owned(),
    }
}

/// What the driver keeps of a type to itself, but serialises.
#[derive(Clone, Copy, Debug, Deserialize)]
struct Fields {
    /// The type's place in the driver's list.
    place: u32,
    flags: u16,
    collation: u16,
    length: Option<u32>,
}

fn fields(of: &MySqlTypeInfo) -> Option<Fields> {
    let mut room = [0; 32];
    let written = postcard::to_slice(of, &mut room).ok()?;
    postcard::from_bytes(written).ok()
}

/// The type's byte, and its flags and collation.
fn numbers(fields: Fields) -> (u32, u32) {
    // The list is in the order of the protocol's numbers, which have a gap for types that the
    // server keeps to itself.
    let id = match fields.place {
        place @ 0..=13 => place,
        place @ (14 | 15) => place + 1,
        place => place + 0xf5 - 16,
    };
    (
        id,
        u32::from(fields.flags) << 16 | u32::from(fields.collation),
    )
}

#[cfg(test)]
mod tests {
    use sqlx::Type;

    use super::*;

    #[test]
    fn types_have_the_numbers_of_the_protocol() {
        const BINARY: u32 = 128 << 16 | 63;
        const UNSIGNED: u32 = 32 << 16;
        for (of, expected) in [
            (<i8 as Type<MySql>>::type_info(), (0x01, BINARY)),
            (<u64 as Type<MySql>>::type_info(), (0x08, BINARY | UNSIGNED)),
            (
                <chrono::NaiveDateTime as Type<MySql>>::type_info(),
                (0x0c, BINARY),
            ),
            (
                <sqlx::types::BigDecimal as Type<MySql>>::type_info(),
                (0xf6, BINARY),
            ),
            (<[u8] as Type<MySql>>::type_info(), (0xfc, BINARY)),
            (<str as Type<MySql>>::type_info(), (0xfd, 45)),
        ] {
            assert_eq!(fields(&of).map(numbers), Some(expected), "{of}");
        }
    }
}
