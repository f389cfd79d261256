//! The one service of the protocol.
//!
//! The order of the functions is part of the wire: add new ones at the end.

use bytes::Bytes;

use crate::error::Failure;
use crate::message::{
    Batch, BatchReply, Begin, Call, Effects, Execute, ExecuteReply, Fetch, Finish, MigrationLock,
    Prepare, Prepared, UploadPart, Uploaded, UploadedReply,
};
use crate::page::Page;

/// What a host does for a plugin.
#[tarpc::service]
pub trait Broker {
    /// Sends the payload back. It touches no database.
    async fn echo(payload: Bytes) -> Bytes;
    /// Runs a statement and answers with the first page of its rows.
    async fn execute(call: Execute) -> Result<ExecuteReply, Failure>;
    /// The next page of an open row set.
    async fn fetch(call: Fetch) -> Result<Page, Failure>;
    /// Runs one statement with many sets of arguments.
    async fn batch(call: Batch) -> Result<BatchReply, Failure>;
    /// Prepares a statement and describes its parameters and columns.
    async fn prepare(call: Prepare) -> Result<Prepared, Failure>;
    /// Opens a transaction at once, with a statement of the plugin's.
    async fn begin(call: Begin) -> Result<(), Failure>;
    /// Ends a transaction or a savepoint.
    async fn finish(call: Finish) -> Result<(), Failure>;
    /// Asks the database for a sign of life.
    async fn ping_database(call: Call) -> Result<(), Failure>;
    /// Applies effects that no other call has carried yet.
    async fn flush(calls: Vec<Effects>) -> Result<(), Failure>;
    /// Takes or gives back a lock between migrators; waiting for it occupies no backend.
    async fn migration_lock(call: MigrationLock) -> Result<(), Failure>;
    /// Takes one part of a request that is too large for a frame.
    async fn upload(part: UploadPart) -> Result<(), Failure>;
    /// Runs a request whose parts have all been uploaded.
    async fn uploaded(call: Uploaded) -> Result<UploadedReply, Failure>;
    /// Answers once the host wants the plugin's process to end. A plugin that asks this is given
    /// time to end by itself; one that does not is signalled.
    async fn await_shutdown() -> Result<(), Failure>;
}
