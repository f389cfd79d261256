//! Prepared statements.

use std::sync::Arc;

use sqlx_core::Either;
use sqlx_core::HashMap;
use sqlx_core::column::ColumnIndex;
use sqlx_core::error::Error;
use sqlx_core::ext::ustr::UStr;
use sqlx_core::sql_str::SqlStr;
use sqlx_core::statement::Statement;

use crate::{Onepool, OnepoolArguments, OnepoolColumn, OnepoolTypeInfo};

/// A statement that the database has prepared and described.
///
/// It belongs to no Connection: it is prepared anew on every backend that runs it, once.
#[derive(Clone, Debug)]
pub struct OnepoolStatement {
    pub(crate) sql: SqlStr,
    pub(crate) columns: Arc<Vec<OnepoolColumn>>,
    pub(crate) names: Arc<HashMap<UStr, usize>>,
    pub(crate) parameters: Option<Either<Arc<[OnepoolTypeInfo]>, usize>>,
}

impl Statement for OnepoolStatement {
    type Database = Onepool;

    fn into_sql(self) -> SqlStr {
        self.sql
    }

    fn sql(&self) -> &SqlStr {
        &self.sql
    }

    fn parameters(&self) -> Option<Either<&[OnepoolTypeInfo], usize>> {
        self.parameters.as_ref().map(|parameters| match parameters {
            Either::Left(types) => Either::Left(&**types),
            Either::Right(count) => Either::Right(*count),
        })
    }

    fn columns(&self) -> &[OnepoolColumn] {
        &self.columns
    }

    impl_statement_query!(OnepoolArguments);
}

impl ColumnIndex<OnepoolStatement> for &'_ str {
    fn index(&self, statement: &OnepoolStatement) -> Result<usize, Error> {
        statement
            .names
            .get(*self)
            .copied()
            .ok_or_else(|| Error::ColumnNotFound((*self).to_owned()))
    }
}
