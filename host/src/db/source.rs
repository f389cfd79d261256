//! Where the database is, and how to connect.

use onepool_proto::{Code, DatabaseKind, Failure};

/// Where the database is, and how to connect.
#[derive(Clone, Debug)]
pub(crate) struct Source {}

impl Source {
    pub(crate) fn parse(_url: &str) -> Result<Self, Failure> {
        Err(Failure::new(Code::CONFIGURATION, "not yet"))
    }

    pub(crate) fn kind(&self) -> DatabaseKind {
        DatabaseKind::Sqlite
    }
}
