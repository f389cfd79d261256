//! What the processes of the bench tell each other: one JSON value a line.

use std::io::{self, BufRead, Write};

use clap::ValueEnum;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::bench::error::Result;

/// The environment variable that holds a child's [`Role`], as JSON.
pub(crate) const ROLE: &str = "ONEPOOL_BENCH_ROLE";

/// What a process of the bench is, if not the one that the user started.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) enum Role {
    /// Measures everything in one mode and writes its figures down.
    Mode(crate::bench::plan::Plan),
    /// A plugin, or a program with a direct driver in place of the SDK.
    Client(Open),
    /// A host.
    Host { database: String, cap: u32 },
    /// Sends back what it gets on the one connection to this socket.
    PingPong { socket: String },
}

/// What a client opens.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Open {
    /// The database's, PgBouncer's, onepool's, or `unix:` and the path of a ping-pong's socket.
    pub(crate) url: String,
    pub(crate) hold: Hold,
    pub(crate) dialect: Dialect,
    /// How many callers there are in the process.
    pub(crate) callers: u32,
    pub(crate) threads: Threads,
}

/// How many threads a client's runtime has.
#[derive(ValueEnum, Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Threads {
    /// One for each core, as `#[tokio::main]` has
    All,
    /// One, as `#[tokio::main(flavor = "current_thread")]` has
    One,
}

/// How a client keeps its connections.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Hold {
    /// One for each caller, opened once.
    Each,
    /// In sqlx's pool, with its default options.
    Pool,
    /// In sqlx's pool of this size.
    PoolOf(u32),
}

/// Whose SQL.
#[derive(
    ValueEnum, Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize,
)]
pub(crate) enum Dialect {
    #[value(name = "postgresql")]
    PostgreSQL,
    #[value(name = "mariadb")]
    MariaDB,
    #[value(name = "sqlite")]
    SQLite,
}

/// What a client does over and over.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Work {
    /// A payload of so many bytes, to the host and back.
    Echo { bytes: usize },
    /// One row by its key.
    Point,
    /// All rows of a table, so many times over, as typed values.
    Bulk { times: u32 },
    /// So many rows in one transaction, in batches of a size or one by one.
    Insert { rows: u32, batch: Option<u32> },
    /// `BEGIN`, a select, an update, `COMMIT`.
    Tx,
    /// So many connections of a pool at once, each used.
    Hold { connections: u32 },
}

/// An order to a client.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub(crate) struct Run {
    pub(crate) work: Work,
    /// What one more caller does meanwhile, unmeasured.
    pub(crate) beside: Option<Work>,
    /// No call begins later than this, but each caller makes one.
    pub(crate) millis: u64,
}

/// What a client has measured.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(crate) struct Sample {
    /// How long each call took, in nanoseconds, in no order.
    pub(crate) nanos: Vec<u64>,
    /// From the first call's begin to the last one's end.
    pub(crate) elapsed_nanos: u64,
    /// What the process had of the CPU.
    pub(crate) cpu_nanos: u64,
}

/// A client's answer to being opened, and to each order.
pub(crate) type Answer<T> = std::result::Result<T, String>;

/// Says something to the process that started this one.
pub(crate) fn say<T: Serialize>(what: &T) -> Result<()> {
    let mut out = io::stdout().lock();
    serde_json::to_writer(&mut out, what)?;
    out.write_all(b"\n")?;
    out.flush()?;
    Ok(())
}

/// What the process that started this one says next; `None` if it wants no more.
pub(crate) fn hear<T: DeserializeOwned>() -> Result<Option<T>> {
    let mut line = String::new();
    if io::stdin().lock().read_line(&mut line)? == 0 {
        return Ok(None);
    }
    Ok(Some(serde_json::from_str(&line)?))
}
