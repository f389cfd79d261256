//! Why a private server could not be had.

use std::io;

use super::Kind;

/// Each text is one line, for a test fails with it.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    #[error(
        "{program} is not installed: run ./scripts/test, which installs the database servers the tests need"
    )]
    Missing { program: &'static str },
    #[error("root cannot run a database server, and neither of {users:?} exists to run it instead")]
    NoUser { users: &'static [&'static str] },
    #[error("cannot {action}: {source}")]
    Io { action: String, source: io::Error },
    #[error("{command} failed: {output}")]
    Command { command: String, output: String },
    #[error("the {kind} server ended instead of starting; its log ends with: {log}")]
    Start { kind: Kind, log: String },
    #[error("the {kind} server runs but does not let us in: {source}; its log ends with: {log}")]
    Closed {
        kind: Kind,
        source: Box<Error>,
        log: String,
    },
    #[error("the {kind} server did not {what} in time; its log ends with: {log}")]
    Late {
        kind: Kind,
        what: &'static str,
        log: String,
    },
    #[error("the {kind} server runs already")]
    Running { kind: Kind },
    #[error("the guard of the {kind} server is gone")]
    NoGuard { kind: Kind },
    #[error("cannot make a certificate: {source}")]
    Certificate { source: rcgen::Error },
    #[error("{sql}: {source}")]
    Sql { sql: String, source: sqlx::Error },
}

impl Error {
    /// Says what was being done when the operating system refused.
    pub(crate) fn io(action: impl Into<String>) -> impl FnOnce(io::Error) -> Self {
        let action = action.into();
        move |source| Self::Io { action, source }
    }
}

/// Fails the test with the error's one line, without the panic message's place in this crate, which
/// says nothing.
pub(crate) fn or_fail<T>(result: Result<T, Error>) -> T {
    result.unwrap_or_else(|error| {
        eprintln!("{error}");
        std::panic::resume_unwind(Box::new(error.to_string()))
    })
}
