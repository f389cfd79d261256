//! Arguments of a statement, before it is known which database is behind.

use std::fmt::{self, Write};

use onepool_proto::value::Value;
use onepool_proto::{DatabaseKind, ScalarType, ValueType};
use sqlx_core::arguments::Arguments;
use sqlx_core::encode::{Encode, IsNull};
use sqlx_core::error::BoxDynError;
use sqlx_core::types::Type;

use crate::{Onepool, OnepoolTypeInfo};

/// Begins the mark of a placeholder in a built query.
pub(crate) const MARK_BEGIN: char = '\u{1}';
/// Ends the mark of a placeholder in a built query.
pub(crate) const MARK_END: char = '\u{2}';

/// The arguments of one statement.
#[derive(Clone, Debug, Default)]
pub struct OnepoolArguments {
    pub(crate) buffer: OnepoolArgumentBuffer,
}

/// Where values are encoded to: each puts exactly one argument.
#[derive(Clone, Debug, Default)]
pub struct OnepoolArgumentBuffer {
    arguments: Vec<Argument>,
}

/// An argument that may look different on SQLite, which keeps most types as text of a form that
/// depends on the Rust type.
#[derive(Clone, Debug)]
struct Argument {
    value: Value,
    sqlite: Option<fn(&Value) -> Value>,
}

impl OnepoolArgumentBuffer {
    /// Puts an argument that every database is given alike.
    pub fn put(&mut self, value: impl Into<Value>) {
        self.arguments.push(Argument {
            value: value.into(),
            sqlite: None,
        });
    }

    /// Puts an argument that SQLite is given in another form.
    pub(crate) fn put_with_sqlite(&mut self, value: impl Into<Value>, sqlite: fn(&Value) -> Value) {
        self.arguments.push(Argument {
            value: value.into(),
            sqlite: Some(sqlite),
        });
    }

    /// The last argument put, taken back; arrays use it to encode their elements.
    pub(crate) fn take_last(&mut self) -> Option<Value> {
        self.arguments.pop().map(|argument| argument.value)
    }
}

impl OnepoolArguments {
    /// The values to send to a database of this kind.
    pub(crate) fn into_values(self, kind: DatabaseKind) -> Vec<Value> {
        let for_database = |argument: Argument| match (kind, argument.sqlite) {
            (DatabaseKind::Sqlite, Some(convert)) => convert(&argument.value),
            _ => argument.value,
        };
        self.buffer
            .arguments
            .into_iter()
            .map(for_database)
            .collect()
    }
}

impl Arguments for OnepoolArguments {
    type Database = Onepool;

    fn reserve(&mut self, additional: usize, _size: usize) {
        self.buffer.arguments.reserve(additional);
    }

    fn add<'t, T>(&mut self, value: T) -> Result<(), BoxDynError>
    where
        T: Encode<'t, Onepool> + Type<Onepool>,
    {
        let type_info = value.produces().unwrap_or_else(T::type_info);
        let before = self.buffer.arguments.len();
        match value.encode(&mut self.buffer) {
            Ok(IsNull::Yes) => {
                self.buffer.arguments.truncate(before);
                self.buffer.put(Value::Null(null_type(&type_info)));
                Ok(())
            }
            Ok(IsNull::No) => Ok(()),
            Err(error) => {
                self.buffer.arguments.truncate(before);
                Err(error)
            }
        }
    }

    fn len(&self) -> usize {
        self.buffer.arguments.len()
    }

    // It is not known here which database is behind, so a mark is written that `placeholders`
    // replaces when the statement is sent.
    fn format_placeholder<W: Write>(&self, writer: &mut W) -> fmt::Result {
        write!(writer, "{MARK_BEGIN}{}{MARK_END}", self.len())
    }
}

fn null_type(type_info: &OnepoolTypeInfo) -> ValueType {
    type_info
        .to_value_type()
        .unwrap_or(ValueType::scalar(ScalarType::Text))
}
