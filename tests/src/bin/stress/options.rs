//! The command line.

use std::time::Duration;

use onepool_sdk::DatabaseKind;

use crate::Error;

const USAGE: &str = "usage: stress [--seconds N] [--database postgres|mariadb|sqlite]";

/// What to do.
#[derive(Debug)]
pub(crate) struct Options {
    pub(crate) length: Duration,
    pub(crate) database: DatabaseKind,
}

impl Options {
    pub(crate) fn parse(arguments: impl IntoIterator<Item = String>) -> Result<Self, Error> {
        let mut options = Self {
            length: Duration::from_secs(60),
            database: DatabaseKind::Postgres,
        };
        let mut arguments = arguments.into_iter();
        while let Some(name) = arguments.next() {
            let value = arguments.next().ok_or(USAGE)?;
            match name.as_str() {
                "--seconds" => {
                    options.length = Duration::from_secs(value.parse().map_err(|_| USAGE)?);
                }
                "--database" => options.database = kind(&value).ok_or(USAGE)?,
                _ => return Err(USAGE.into()),
            }
        }
        Ok(options)
    }
}

fn kind(name: &str) -> Option<DatabaseKind> {
    match name {
        "postgres" => Some(DatabaseKind::Postgres),
        "mariadb" => Some(DatabaseKind::MySql),
        "sqlite" => Some(DatabaseKind::Sqlite),
        _ => None,
    }
}
