//! The messages of the [service](crate::service).

use bytes::Bytes;
use serde::{Deserialize, Serialize};

use crate::bounded;
use crate::column::Column;
use crate::id::{ConnectionId, RowSetId, StatementId, TransactionId, UploadId};
use crate::page::Page;
use crate::value::{Value, ValueType};

/// What every call on a Connection begins with.
///
/// Calls on one Connection take effect in the order in which they were sent.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Call {
    /// The Connection that this call is on.
    pub connection: ConnectionId,
    /// What is to happen before the call itself; all that no reply has acknowledged yet.
    pub effects: Vec<Effect>,
    /// How long the caller waits, in milliseconds, for queue, execution and fetch together.
    pub deadline_ms: Option<u64>,
}

/// Effects of one Connection, on their own.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Effects {
    /// The Connection.
    pub connection: ConnectionId,
    /// What is to happen, in order.
    pub effects: Vec<Effect>,
}

/// Something that costs no round trip of its own. It rides on the Connection's next call until a
/// reply acknowledges it, so it may arrive more than once and takes effect once.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Effect {
    /// Counts the Connection's effects, from one and without gaps.
    pub sequence: u64,
    /// What is to happen.
    pub kind: EffectKind,
}

/// The kinds of [`Effect`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum EffectKind {
    /// The Connection begins to exist.
    Open {
        /// The plugin only reads on this Connection.
        read_only: bool,
    },
    /// A transaction begins with the next statement.
    Begin {
        /// The new transaction.
        transaction: TransactionId,
    },
    /// A savepoint is set before the next statement.
    Savepoint {
        /// The transaction that it belongs to.
        transaction: TransactionId,
        /// How deep it nests: the first savepoint of a transaction is 1.
        depth: u32,
    },
    /// A savepoint is rolled back to and given up.
    RollbackTo {
        /// The transaction that it belongs to.
        transaction: TransactionId,
        /// Which savepoint.
        depth: u32,
    },
    /// A transaction is rolled back.
    Rollback {
        /// The transaction.
        transaction: TransactionId,
    },
    /// The rest of a row set is not wanted.
    CloseRowSet {
        /// The row set.
        row_set: RowSetId,
    },
    /// The plugin's pool took the Connection back: pinned session state may go.
    Release,
    /// The Connection ends, with everything it holds.
    Close,
}

/// A statement's text, or the id under which the host already knows it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Sql {
    /// A text that is used once.
    Text(String),
    /// A text to remember under this id.
    Define(StatementId, String),
    /// A text defined before in this session. The host may have forgotten it, and says so with
    /// [`Code::UNKNOWN_STATEMENT`](crate::Code::UNKNOWN_STATEMENT) before anything has happened.
    Known(StatementId),
}

/// How much of a statement's result the caller wants.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Want {
    /// All rows.
    Rows,
    /// The first row.
    First,
    /// No rows, only how many were affected.
    Summary,
}

/// Runs one statement.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Execute {
    /// On which Connection, by when.
    pub call: Call,
    /// In which transaction.
    pub transaction: Option<TransactionId>,
    /// The statement.
    pub sql: Sql,
    /// Its arguments. `None` sends the text as it is, which may then hold several statements.
    #[serde(deserialize_with = "bounded::optional_items")]
    pub arguments: Option<Vec<Value>>,
    /// Whether the backend should keep the prepared statement.
    pub persistent: bool,
    /// How much of the result is wanted.
    pub want: Want,
    /// The id of the row set that stays open if the rows do not fit a page.
    pub row_set: RowSetId,
    /// The tag of the columns that this statement had when it was run before, if they are still known:
    /// they need not be sent again.
    pub known_columns: Option<u64>,
}

/// The answer to [`Execute`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ExecuteReply {
    /// The first page.
    pub page: Page,
    /// Whether the Connection may hold session state because of the statement, which a
    /// [`Release`](EffectKind::Release) lets go of.
    pub holds_state: bool,
}

/// Asks for the next page of a row set.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Fetch {
    /// The Connection that runs the statement.
    pub connection: ConnectionId,
    /// The row set.
    pub row_set: RowSetId,
    /// Which page: the reply to [`Execute`] carried page 0.
    pub page: u32,
    /// How long the caller waits, in milliseconds.
    pub deadline_ms: Option<u64>,
}

/// Runs one statement once for each set of arguments.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Batch {
    /// On which Connection, by when.
    pub call: Call,
    /// In which transaction.
    pub transaction: Option<TransactionId>,
    /// The statement.
    pub sql: Sql,
    /// The sets of arguments.
    #[serde(deserialize_with = "bounded::lists")]
    pub sets: Vec<Vec<Value>>,
    /// What happens when one of them fails.
    pub mode: BatchMode,
}

/// What a failing set of arguments means for its batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum BatchMode {
    /// Nothing of the batch remains.
    AllOrNothing,
    /// The sets before it remain, those after it are not run.
    StopAtFirst,
}

/// The answer to [`Batch`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct BatchReply {
    /// The summary of each set that took effect, in order.
    pub summaries: Vec<Summary>,
    /// The set that failed, and why, if the batch stopped there.
    pub failed: Option<BatchFailed>,
}

/// The set of a batch that failed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct BatchFailed {
    /// Its index, from zero.
    pub set: u32,
    /// Why.
    pub failure: crate::error::Failure,
}

/// What a statement did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Summary {
    /// Rows inserted, updated, deleted or (PostgreSQL) selected.
    pub rows_affected: u64,
    /// The id that MySQL or SQLite gave the last inserted row.
    pub last_insert_id: Option<i64>,
}

/// Prepares a statement.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Prepare {
    /// On which Connection, by when.
    pub call: Call,
    /// In which transaction.
    pub transaction: Option<TransactionId>,
    /// The statement.
    pub sql: Sql,
    /// The types of its parameters, as far as the caller knows them.
    #[serde(deserialize_with = "bounded::items")]
    pub parameters: Vec<ValueType>,
    /// How much to find out.
    pub detail: PrepareDetail,
}

/// How much [`Prepare`] finds out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum PrepareDetail {
    /// Parameters and columns.
    Statement,
    /// Also which columns may be NULL.
    Describe,
}

/// The answer to [`Prepare`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Prepared {
    /// The columns of the result.
    pub columns: Vec<Column>,
    /// The parameters, as far as the database tells.
    pub parameters: Option<Parameters>,
    /// Which columns may be NULL; empty unless asked for.
    pub nullable: Vec<Option<bool>>,
}

/// What a database tells of a statement's parameters.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Parameters {
    /// The type of each.
    Types(Vec<crate::column::ColumnType>),
    /// How many there are.
    Count(u32),
}

/// Opens a transaction with a statement of the plugin's.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Begin {
    /// On which Connection, by when.
    pub call: Call,
    /// The new transaction.
    pub transaction: TransactionId,
    /// The statement that opens it, for example `BEGIN IMMEDIATE`.
    pub statement: String,
}

/// Ends a transaction or a savepoint of it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Finish {
    /// On which Connection, by when.
    pub call: Call,
    /// The transaction.
    pub transaction: TransactionId,
    /// The savepoint, or zero for the transaction itself.
    pub depth: u32,
    /// How it ends.
    pub how: FinishHow,
}

/// How a transaction ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum FinishHow {
    /// What was done remains.
    Commit,
    /// What was done is undone.
    Rollback,
}

/// Takes or gives back a migrators' lock.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct MigrationLock {
    /// The Connection that holds it, by when.
    pub call: Call,
    /// Takes it if true, gives it back if false.
    pub take: bool,
}

/// One part of a large request.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct UploadPart {
    /// The request that it is a part of.
    pub upload: UploadId,
    /// Where the part begins in the request, in bytes; parts come in order.
    pub offset: u64,
    /// The bytes.
    pub bytes: Bytes,
}

/// Runs a request that was uploaded in parts.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Uploaded {
    /// The request.
    pub upload: UploadId,
    /// How many bytes it has.
    pub length: u64,
}

/// A request that may travel in parts; its encoding is that of the wire.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum LargeRequest {
    /// See [`Execute`].
    Execute(Execute),
    /// See [`Batch`].
    Batch(Batch),
    /// See [`Prepare`].
    Prepare(Prepare),
}

/// The answer to an uploaded request.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum UploadedReply {
    /// To [`LargeRequest::Execute`].
    Execute(ExecuteReply),
    /// To [`LargeRequest::Batch`].
    Batch(BatchReply),
    /// To [`LargeRequest::Prepare`].
    Prepare(Prepared),
}
