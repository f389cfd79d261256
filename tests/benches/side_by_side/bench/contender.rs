//! Who is compared.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A way from a program's code to the database.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub(crate) enum Contender {
    /// A request and a response over a socket, and no database.
    Bare,
    /// sqlx on connections that are held for the whole run.
    Held,
    /// sqlx through its pool, with its default options.
    Pooled,
    /// PgBouncer, with a client's connection for each caller.
    BouncerHeld,
    /// PgBouncer behind sqlx's pool, with its default options.
    BouncerPooled,
    /// onepool: a plugin's pool with its default options.
    Onepool,
}

impl Contender {
    /// All that get to a database.
    pub(crate) const ALL: [Self; 5] = [
        Self::Held,
        Self::Pooled,
        Self::BouncerHeld,
        Self::BouncerPooled,
        Self::Onepool,
    ];

    pub(crate) fn is_pgbouncer(self) -> bool {
        matches!(self, Self::BouncerHeld | Self::BouncerPooled)
    }
}

impl fmt::Display for Contender {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Bare => "bare ping-pong",
            Self::Held => "sqlx, held",
            Self::Pooled => "sqlx, &Pool",
            Self::BouncerHeld => "PgBouncer, held",
            Self::BouncerPooled => "PgBouncer, &Pool",
            Self::Onepool => "onepool, &pool",
        })
    }
}
