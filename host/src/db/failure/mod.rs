//! What the drivers' errors become, and what they mean for the backend.

mod connect;
mod fields;
mod verdict;

use std::io;

use onepool_proto::page::PageError;
use onepool_proto::{Code, Failure};
use sqlx::Error;

pub(super) use connect::{at_connect, misconfigured, unreachable};
pub(super) use verdict::refuses_login;
pub(crate) use verdict::{is_broken, is_crowded, is_interrupted, is_read_only, is_stale_plan};

/// A row that no page can hold.
pub(crate) fn from_page(error: PageError) -> Failure {
    Failure::new(Code::REQUEST_TOO_LARGE, error.to_string())
}

/// An error of a driver that was talking to its database.
pub(super) fn from_driver(error: Error) -> Failure {
    let code = match error {
        Error::Database(error) => return Failure::database(fields::read(&*error)),
        // The sentence around it is made anew where the plugin sees it.
        // rustls tells what is wrong with a certificate as a link that gives invalid data.
        Error::Io(ref error) if error.kind() == io::ErrorKind::InvalidData => Code::DATABASE_TLS,
        Error::Io(error) => return Failure::new(Code::DATABASE_IO, error.to_string()),
        Error::Tls(_) => Code::DATABASE_TLS,
        Error::Protocol(_) | Error::WorkerCrashed => Code::DATABASE_PROTOCOL,
        // The name stands alone, so that it can be told from the sentence.
        Error::TypeNotFound { type_name } => return Failure::new(Code::TYPE_NOT_FOUND, type_name),
        Error::Encode(_) => Code::ENCODE,
        Error::InvalidArgument(_) => Code::INVALID_ARGUMENT,
        Error::Decode(_)
        | Error::ColumnDecode { .. }
        | Error::ColumnNotFound(_)
        | Error::ColumnIndexOutOfBounds { .. } => Code::DECODE,
        Error::Configuration(_) => Code::CONFIGURATION,
        _ => Code::INTERNAL,
    };
    Failure::new(code, error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_broken_link_is_not_the_databases_error() {
        let failure = from_driver(Error::Io(std::io::ErrorKind::BrokenPipe.into()));
        assert_eq!(failure.code, Code::DATABASE_IO);
        assert_eq!(failure.message, "broken pipe", "and no sentence around it");
        assert!(is_broken(&failure));
    }

    #[test]
    fn a_missing_type_is_named() {
        let failure = from_driver(Error::TypeNotFound {
            type_name: "mood".into(),
        });
        assert_eq!(failure.code, Code::TYPE_NOT_FOUND);
        assert_eq!(failure.message, "mood");
        assert!(!is_broken(&failure));
    }
}
