//! The kinds of plugin.

use std::fmt;
use std::str::FromStr;

/// What a plugin does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Moves points between accounts.
    Bank,
    /// Reads long results.
    Scanner,
    /// Takes messages in.
    Inbox,
}

impl Kind {
    /// All kinds.
    pub const ALL: [Self; 3] = [Self::Bank, Self::Scanner, Self::Inbox];

    /// The name, as on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Self::Bank => "bank",
            Self::Scanner => "scanner",
            Self::Inbox => "inbox",
        }
    }

    /// The table whose rows the plugin counts as acknowledged.
    pub fn ledger(self) -> &'static str {
        match self {
            Self::Bank => "transfers",
            Self::Scanner => "readings",
            Self::Inbox => "messages",
        }
    }

    /// How many connections the plugin's own pool may open.
    pub fn pool_size(self) -> u32 {
        match self {
            Self::Bank => 10,
            Self::Scanner => 4,
            Self::Inbox => 6,
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Kind {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        let found = Self::ALL.into_iter().find(|kind| kind.name() == name);
        found.ok_or_else(|| format!("there is no plugin of the kind {name}"))
    }
}
