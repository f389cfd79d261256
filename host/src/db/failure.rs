//! What the drivers' errors become, and what they mean for the backend.

use onepool_proto::page::PageError;
use onepool_proto::{Code, Failure};

/// A row that no page can hold.
pub(crate) fn from_page(error: PageError) -> Failure {
    Failure::new(Code::REQUEST_TOO_LARGE, error.to_string())
}
