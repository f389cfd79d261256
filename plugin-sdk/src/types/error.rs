//! What can be wrong with a cell.

/// Why a cell could not be read, or a value not bound.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ValueError {
    /// The cell is of a length that its type never has.
    #[error("expected {expected} bytes for {what}, got {got}")]
    Length {
        /// What was read.
        what: &'static str,
        /// The lengths that it may have.
        expected: &'static str,
        /// The length that it has.
        got: usize,
    },
    /// The cell is not what its type says.
    #[error("`{text}` is not {what}")]
    Syntax {
        /// What was read.
        what: &'static str,
        /// What was found instead.
        text: String,
    },
    /// The value is one that the other side's type does not have.
    #[error("{value} is out of range for `{target}`")]
    Range {
        /// The value, as text.
        value: String,
        /// The type that does not have it.
        target: &'static str,
    },
    /// A SQLite cell of this type is not converted.
    #[error("a SQLite cell of type {found} cannot be read as {wanted}")]
    SqliteCell {
        /// What the cell is.
        found: &'static str,
        /// What was asked for.
        wanted: &'static str,
    },
    /// The value cannot be read or bound in this way; the text says what can.
    #[error("{0}")]
    Unsupported(&'static str),
}

impl ValueError {
    pub(crate) fn syntax(what: &'static str, text: impl Into<String>) -> Self {
        Self::Syntax {
            what,
            text: text.into(),
        }
    }

    pub(crate) fn range(value: impl ToString, target: &'static str) -> Self {
        Self::Range {
            value: value.to_string(),
            target,
        }
    }
}
