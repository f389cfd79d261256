//! Between the types of `Any` and ours.

use std::sync::Arc;

use bytes::Bytes;
use onepool_proto::column::sqlite_tag;
use onepool_proto::{DatabaseKind, Scalar, ScalarType, Value, ValueType};
use sqlx_core::any::{
    AnyArguments, AnyColumn, AnyConnectOptions, AnyQueryResult, AnyRow, AnyTypeInfo,
    AnyTypeInfoKind, AnyValueKind,
};
use sqlx_core::connection::ConnectOptions;
use sqlx_core::error::Error;
use sqlx_core::type_info::TypeInfo;
use sqlx_core::types::Type;

use crate::type_info::Repr;
use crate::{
    Onepool, OnepoolArguments, OnepoolColumn, OnepoolConnectOptions, OnepoolQueryResult,
    OnepoolRow, OnepoolTypeInfo,
};

pub(super) fn arguments(any: AnyArguments) -> Result<OnepoolArguments, Error> {
    let mut arguments = OnepoolArguments::default();
    for value in any.values.0 {
        arguments.buffer.put(argument(value)?);
    }
    Ok(arguments)
}

fn argument(value: AnyValueKind) -> Result<Value, Error> {
    let scalar = match value {
        AnyValueKind::Null(kind) => return Ok(Value::Null(null_type(kind))),
        AnyValueKind::Bool(value) => Scalar::Bool(value),
        AnyValueKind::SmallInt(value) => Scalar::I16(value),
        AnyValueKind::Integer(value) => Scalar::I32(value),
        AnyValueKind::BigInt(value) => Scalar::I64(value),
        AnyValueKind::Real(value) => Scalar::F32(value),
        AnyValueKind::Double(value) => Scalar::F64(value),
        AnyValueKind::Text(text) => Scalar::Text(Arc::unwrap_or_clone(text)),
        AnyValueKind::TextSlice(text) => Scalar::Text((*text).to_owned()),
        AnyValueKind::Blob(bytes) => Scalar::Bytes(Bytes::from(Arc::unwrap_or_clone(bytes))),
        other => return Err(unsupported(format!("the value {other:?}"))),
    };
    Ok(Value::Scalar(scalar))
}

/// A NULL that says no type is an integer's, as in sqlx's own drivers.
fn null_type(kind: AnyTypeInfoKind) -> ValueType {
    ValueType::scalar(match kind {
        AnyTypeInfoKind::Null | AnyTypeInfoKind::Integer => ScalarType::I32,
        AnyTypeInfoKind::Bool => ScalarType::Bool,
        AnyTypeInfoKind::SmallInt => ScalarType::I16,
        AnyTypeInfoKind::BigInt => ScalarType::I64,
        AnyTypeInfoKind::Real => ScalarType::F32,
        AnyTypeInfoKind::Double => ScalarType::F64,
        AnyTypeInfoKind::Text => ScalarType::Text,
        AnyTypeInfoKind::Blob => ScalarType::Bytes,
    })
}

pub(super) fn result(result: OnepoolQueryResult) -> AnyQueryResult {
    AnyQueryResult {
        rows_affected: result.rows_affected(),
        last_insert_id: result.last_insert_id(),
    }
}

impl TryFrom<&OnepoolTypeInfo> for AnyTypeInfo {
    type Error = Error;

    fn try_from(type_info: &OnepoolTypeInfo) -> Result<Self, Error> {
        let kind = match &type_info.0 {
            Repr::SqliteCell(tag) => Some(sqlite_cell(*tag)),
            Repr::Database { kind, column_type } => match kind {
                DatabaseKind::Postgres => postgres(&column_type.name),
                DatabaseKind::MySql => mysql(type_info),
                DatabaseKind::Sqlite => sqlite(&column_type.name),
            },
            Repr::Argument(_) => None,
        };
        kind.map(|kind| Self { kind })
            .ok_or_else(|| unsupported(format!("the type {}", type_info.name())))
    }
}

fn sqlite_cell(tag: u8) -> AnyTypeInfoKind {
    match tag {
        sqlite_tag::INTEGER => AnyTypeInfoKind::BigInt,
        sqlite_tag::REAL => AnyTypeInfoKind::Double,
        sqlite_tag::TEXT => AnyTypeInfoKind::Text,
        _ => AnyTypeInfoKind::Blob,
    }
}

fn sqlite(name: &str) -> Option<AnyTypeInfoKind> {
    Some(match name {
        "NULL" => AnyTypeInfoKind::Null,
        "INTEGER" => AnyTypeInfoKind::BigInt,
        "REAL" => AnyTypeInfoKind::Double,
        "TEXT" => AnyTypeInfoKind::Text,
        "BLOB" => AnyTypeInfoKind::Blob,
        _ => return None,
    })
}

fn postgres(name: &str) -> Option<AnyTypeInfoKind> {
    Some(match name {
        "VOID" => AnyTypeInfoKind::Null,
        "BOOL" => AnyTypeInfoKind::Bool,
        "INT2" => AnyTypeInfoKind::SmallInt,
        "INT4" => AnyTypeInfoKind::Integer,
        "INT8" => AnyTypeInfoKind::BigInt,
        "FLOAT4" => AnyTypeInfoKind::Real,
        "FLOAT8" => AnyTypeInfoKind::Double,
        "BYTEA" => AnyTypeInfoKind::Blob,
        "TEXT" | "VARCHAR" | "citext" => AnyTypeInfoKind::Text,
        _ => return None,
    })
}

fn mysql(type_info: &OnepoolTypeInfo) -> Option<AnyTypeInfoKind> {
    Some(match type_info.name() {
        "NULL" => AnyTypeInfoKind::Null,
        "SMALLINT" | "SMALLINT UNSIGNED" => AnyTypeInfoKind::SmallInt,
        "INT" | "INT UNSIGNED" => AnyTypeInfoKind::Integer,
        "BIGINT" | "BIGINT UNSIGNED" => AnyTypeInfoKind::BigInt,
        "FLOAT" => AnyTypeInfoKind::Real,
        "DOUBLE" => AnyTypeInfoKind::Double,
        _ if <str as Type<Onepool>>::compatible(type_info) => AnyTypeInfoKind::Text,
        _ if <[u8] as Type<Onepool>>::compatible(type_info) => AnyTypeInfoKind::Blob,
        _ => return None,
    })
}

impl TryFrom<&OnepoolColumn> for AnyColumn {
    type Error = Error;

    fn try_from(column: &OnepoolColumn) -> Result<Self, Error> {
        let type_info =
            AnyTypeInfo::try_from(&column.type_info).map_err(|error| Error::ColumnDecode {
                index: column.name.to_string(),
                source: error.into(),
            })?;
        Ok(Self {
            ordinal: column.ordinal,
            name: column.name.clone(),
            type_info,
        })
    }
}

impl TryFrom<&OnepoolRow> for AnyRow {
    type Error = Error;

    fn try_from(row: &OnepoolRow) -> Result<Self, Error> {
        Self::map_from(row, Arc::clone(row.columns.names()))
    }
}

impl TryFrom<&AnyConnectOptions> for OnepoolConnectOptions {
    type Error = Error;

    fn try_from(any: &AnyConnectOptions) -> Result<Self, Error> {
        let log = &any.log_settings;
        let options = Self::from_url(&any.database_url)?
            .log_statements(log.statements_level)
            .log_slow_statements(log.slow_statements_level, log.slow_statements_duration);
        Ok(options)
    }
}

fn unsupported(what: String) -> Error {
    Error::AnyDriverError(format!("the Any driver does not support {what}").into())
}
