//! The pool: one ledger, one scheduler, one owner for each backend.

use onepool_proto::Failure;

use crate::db::Source;

/// What the pool is started with.
#[derive(Debug)]
pub(crate) struct PoolConfig {
    pub(crate) source: Source,
    /// The cap: backends of every kind, the control backend included.
    pub(crate) max_connections: u32,
}

/// The pool. Clones are handles to the same one.
#[derive(Clone, Debug)]
pub(crate) struct Pool {}

impl Pool {
    /// Starts the pool and makes sure that the database answers.
    pub(crate) async fn start(_config: PoolConfig) -> Result<Self, Failure> {
        Ok(Self {})
    }

    /// Stops lending, closes every backend, and returns when the database lists none of them.
    pub(crate) async fn stop(&self) {}
}
