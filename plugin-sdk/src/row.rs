//! Rows of a result.

use std::borrow::Cow;
use std::fmt;
use std::sync::{Arc, OnceLock};

use onepool_proto::page::RowBytes;
use onepool_proto::{Column as WireColumn, DatabaseKind, Format};
use sqlx_core::HashMap;
use sqlx_core::column::ColumnIndex;
use sqlx_core::error::Error;
use sqlx_core::ext::ustr::UStr;
use sqlx_core::row::Row;

use crate::{Onepool, OnepoolColumn, OnepoolTypeInfo, OnepoolValueRef};

/// What all rows of a result share.
#[derive(Debug)]
pub(crate) struct Columns {
    pub(crate) kind: DatabaseKind,
    pub(crate) format: Format,
    pub(crate) columns: Vec<OnepoolColumn>,
    /// Made when it is first needed: most results are small and read by position.
    names: OnceLock<Arc<HashMap<UStr, usize>>>,
}

/// Up to this many columns it is faster to look at each than to make an index.
const FEW_COLUMNS: usize = 16;

impl Columns {
    pub(crate) fn from_wire(kind: DatabaseKind, format: Format, columns: Vec<WireColumn>) -> Self {
        let columns = columns
            .into_iter()
            .enumerate()
            .map(|(ordinal, column)| OnepoolColumn::from_wire(kind, ordinal, column))
            .collect();
        Self {
            kind,
            format,
            columns,
            names: OnceLock::new(),
        }
    }

    /// The columns by name. Of those with one name it has the last, as with every sqlx driver.
    pub(crate) fn names(&self) -> &Arc<HashMap<UStr, usize>> {
        self.names.get_or_init(|| {
            let names = self
                .columns
                .iter()
                .map(|column| (column.name.clone(), column.ordinal));
            Arc::new(names.collect())
        })
    }

    fn position(&self, name: &str) -> Option<usize> {
        if self.columns.len() <= FEW_COLUMNS {
            return self
                .columns
                .iter()
                .rposition(|column| *column.name == *name);
        }
        self.names().get(name).copied()
    }
}

/// A row, decoded cell by cell when asked.
pub struct OnepoolRow {
    pub(crate) columns: Arc<Columns>,
    pub(crate) bytes: RowBytes,
}

impl Row for OnepoolRow {
    type Database = Onepool;

    fn columns(&self) -> &[OnepoolColumn] {
        &self.columns.columns
    }

    fn try_get_raw<I>(&self, index: I) -> Result<OnepoolValueRef<'_>, Error>
    where
        I: ColumnIndex<Self>,
    {
        let index = index.index(self)?;
        let column =
            self.columns
                .columns
                .get(index)
                .ok_or_else(|| Error::ColumnIndexOutOfBounds {
                    index,
                    len: self.columns.columns.len(),
                })?;
        let mut cell = OnepoolValueRef {
            kind: self.columns.kind,
            format: self.columns.format,
            type_info: Cow::Borrowed(&column.type_info),
            bytes: self.bytes.cell(index),
            memory: Some(self.bytes.memory()),
        };
        if cell.kind == DatabaseKind::Sqlite
            && let Some((tag, bytes)) = cell.bytes.and_then(<[u8]>::split_first)
        {
            cell.type_info = Cow::Owned(OnepoolTypeInfo::sqlite_cell(*tag));
            cell.bytes = Some(bytes);
        }
        Ok(cell)
    }
}

impl ColumnIndex<OnepoolRow> for &'_ str {
    fn index(&self, row: &OnepoolRow) -> Result<usize, Error> {
        row.columns
            .position(self)
            .ok_or_else(|| Error::ColumnNotFound((*self).to_owned()))
    }
}

// Cells may hold secrets, so a row prints its columns alone.
impl fmt::Debug for OnepoolRow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names = self.columns.columns.iter().map(|column| &*column.name);
        f.write_str("OnepoolRow ")?;
        f.debug_list().entries(names).finish()
    }
}
