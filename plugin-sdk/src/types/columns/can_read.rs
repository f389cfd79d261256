//! Whether a value may be read from a column.

use onepool_proto::value::Shape;
use onepool_proto::{ColumnType, DatabaseKind, ScalarType, ValueType};
use sqlx_core::type_info::TypeInfo;

use super::lists::columns;
use super::mysql::MySqlColumn;
use super::postgres::{UNRESOLVED, array_element, base_oid, range_element, same_identifier};
use crate::OnepoolTypeInfo;
use crate::type_info::Repr;

/// Whether a value that binds as `wanted` may be read from `found`.
pub(crate) fn can_read(wanted: &ValueType, found: &OnepoolTypeInfo) -> bool {
    if let Repr::Argument(found) = &found.0 {
        return wanted == found;
    }
    match wanted.shape {
        Shape::Scalar => can_read_scalar(&wanted.scalar, found),
        Shape::Array => {
            array_element(found).is_some_and(|element| can_read_scalar(&wanted.scalar, &element))
        }
        Shape::Range => {
            range_element(found).is_some_and(|element| can_read_scalar(&wanted.scalar, &element))
        }
    }
}

fn can_read_scalar(wanted: &ScalarType, found: &OnepoolTypeInfo) -> bool {
    let columns = columns(wanted);
    match &found.0 {
        Repr::Argument(found) => *found == ValueType::scalar(wanted.clone()),
        Repr::Database {
            kind: DatabaseKind::Postgres,
            column_type,
        } => columns.postgres.contains(&base_oid(column_type)) || is_named(wanted, column_type),
        Repr::Database {
            kind: DatabaseKind::MySql,
            ..
        } => MySqlColumn::of(found).is_some_and(columns.mysql),
        Repr::Database {
            kind: DatabaseKind::Sqlite,
            ..
        }
        | Repr::SqliteCell(_) => columns.sqlite.contains(&found.name()),
    }
}

/// Whether a PostgreSQL type is the one of this name. In the text format the host may know the
/// type by its oid alone; then any name may be the right one.
fn is_named(wanted: &ScalarType, column_type: &ColumnType) -> bool {
    let name = match wanted {
        ScalarType::Named(name) => name,
        ScalarType::Text => "citext",
        _ => return false,
    };
    column_type.name == UNRESOLVED || same_identifier(name, &column_type.name)
}
