//! The identities of a session's objects.
//!
//! The SDK mints them, so that an object whose creating call was dropped half-way can still be
//! named and cleaned up. They are scoped to one session: the same bytes in another session name
//! nothing.

use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};

use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// Mints ids that are unique within a session, cheaply: a random prefix and a counter.
#[derive(Debug)]
pub struct Mint {
    prefix: u64,
    next: AtomicU64,
}

impl Mint {
    /// A mint with a random prefix.
    #[must_use]
    pub fn new() -> Self {
        let (prefix, _) = Uuid::new_v4().as_u64_pair();
        Self {
            prefix,
            next: AtomicU64::new(1),
        }
    }

    fn mint(&self) -> Uuid {
        Uuid::from_u64_pair(self.prefix, self.next.fetch_add(1, Ordering::Relaxed))
    }
}

impl Default for Mint {
    fn default() -> Self {
        Self::new()
    }
}

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        pub struct $name(#[serde(with = "uuid::serde::compact")] Uuid);

        impl $name {
            /// A new id of this kind.
            #[must_use]
            pub fn mint(mint: &Mint) -> Self {
                Self(mint.mint())
            }

            /// The id with these bytes, for tests of the wire.
            #[must_use]
            pub const fn from_bytes(bytes: [u8; 16]) -> Self {
                Self(Uuid::from_bytes(bytes))
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.simple().fmt(f)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!(stringify!($name), "({})"), self.0.simple())
            }
        }
    )*};
}

ids! {
    /// One plugin process's authenticated channel. Minted by the host in the handshake.
    SessionId;
    /// What a plugin holds in place of a database connection.
    ConnectionId;
    /// A statement text that the session has told the host once.
    StatementId;
    /// A transaction of one Connection.
    TransactionId;
    /// The rows of one statement while they are being read.
    RowSetId;
    /// A request that is too large for one frame and travels in parts.
    UploadId;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_of_one_mint_differ_and_share_a_prefix() {
        let mint = Mint::new();
        let first = ConnectionId::mint(&mint);
        let second = ConnectionId::mint(&mint);
        assert_ne!(first, second);
        assert_eq!(first.to_string()[..16], second.to_string()[..16]);
    }

    #[test]
    fn mints_do_not_meet() {
        assert_ne!(
            ConnectionId::mint(&Mint::new()),
            ConnectionId::mint(&Mint::new())
        );
    }
}
