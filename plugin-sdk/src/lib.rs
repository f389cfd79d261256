//! A sqlx driver whose calls go to an onepool host instead of a database.
#![cfg_attr(not(test), warn(clippy::unwrap_used))]

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
mod statement;
mod statements;
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
pub use statement::OnepoolStatement;
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
