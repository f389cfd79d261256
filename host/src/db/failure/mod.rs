//! What the drivers' errors become, and what they mean for the backend.

mod connect;
mod fields;
mod verdict;

use onepool_proto::page::PageError;
use onepool_proto::{Code, Failure};
use sqlx::Error;

pub(super) use connect::{at_connect, misconfigured, unreachable};
pub(crate) use verdict::{is_broken, is_interrupted, is_stale_plan};

/// A row that no page can hold.
pub(crate) fn from_page(error: PageError) -> Failure {
    Failure::new(Code::REQUEST_TOO_LARGE, error.to_string())
}

/// An error of a driver that was talking to its database.
pub(super) fn from_driver(error: Error) -> Failure {
    let code = match error {
        Error::Database(error) => return Failure::database(fields::read(&*error)),
        Error::Io(_) => Code::DATABASE_IO,
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
