//! A sqlx driver whose calls go to an onepool host instead of a database.
#![cfg_attr(not(test), warn(clippy::unwrap_used))]

#[macro_use]
extern crate sqlx_core;

mod arguments;
mod column;
mod connection;
mod database;
mod query_result;
mod row;
mod statement;
mod type_info;
pub mod types;
mod value;

pub use arguments::{OnepoolArgumentBuffer, OnepoolArguments};
pub use column::OnepoolColumn;
pub use connection::{OnepoolConnectOptions, OnepoolConnection, OnepoolTransactionManager};
pub use database::Onepool;
pub use query_result::OnepoolQueryResult;
pub use row::OnepoolRow;
pub use statement::OnepoolStatement;
pub use type_info::OnepoolTypeInfo;
pub use value::{OnepoolValue, OnepoolValueRef};

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
