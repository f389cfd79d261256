//! What a driver is given to run.

use onepool_proto::{Code, Failure, Value};

/// A statement and its arguments.
#[derive(Debug)]
pub(crate) struct Statement<'a> {
    /// The text.
    pub(crate) sql: &'a str,
    /// The arguments. `None` sends the text as it is, which may then hold several statements.
    pub(crate) arguments: Option<Vec<Value>>,
    /// Whether the backend should keep the prepared statement.
    pub(crate) persistent: bool,
}

impl<'a> Statement<'a> {
    /// A statement with arguments, which the backend keeps prepared.
    pub(crate) fn with(sql: &'a str, arguments: Vec<Value>) -> Self {
        Self {
            sql,
            arguments: Some(arguments),
            persistent: true,
        }
    }
}

/// Refuses a text with a NUL: SQLite and PostgreSQL read texts up to the first one, and their
/// drivers lose their way in what comes after.
pub(super) fn without_nul(sql: &str) -> Result<(), Failure> {
    if sql.contains('\0') {
        let reason = "the statement's text holds a NUL character";
        return Err(Failure::new(Code::INVALID_ARGUMENT, reason));
    }
    Ok(())
}
