//! Columns of a result.

use std::sync::Arc;

use onepool_proto::{Column as WireColumn, DatabaseKind};
use sqlx_core::column::{Column, ColumnOrigin, TableColumn};
use sqlx_core::ext::ustr::UStr;

use crate::{Onepool, OnepoolTypeInfo};

/// A column of a row or a prepared statement.
#[derive(Clone, Debug)]
pub struct OnepoolColumn {
    pub(crate) ordinal: usize,
    pub(crate) name: UStr,
    pub(crate) type_info: OnepoolTypeInfo,
    pub(crate) origin: ColumnOrigin,
}

impl OnepoolColumn {
    pub(crate) fn from_wire(kind: DatabaseKind, ordinal: usize, column: WireColumn) -> Self {
        let origin = column.origin.map_or(ColumnOrigin::Unknown, |origin| {
            ColumnOrigin::Table(TableColumn {
                table: Arc::from(origin.table),
                name: Arc::from(origin.column),
            })
        });
        Self {
            ordinal,
            name: UStr::new(&column.name),
            type_info: OnepoolTypeInfo::database(kind, column.column_type),
            origin,
        }
    }
}

impl Column for OnepoolColumn {
    type Database = Onepool;

    fn ordinal(&self) -> usize {
        self.ordinal
    }

    fn name(&self) -> &str {
        &self.name
    }

    fn type_info(&self) -> &OnepoolTypeInfo {
        &self.type_info
    }

    fn origin(&self) -> ColumnOrigin {
        self.origin.clone()
    }
}
