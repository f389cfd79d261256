//! Preparing and describing a statement.

use std::sync::Arc;

use onepool_proto::message::{
    LargeRequest, Parameters, Prepare, PrepareDetail, Prepared, Sql, UploadedReply,
};
use onepool_proto::{DatabaseKind, Format, ScalarType, ValueType};
use sqlx_core::Either;
use sqlx_core::describe::Describe;
use sqlx_core::error::Error;
use sqlx_core::sql_str::SqlStr;
use sqlx_core::type_info::TypeInfo;

use crate::error::unexpected_answer;
use crate::row::Columns;
use crate::{Onepool, OnepoolConnection, OnepoolStatement, OnepoolTypeInfo, upload};

impl OnepoolConnection {
    /// Has a statement prepared on some backend, and says what it takes and returns.
    pub(crate) async fn ask_prepare(
        &mut self,
        text: &str,
        parameters: &[OnepoolTypeInfo],
        detail: PrepareDetail,
    ) -> Result<Prepared, Error> {
        let deadline = self.deadline();
        let (call, carried) = self.begin_call(deadline)?;
        let prepare = Prepare {
            call,
            transaction: self.transaction.as_ref().map(|open| open.id()),
            sql: Sql::Text(text.to_owned()),
            parameters: parameters.iter().map(parameter).collect(),
            detail,
        };
        let answer = if upload::is_large(&self.session, text.len()) {
            let request = LargeRequest::Prepare(prepare);
            match upload::send(&self.session, deadline, &request).await {
                Ok(UploadedReply::Prepare(prepared)) => Ok(prepared),
                Ok(_) => Err(unexpected_answer()),
                Err(error) => Err(error),
            }
        } else {
            self.session.prepare(deadline, prepare).await
        };
        self.settle(carried, answer)
    }
}

/// A parameter's type as the host is told it. Each keeps its place, so one that only a database
/// has named is told by that name.
fn parameter(type_info: &OnepoolTypeInfo) -> ValueType {
    type_info
        .to_value_type()
        .unwrap_or_else(|| ValueType::scalar(ScalarType::Named(type_info.name().to_owned())))
}

pub(crate) fn statement(kind: DatabaseKind, sql: SqlStr, prepared: Prepared) -> OnepoolStatement {
    let columns = Columns::from_wire(kind, Format::Binary, prepared.columns);
    OnepoolStatement {
        sql,
        names: Arc::clone(columns.names()),
        columns: Arc::new(columns.columns),
        parameters: prepared.parameters.map(|known| match types(kind, known) {
            Either::Left(types) => Either::Left(types.into()),
            Either::Right(count) => Either::Right(count),
        }),
    }
}

pub(crate) fn description(kind: DatabaseKind, prepared: Prepared) -> Describe<Onepool> {
    let columns = Columns::from_wire(kind, Format::Binary, prepared.columns).columns;
    let mut nullable = prepared.nullable;
    nullable.resize(columns.len(), None);
    Describe {
        columns,
        parameters: prepared.parameters.map(|known| types(kind, known)),
        nullable,
    }
}

fn types(kind: DatabaseKind, parameters: Parameters) -> Either<Vec<OnepoolTypeInfo>, usize> {
    match parameters {
        Parameters::Types(types) => Either::Left(
            types
                .into_iter()
                .map(|column_type| OnepoolTypeInfo::database(kind, column_type))
                .collect(),
        ),
        Parameters::Count(count) => Either::Right(count as usize),
    }
}
