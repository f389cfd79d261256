//! Every bound of the protocol in one place.

use serde::{Deserialize, Serialize};

/// The largest frame by default, in bytes.
pub const FRAME_BYTES: u32 = 1024 * 1024;
/// A page is closed once it holds this many bytes.
pub const PAGE_BYTES: u32 = 64 * 1024;
/// Pages that a plugin asks for ahead of the one it reads.
pub const READ_AHEAD_PAGES: u32 = 2;
/// The largest request by default, all of its parts together, in bytes.
pub const UPLOAD_BYTES: u64 = 256 * 1024 * 1024;
/// One part of a large request, in bytes.
pub const UPLOAD_PART_BYTES: u32 = 512 * 1024;
/// Large requests of one session that may be under way at once.
pub const UPLOADS: u32 = 16;
/// Connections that one session may hold.
pub const CONNECTIONS: u32 = 10_000;
/// Row sets that one Connection may have open.
pub const ROW_SETS: u32 = 64;
/// Statement texts that the host remembers for one session.
pub const STATEMENTS: u32 = 1024;
/// The longest statement text that is remembered, in bytes; a longer one is sent whenever it is run.
pub const STATEMENT_BYTES: usize = 64 * 1024;
/// Ids of ended objects that the host remembers for one session, to tell stale from unknown.
pub const TOMBSTONES: u32 = 4096;
/// Calls of one session that may be under way at once.
pub const CALLS: u32 = 16_384;
/// Effects that may wait for a Connection's next call.
pub const EFFECTS: u32 = 1024;
/// Argument sets of one batch.
pub const BATCH_SETS: u32 = 40_000;
/// The names of one result's columns together, in bytes; longer ones are cut. (SQLite names a column
/// after the text of its expression.)
pub const COLUMN_NAMES_BYTES: u32 = 256 * 1024;
/// One text of a failure, in bytes; a longer one is cut. (PostgreSQL repeats what it cannot parse.)
pub const FAILURE_TEXT_BYTES: usize = 16 * 1024;
/// Summaries in one page.
pub const PAGE_SUMMARIES: usize = 1024;
/// The handshake's frame, in bytes.
pub const HANDSHAKE_BYTES: u16 = 4096;
/// How long a peer may take over its handshake, in milliseconds.
pub const HANDSHAKE_MS: u64 = 2000;
/// The longest name of a plugin, in bytes.
pub const PLUGIN_NAME_BYTES: usize = 64;
/// The longest deadline; anything above means this. Thirty days, in milliseconds.
pub const DEADLINE_MS: u64 = 30 * 24 * 60 * 60 * 1000;

// A page, its columns and the frame around it fit a frame; so does a part of an upload.
const _: () = assert!(PAGE_BYTES * 4 < FRAME_BYTES);
const _: () = assert!(COLUMN_NAMES_BYTES + PAGE_BYTES * 2 < FRAME_BYTES);
const _: () = assert!(FAILURE_TEXT_BYTES * 16 < FRAME_BYTES as usize);
// The summaries of a batch, each of at most 21 bytes.
const _: () = assert!(BATCH_SETS * 21 + FAILURE_TEXT_BYTES as u32 * 10 < FRAME_BYTES);
const _: () = assert!(UPLOAD_PART_BYTES + 4096 < FRAME_BYTES);
const _: () = assert!(HANDSHAKE_BYTES as u32 >= 1024);

/// The limits that a host tells a plugin in the handshake.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Limits {
    /// The largest frame either side may send, in bytes.
    pub frame_bytes: u32,
    /// The largest request, all of its parts together, in bytes.
    pub upload_bytes: u64,
    /// Connections that the session may hold.
    pub connections: u32,
    /// Statement texts that the host remembers for the session.
    pub statements: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            frame_bytes: FRAME_BYTES,
            upload_bytes: UPLOAD_BYTES,
            connections: CONNECTIONS,
            statements: STATEMENTS,
        }
    }
}
