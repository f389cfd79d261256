//! Cells, as the database wrote them.

use std::borrow::Cow;

use bytes::Bytes;
use onepool_proto::{DatabaseKind, Format};
use sqlx_core::value::{Value, ValueRef};

use crate::types::columns::MySqlColumn;
use crate::{Onepool, OnepoolTypeInfo};

/// A cell of a row.
#[derive(Clone, Debug)]
pub struct OnepoolValueRef<'r> {
    pub(crate) kind: DatabaseKind,
    pub(crate) format: Format,
    pub(crate) type_info: Cow<'r, OnepoolTypeInfo>,
    /// The cell's bytes; SQLite's without the tag, which `type_info` tells.
    pub(crate) bytes: Option<&'r [u8]>,
    /// The memory that `bytes` lies in, so that an owned value can share it.
    pub(crate) memory: Option<&'r Bytes>,
}

/// A cell of its own.
#[derive(Clone, Debug)]
pub struct OnepoolValue {
    kind: DatabaseKind,
    format: Format,
    type_info: OnepoolTypeInfo,
    bytes: Option<Bytes>,
}

impl<'r> OnepoolValueRef<'r> {
    /// The kind of database that wrote the cell.
    #[must_use]
    pub fn database(&self) -> DatabaseKind {
        self.kind
    }

    /// How the cell is written.
    #[must_use]
    pub fn format(&self) -> Format {
        self.format
    }

    /// The cell's bytes, or `None` for NULL.
    #[must_use]
    pub fn bytes(&self) -> Option<&'r [u8]> {
        self.bytes
    }
}

impl<'r> ValueRef<'r> for OnepoolValueRef<'r> {
    type Database = Onepool;

    fn to_owned(&self) -> OnepoolValue {
        let bytes = match (self.memory, self.bytes) {
            (Some(memory), Some(bytes)) => Some(memory.slice_ref(bytes)),
            (None, Some(bytes)) => Some(Bytes::copy_from_slice(bytes)),
            (_, None) => None,
        };
        OnepoolValue {
            kind: self.kind,
            format: self.format,
            type_info: self.type_info.clone().into_owned(),
            bytes,
        }
    }

    fn type_info(&self) -> Cow<'_, OnepoolTypeInfo> {
        Cow::Borrowed(&self.type_info)
    }

    fn is_null(&self) -> bool {
        is_null(&self.type_info, self.bytes)
    }
}

impl Value for OnepoolValue {
    type Database = Onepool;

    fn as_ref(&self) -> OnepoolValueRef<'_> {
        OnepoolValueRef {
            kind: self.kind,
            format: self.format,
            type_info: Cow::Borrowed(&self.type_info),
            bytes: self.bytes.as_deref(),
            memory: self.bytes.as_ref(),
        }
    }

    fn type_info(&self) -> Cow<'_, OnepoolTypeInfo> {
        Cow::Borrowed(&self.type_info)
    }

    fn is_null(&self) -> bool {
        is_null(&self.type_info, self.bytes.as_deref())
    }
}

fn is_null(type_info: &OnepoolTypeInfo, bytes: Option<&[u8]>) -> bool {
    bytes.is_none_or(|bytes| is_zero_date(type_info, bytes))
}

/// MySQL's `0000-00-00` counts as NULL. In the binary format it is a date of no bytes.
fn is_zero_date(type_info: &OnepoolTypeInfo, bytes: &[u8]) -> bool {
    bytes.first() == Some(&0)
        && MySqlColumn::of(type_info).is_some_and(|column| column.has_zero_date())
}
