//! Why something could not be measured.

/// A contender that fails is shown with this, and the others go on.
pub(crate) type Failure = Box<dyn std::error::Error + Send + Sync>;

/// What may fail.
pub(crate) type Result<T> = std::result::Result<T, Failure>;
