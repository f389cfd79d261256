//! Errors of onepool itself.

use std::borrow::Cow;
use std::error::Error as StdError;
use std::fmt;

use onepool_proto::error::Wait;
use onepool_proto::{Code, Failure};
use sqlx_core::error::{DatabaseError, Error, ErrorKind};

/// Why onepool could not do what was asked: a queue timeout, a quota, a deadline, a lost session
/// and so on.
///
/// ```
/// use onepool_sdk::{Code, OnepoolError};
///
/// fn should_try_again(error: &sqlx_core::Error) -> bool {
///     matches!(
///         OnepoolError::of(error).map(OnepoolError::code),
///         Some(Code::QUEUE_TIMEOUT | Code::QUEUE_FULL | Code::DEADLOCK)
///     )
/// }
/// # assert!(!should_try_again(&sqlx_core::Error::RowNotFound));
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OnepoolError {
    failure: Failure,
}

impl OnepoolError {
    pub(crate) fn new(failure: Failure) -> Self {
        Self { failure }
    }

    /// The part of `error` that onepool has to say, if any.
    ///
    /// Besides the errors of onepool itself this finds the code behind `Io`, `Tls`, `Encode`,
    /// `Decode` and `Configuration` errors that the host reported.
    #[must_use]
    pub fn of(error: &Error) -> Option<&Self> {
        match error {
            Error::Database(error) => error.try_downcast_ref(),
            Error::Io(error) => error.get_ref()?.downcast_ref(),
            Error::Tls(error)
            | Error::Encode(error)
            | Error::Decode(error)
            | Error::Configuration(error) => error.downcast_ref(),
            _ => None,
        }
    }

    /// The code to match on.
    #[must_use]
    pub fn code(&self) -> Code {
        self.failure.code
    }

    /// What the call waited for when it gave up, with [`Code::QUEUE_TIMEOUT`] and its like.
    #[must_use]
    pub fn wait(&self) -> Option<&Wait> {
        self.failure.wait.as_deref()
    }

    /// What whoever sees this error can do about it.
    #[must_use]
    pub fn advice(&self) -> Option<&'static str> {
        self.failure.code.explanation().map(|known| known.advice)
    }
}

impl fmt::Display for OnepoolError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.failure.code, self.failure.message)
    }
}

impl StdError for OnepoolError {}

impl DatabaseError for OnepoolError {
    fn message(&self) -> &str {
        &self.failure.message
    }

    /// The code's name, for example `QUEUE_TIMEOUT`.
    fn code(&self) -> Option<Cow<'_, str>> {
        Some(match self.failure.code.explanation() {
            Some(known) => Cow::Borrowed(known.name),
            None => Cow::Owned(self.failure.code.to_string()),
        })
    }

    fn as_error(&self) -> &(dyn StdError + Send + Sync + 'static) {
        self
    }

    fn as_error_mut(&mut self) -> &mut (dyn StdError + Send + Sync + 'static) {
        self
    }

    fn into_error(self: Box<Self>) -> Box<dyn StdError + Send + Sync + 'static> {
        self
    }

    // The plugin's pool tries again by itself while a host restarts.
    fn is_transient_in_connect_phase(&self) -> bool {
        matches!(
            self.failure.code,
            Code::SESSION_LOST | Code::HOST_STOPPING | Code::DRAINING | Code::HOST_FULL
        )
    }

    fn kind(&self) -> ErrorKind {
        ErrorKind::Other
    }
}
