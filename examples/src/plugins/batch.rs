//! Batches: one statement, many sets of arguments, one round trip.

use std::fmt;

use onepool_sdk::{Onepool, OnepoolArguments};
use sqlx::encode::Encode;
use sqlx::{Arguments, QueryBuilder, SqlStr, Type};

/// `INSERT INTO table (columns) VALUES (...)` for whichever database is behind the host.
///
/// A plugin that knows its database writes `$1` or `?` and needs no such thing.
pub fn insert(table: impl fmt::Display, columns: &[&str]) -> SqlStr {
    let columns = columns.iter().enumerate();
    let mut insert = QueryBuilder::<Onepool>::new(format!("INSERT INTO {table} ("));
    let mut names = insert.separated(", ");
    for (_, name) in columns.clone() {
        names.push(name);
    }
    insert.push(") VALUES (");
    let mut places = insert.separated(", ");
    for _ in columns {
        // The value does not matter: the text alone is used.
        places.push_bind(0_i64);
    }
    insert.push(")");
    insert.into_sql()
}

/// Begins one set of arguments.
pub fn row() -> Row {
    Row {
        arguments: Ok(OnepoolArguments::default()),
    }
}

/// One set of arguments.
#[must_use]
#[derive(Debug)]
pub struct Row {
    arguments: sqlx::Result<OnepoolArguments>,
}

impl Row {
    /// Adds the next argument.
    pub fn bind<'t, T>(mut self, value: T) -> Self
    where
        T: Encode<'t, Onepool> + Type<Onepool>,
    {
        if let Ok(arguments) = &mut self.arguments
            && let Err(error) = arguments.add(value)
        {
            self.arguments = Err(sqlx::Error::Encode(error));
        }
        self
    }

    /// The arguments, unless one could not be encoded.
    pub fn done(self) -> sqlx::Result<OnepoolArguments> {
        self.arguments
    }
}
