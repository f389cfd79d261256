//! Types: what a Rust value binds as, and what a database says of a column.

use std::fmt;
use std::sync::Arc;

use onepool_proto::column::sqlite_tag;
use onepool_proto::value::Shape;
use onepool_proto::{ColumnType, DatabaseKind, ScalarType, ValueType};
use sqlx_core::type_info::TypeInfo;

use crate::types::columns;

/// The type of a value, an argument or a column.
#[derive(Clone, Debug)]
pub struct OnepoolTypeInfo(pub(crate) Repr);

#[derive(Clone, Debug)]
pub(crate) enum Repr {
    /// What a Rust type binds as, whichever database is behind.
    Argument(ValueType),
    /// What a database says of a column or a parameter.
    Database {
        kind: DatabaseKind,
        column_type: Arc<ColumnType>,
    },
    /// What a SQLite cell is, which may differ from its column: one of [`sqlite_tag`].
    SqliteCell(u8),
}

impl OnepoolTypeInfo {
    /// The type of an argument.
    #[must_use]
    pub const fn argument(value_type: ValueType) -> Self {
        Self(Repr::Argument(value_type))
    }

    /// The type of an argument that is one scalar.
    #[must_use]
    pub const fn scalar(scalar: ScalarType) -> Self {
        Self::argument(ValueType::scalar(scalar))
    }

    /// A type that the database knows by this name, for example an enum:
    /// its values are bound and read as text.
    #[must_use]
    pub fn with_name(name: &str) -> Self {
        Self::scalar(ScalarType::Named(name.to_owned()))
    }

    /// An array of a type that the database knows by this name.
    #[must_use]
    pub fn array_of(name: &str) -> Self {
        Self::argument(ValueType::array(ScalarType::Named(name.to_owned())))
    }

    pub(crate) fn database(kind: DatabaseKind, column_type: ColumnType) -> Self {
        Self(Repr::Database {
            kind,
            column_type: Arc::new(column_type),
        })
    }

    pub(crate) const fn sqlite_cell(tag: u8) -> Self {
        Self(Repr::SqliteCell(tag))
    }

    /// The type as it is told to the host when a statement is prepared.
    pub(crate) fn to_value_type(&self) -> Option<ValueType> {
        match &self.0 {
            Repr::Argument(value_type) => Some(value_type.clone()),
            _ => None,
        }
    }
}

impl TypeInfo for OnepoolTypeInfo {
    fn is_null(&self) -> bool {
        match &self.0 {
            Repr::Database { column_type, .. } => column_type.name == "NULL",
            _ => false,
        }
    }

    fn name(&self) -> &str {
        match &self.0 {
            Repr::Argument(ValueType { scalar, shape }) => argument_name(scalar, *shape),
            Repr::Database { column_type, .. } => &column_type.name,
            Repr::SqliteCell(sqlite_tag::INTEGER) => "INTEGER",
            Repr::SqliteCell(sqlite_tag::REAL) => "REAL",
            Repr::SqliteCell(sqlite_tag::TEXT) => "TEXT",
            Repr::SqliteCell(_) => "BLOB",
        }
    }

    fn type_compatible(&self, other: &Self) -> bool {
        match &self.0 {
            Repr::Argument(value_type) => columns::can_read(value_type, other),
            _ => self == other,
        }
    }

    fn is_void(&self) -> bool {
        self.name() == "VOID"
    }
}

impl fmt::Display for OnepoolTypeInfo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl PartialEq for OnepoolTypeInfo {
    fn eq(&self, other: &Self) -> bool {
        match (&self.0, &other.0) {
            (Repr::Argument(one), Repr::Argument(two)) => one == two,
            (
                Repr::Database {
                    column_type: one, ..
                },
                Repr::Database {
                    column_type: two, ..
                },
            ) => one == two,
            _ => self.name().eq_ignore_ascii_case(other.name()),
        }
    }
}

fn argument_name(scalar: &ScalarType, shape: Shape) -> &str {
    let (one, array) = match scalar {
        ScalarType::Bool => ("BOOLEAN", "BOOLEAN[]"),
        ScalarType::I8 => ("TINYINT", "TINYINT[]"),
        ScalarType::I16 => ("SMALLINT", "SMALLINT[]"),
        ScalarType::I32 => ("INTEGER", "INTEGER[]"),
        ScalarType::I64 => ("BIGINT", "BIGINT[]"),
        ScalarType::U8 => ("TINYINT UNSIGNED", "TINYINT UNSIGNED[]"),
        ScalarType::U16 => ("SMALLINT UNSIGNED", "SMALLINT UNSIGNED[]"),
        ScalarType::U32 => ("INTEGER UNSIGNED", "INTEGER UNSIGNED[]"),
        ScalarType::U64 => ("BIGINT UNSIGNED", "BIGINT UNSIGNED[]"),
        ScalarType::F32 => ("REAL", "REAL[]"),
        ScalarType::F64 => ("DOUBLE", "DOUBLE[]"),
        ScalarType::Decimal => ("DECIMAL", "DECIMAL[]"),
        ScalarType::Text => ("TEXT", "TEXT[]"),
        ScalarType::Bytes => ("BLOB", "BLOB[]"),
        ScalarType::Uuid => ("UUID", "UUID[]"),
        ScalarType::Date => ("DATE", "DATE[]"),
        ScalarType::Time => ("TIME", "TIME[]"),
        ScalarType::TimeTz => ("TIMETZ", "TIMETZ[]"),
        ScalarType::Timestamp => ("TIMESTAMP", "TIMESTAMP[]"),
        ScalarType::TimestampTz => ("TIMESTAMPTZ", "TIMESTAMPTZ[]"),
        ScalarType::Interval => ("INTERVAL", "INTERVAL[]"),
        ScalarType::Json => ("JSON", "JSON[]"),
        ScalarType::Inet => ("INET", "INET[]"),
        ScalarType::Named(name) => (name.as_str(), name.as_str()),
    };
    match shape {
        Shape::Scalar => one,
        Shape::Array => array,
        Shape::Range => "RANGE",
    }
}
