//! The names of what an operator can see and end.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// The name of a session, a lease, a running statement or a waiting call; never used twice by one
/// host, so that a name that is old hits nothing.
///
/// ```
/// use onepool_host::Target;
///
/// let lease: Target = "lease-7.12".parse()?;
/// assert_eq!(lease.to_string(), "lease-7.12");
/// assert!("lease-7".parse::<Target>().is_err());
/// # Ok::<(), onepool_host::TargetError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
#[non_exhaustive]
pub enum Target {
    /// A session of a plugin.
    Session(u64),
    /// One of the leases of a backend.
    Lease {
        /// The backend.
        backend: u64,
        /// Which of its leases.
        turn: u64,
    },
    /// One of the statements of a backend.
    Statement {
        /// The backend.
        backend: u64,
        /// Which of its statements.
        number: u64,
    },
    /// A call that waits for a connection.
    Wait(u64),
}

/// A text is not such a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "not a name: they are like session-3, lease-7.12, statement-7.33 and wait-9; `onepool leases` \
     and `onepool statements` list them"
)]
pub struct TargetError;

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Session(number) => write!(f, "session-{number}"),
            Self::Lease { backend, turn } => write!(f, "lease-{backend}.{turn}"),
            Self::Statement { backend, number } => write!(f, "statement-{backend}.{number}"),
            Self::Wait(number) => write!(f, "wait-{number}"),
        }
    }
}

impl FromStr for Target {
    type Err = TargetError;

    fn from_str(text: &str) -> Result<Self, TargetError> {
        let number = |text: &str| text.parse().map_err(|_| TargetError);
        let pair = |text: &str| {
            let (one, other) = text.split_once('.').ok_or(TargetError)?;
            Ok((number(one)?, number(other)?))
        };
        match text.split_once('-').ok_or(TargetError)? {
            ("session", rest) => number(rest).map(Self::Session),
            ("lease", rest) => pair(rest).map(|(backend, turn)| Self::Lease { backend, turn }),
            ("statement", rest) => {
                pair(rest).map(|(backend, number)| Self::Statement { backend, number })
            }
            ("wait", rest) => number(rest).map(Self::Wait),
            _ => Err(TargetError),
        }
    }
}

impl From<Target> for String {
    fn from(target: Target) -> Self {
        target.to_string()
    }
}

impl TryFrom<String> for Target {
    type Error = TargetError;

    fn try_from(text: String) -> Result<Self, TargetError> {
        text.parse()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_read_as_it_is_written_and_nothing_else_is() {
        for target in [
            Target::Session(3),
            Target::Lease {
                backend: 7,
                turn: 12,
            },
            Target::Statement {
                backend: 7,
                number: u64::MAX,
            },
            Target::Wait(0),
        ] {
            assert_eq!(target.to_string().parse(), Ok(target));
        }
        for wrong in [
            "",
            "lease",
            "lease-",
            "lease-1",
            "wait-1.2",
            "session-x",
            "loan-1.2",
        ] {
            assert_eq!(wrong.parse::<Target>(), Err(TargetError), "{wrong}");
        }
    }
}
