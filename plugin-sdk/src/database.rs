//! The driver's family of types.

use sqlx_core::database::{Database, HasStatementCache};

use crate::{
    OnepoolArgumentBuffer, OnepoolArguments, OnepoolColumn, OnepoolConnection, OnepoolQueryResult,
    OnepoolRow, OnepoolStatement, OnepoolTransactionManager, OnepoolTypeInfo, OnepoolValue,
    OnepoolValueRef,
};

/// The database that plugins see: whichever one is behind their host.
#[derive(Debug)]
pub struct Onepool;

impl Database for Onepool {
    type Connection = OnepoolConnection;
    type TransactionManager = OnepoolTransactionManager;
    type Row = OnepoolRow;
    type QueryResult = OnepoolQueryResult;
    type Column = OnepoolColumn;
    type TypeInfo = OnepoolTypeInfo;
    type Value = OnepoolValue;
    type ValueRef<'r> = OnepoolValueRef<'r>;
    type Arguments = OnepoolArguments;
    type ArgumentBuffer = OnepoolArgumentBuffer;
    type Statement = OnepoolStatement;

    const NAME: &'static str = "onepool";
    const URL_SCHEMES: &'static [&'static str] = &["onepool"];
}

impl HasStatementCache for Onepool {}
