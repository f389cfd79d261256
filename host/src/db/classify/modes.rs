//! The modes of transactions to come, as `SET` writes them.

use super::statement::Statement;

/// What a list of modes says. The last of several counts.
#[derive(Debug, Default)]
pub(super) struct Modes {
    /// The isolation level, in capitals: `READ COMMITTED`.
    pub isolation: Option<&'static str>,
    pub read_only: Option<bool>,
    pub deferrable: Option<bool>,
}

/// How each mode is written, and what it says.
const WRITTEN: [(&[&str], Modes); 8] = [
    (
        &["ISOLATION", "LEVEL", "SERIALIZABLE"],
        isolation("SERIALIZABLE"),
    ),
    (
        &["ISOLATION", "LEVEL", "REPEATABLE", "READ"],
        isolation("REPEATABLE READ"),
    ),
    (
        &["ISOLATION", "LEVEL", "READ", "COMMITTED"],
        isolation("READ COMMITTED"),
    ),
    (
        &["ISOLATION", "LEVEL", "READ", "UNCOMMITTED"],
        isolation("READ UNCOMMITTED"),
    ),
    (&["READ", "ONLY"], access(true)),
    (&["READ", "WRITE"], access(false)),
    (&["DEFERRABLE"], deferrable(true)),
    (&["NOT", "DEFERRABLE"], deferrable(false)),
];

const NONE: Modes = Modes {
    isolation: None,
    read_only: None,
    deferrable: None,
};

const fn isolation(level: &'static str) -> Modes {
    Modes {
        isolation: Some(level),
        ..NONE
    }
}

const fn access(read_only: bool) -> Modes {
    Modes {
        read_only: Some(read_only),
        ..NONE
    }
}

const fn deferrable(deferrable: bool) -> Modes {
    Modes {
        deferrable: Some(deferrable),
        ..NONE
    }
}

impl Modes {
    /// The modes from a position to the end of the statement, with or without commas; `None` if
    /// anything else stands there, or nothing.
    pub(super) fn read(statement: &Statement<'_>, from: usize) -> Option<Self> {
        let mut modes = Self::default();
        let mut at = from;
        loop {
            let (words, mode) = WRITTEN
                .iter()
                .find(|(words, _)| statement.words(at, words))?;
            modes = Self {
                isolation: mode.isolation.or(modes.isolation),
                read_only: mode.read_only.or(modes.read_only),
                deferrable: mode.deferrable.or(modes.deferrable),
            };
            at += words.len();
            if at == statement.len() {
                return Some(modes);
            }
            at += usize::from(statement.symbol(at, ","));
        }
    }
}
