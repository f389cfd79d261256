//! From failures on the wire to sqlx's errors.

use std::io;

use onepool_proto::{Code, DatabaseKind, Failure};
use sqlx_core::error::Error;

use super::{OnepoolDatabaseError, OnepoolError};

/// Why a call has no result.
#[derive(Debug)]
pub(crate) enum CallError {
    /// The host answered with this failure.
    Refused(Failure),
    /// No answer came: the call may or may not have reached the host.
    Unanswered(Failure),
}

impl CallError {
    pub(crate) fn into_error(self, kind: DatabaseKind) -> Error {
        let (Self::Refused(failure) | Self::Unanswered(failure)) = self;
        from_failure(kind, failure)
    }
}

/// The host broke the protocol.
pub(crate) fn unexpected_answer() -> CallError {
    CallError::Refused(Failure::new(
        Code::DATABASE_PROTOCOL,
        "the host gave the answer to another question",
    ))
}

/// An error of onepool itself, raised on this side.
pub(crate) fn broker_error(code: Code, message: impl Into<String>) -> Error {
    Error::database(OnepoolError::new(Failure::new(code, message)))
}

/// The error that plugin code expects for `failure` of a database of this kind.
pub(crate) fn from_failure(kind: DatabaseKind, failure: Failure) -> Error {
    match (failure.code, failure.database) {
        (Code::DATABASE, Some(database)) => {
            Error::database(OnepoolDatabaseError::new(kind, *database))
        }
        (code, database) => {
            let failure = Failure {
                database,
                ..failure
            };
            driver_error(code, failure)
        }
    }
}

fn driver_error(code: Code, failure: Failure) -> Error {
    let boxed = |failure| Box::new(OnepoolError::new(failure));
    match code {
        Code::DATABASE_PROTOCOL => Error::Protocol(failure.message),
        Code::DATABASE_IO => Error::Io(io::Error::other(OnepoolError::new(failure))),
        Code::DATABASE_TLS => Error::Tls(boxed(failure)),
        Code::TYPE_NOT_FOUND => Error::TypeNotFound {
            type_name: failure
                .database
                .and_then(|database| database.data_type)
                .unwrap_or(failure.message),
        },
        Code::ENCODE => Error::Encode(boxed(failure)),
        Code::DECODE => Error::Decode(boxed(failure)),
        Code::CONFIGURATION => Error::Configuration(boxed(failure)),
        _ => Error::database(OnepoolError::new(failure)),
    }
}
