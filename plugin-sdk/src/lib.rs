//! A sqlx driver whose calls go to a onepool host instead of a database.
//!
//! A plugin swaps its driver's types for these, connects to `onepool:`, and keeps its queries. Its
//! host owns the only database connections; what the plugin holds are virtual ones, which cost
//! nothing while they wait.
//!
//! ```no_run
//! use onepool_sdk::OnepoolPool;
//! use sqlx_core::query::query;
//! use sqlx_core::query_as::query_as;
//!
//! # async fn example() -> Result<(), sqlx_core::Error> {
//! // Endpoint, token and name come from the environment that the host has set.
//! let pool = OnepoolPool::connect("onepool:").await?;
//!
//! let mut transaction = pool.begin().await?;
//! query("UPDATE accounts SET balance = balance - $1 WHERE id = $2")
//!     .bind(100_i64)
//!     .bind(7_i64)
//!     .execute(&mut *transaction)
//!     .await?;
//! transaction.commit().await?;
//!
//! let rows: Vec<(i64, i64)> = query_as("SELECT id, balance FROM accounts")
//!     .fetch_all(&pool)
//!     .await?;
//! # Ok(())
//! # }
//! ```
//!
//! # What a call costs
//! | | round trips to the host |
//! |---|---|
//! | opening a Connection, taking one from a pool, giving it back, `ping` | 0 |
//! | a query whose rows fit a page of 64 KiB, [`prepare`](sqlx_core::executor::Executor::prepare) | 1 |
//! | each further page; the next two are on their way while one is read | 1 |
//! | `begin`, a savepoint: they travel with the next statement, and their errors surface there | 0 |
//! | `begin_with` of anything but a plain `BEGIN`, `commit`, `rollback` | 1 |
//! | `commit` or `rollback` where nothing was run | 0 |
//! | a dropped transaction, stream or Connection | 0 awaited |
//! | a [batch](BatchExecutor) of any number of argument sets | 1 |
//!
//! # What differs from a direct driver
//! - Connections are virtual. State of a session that has no SQL to set it again, such as a temporary
//!   table, lasts until a pool takes the Connection back.
//! - `execute` on a Connection or a transaction leaves rows with the host. On a pool it is sqlx that
//!   reads and discards them.
//! - `COPY` and `LISTEN` are refused, and so are sqlx's compile-time checked macros (`query!`).
//! - Some things can fail that cannot with a direct driver, and say so with an [`OnepoolError`]: a
//!   full queue, a quota, a deadline, a commit whose outcome is not known.
//! - Migrations are noted in a table for each plugin; see [`OnepoolConnectOptions`].

#[macro_use]
extern crate sqlx_core;

pub mod any;
mod arguments;
mod batch;
mod column;
mod connection;
mod database;
mod deadline;
mod effects;
mod error;
mod execute;
mod executor;
mod migrate;
mod options;
mod placeholders;
mod prepare;
mod query_result;
mod row;
mod rows;
mod session;
mod shutdown;
mod statement;
mod statements;
mod trace;
mod transaction;
mod type_info;
pub mod types;
mod upload;
mod value;

pub use arguments::{OnepoolArgumentBuffer, OnepoolArguments};
pub use batch::{BatchError, BatchExecutor};
pub use column::OnepoolColumn;
pub use connection::OnepoolConnection;
pub use database::Onepool;
pub use deadline::with_deadline;
pub use error::{OnepoolDatabaseError, OnepoolError};
pub use options::OnepoolConnectOptions;
pub use query_result::OnepoolQueryResult;
pub use row::OnepoolRow;
pub use shutdown::shutdown_requested;
pub use statement::OnepoolStatement;
pub use trace::{TraceParent, TraceParentError, with_traceparent};
pub use transaction::OnepoolTransactionManager;
pub use type_info::OnepoolTypeInfo;
pub use value::{OnepoolValue, OnepoolValueRef};

pub use onepool_proto::endpoint::Endpoint;
pub use onepool_proto::error::{Code, Holder, SourcePlace, Wait};
pub use onepool_proto::memory::MemoryDialer;
pub use onepool_proto::message::BatchMode;
pub use onepool_proto::{DatabaseKind, Format};

/// A pool of virtual connections: cheap, and no database connection each.
pub type OnepoolPool = sqlx_core::pool::Pool<Onepool>;

/// Options of an [`OnepoolPool`].
pub type OnepoolPoolOptions = sqlx_core::pool::PoolOptions<Onepool>;

/// A transaction.
pub type OnepoolTransaction<'c> = sqlx_core::transaction::Transaction<'c, Onepool>;

/// Anything that runs statements through onepool.
pub trait OnepoolExecutor<'c>: sqlx_core::executor::Executor<'c, Database = Onepool> {}
impl<'c, T: sqlx_core::executor::Executor<'c, Database = Onepool>> OnepoolExecutor<'c> for T {}

impl_into_arguments_for_arguments!(OnepoolArguments);
impl_acquire!(Onepool, OnepoolConnection);
impl_column_index_for_row!(OnepoolRow);
impl_column_index_for_statement!(OnepoolStatement);
impl_encode_for_option!(Onepool);
