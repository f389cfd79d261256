//! Arguments of a statement, before it is known which database is behind.

use std::fmt::{self, Write};
use std::sync::Arc;

use bytes::Bytes;
use onepool_proto::value::Value;
use onepool_proto::{DatabaseKind, Scalar, ScalarType, ValueType};
use sqlx_core::arguments::Arguments;
use sqlx_core::encode::{Encode, IsNull};
use sqlx_core::error::{BoxDynError, Error};
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

/// Writes the text that SQLite keeps of a value. Some values have none.
type SqliteText = Arc<dyn Fn() -> Result<String, BoxDynError> + Send + Sync>;

/// An argument that may look different on SQLite, which keeps dates and times as text of a form
/// that depends on the Rust type.
#[derive(Clone)]
struct Argument {
    value: Value,
    sqlite: Option<SqliteText>,
}

impl OnepoolArgumentBuffer {
    /// Puts an argument that every database is given alike.
    pub fn put(&mut self, value: impl Into<Value>) {
        self.arguments.push(Argument {
            value: value.into(),
            sqlite: None,
        });
    }

    /// Puts the text form of a value whose type the database knows by this name, for example an
    /// enum. MySQL and SQLite are given plain text.
    pub fn put_named(&mut self, type_name: &str, text: impl Into<String>) {
        self.put(Scalar::Named {
            type_name: type_name.to_owned(),
            text: text.into(),
        });
    }

    /// Puts an argument that SQLite is given as the text that `sqlite` writes. It is written only
    /// once SQLite is known to be behind, so what it cannot write fails there alone.
    pub(crate) fn put_with_sqlite(
        &mut self,
        value: impl Into<Value>,
        sqlite: impl Fn() -> Result<String, BoxDynError> + Send + Sync + 'static,
    ) {
        self.arguments.push(Argument {
            value: value.into(),
            sqlite: Some(Arc::new(sqlite)),
        });
    }

    /// The last argument put, taken back; arrays use it to encode their elements.
    pub(crate) fn take_last(&mut self) -> Option<Value> {
        self.arguments.pop().map(|argument| argument.value)
    }
}

impl OnepoolArguments {
    /// The values to send to a database of this kind.
    ///
    /// # Errors
    /// [`Error::Encode`] if an argument has no form on this kind of database.
    pub(crate) fn into_values(self, kind: DatabaseKind) -> Result<Vec<Value>, Error> {
        let arguments = self.buffer.arguments.into_iter();
        match kind {
            DatabaseKind::Sqlite => arguments
                .map(Argument::into_sqlite)
                .collect::<Result<_, _>>()
                .map_err(Error::Encode),
            DatabaseKind::Postgres | DatabaseKind::MySql => {
                Ok(arguments.map(|argument| argument.value).collect())
            }
        }
    }
}

impl Argument {
    fn into_sqlite(self) -> Result<Value, BoxDynError> {
        Ok(match (self.sqlite, self.value) {
            (Some(text), _) => Scalar::Text(text()?).into(),
            (None, Value::Scalar(scalar)) => sqlite_scalar(scalar).into(),
            (None, other) => other,
        })
    }
}

/// The scalar in which SQLite keeps one of a type that it does not have.
fn sqlite_scalar(scalar: Scalar) -> Scalar {
    match scalar {
        Scalar::Uuid(uuid) => Scalar::Bytes(Bytes::copy_from_slice(&uuid)),
        Scalar::Decimal(text) | Scalar::Json(text) | Scalar::Named { text, .. } => {
            Scalar::Text(text)
        }
        other => other,
    }
}

// Written by hand because what writes the SQLite text cannot be printed.
impl fmt::Debug for Argument {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.value.fmt(f)
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
