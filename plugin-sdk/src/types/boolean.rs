//! `bool`.

use onepool_proto::Format;
use sqlx_core::decode::Decode;
use sqlx_core::error::BoxDynError;

use super::ValueError;
use super::cell::{Cell, utf8};
use super::columns::MySqlColumn;
use super::integer;
use crate::{Onepool, OnepoolValueRef};

impl_type!(bool => Bool);
impl_encode_copy!(bool => Bool);

impl Decode<'_, Onepool> for bool {
    fn decode(value: OnepoolValueRef<'_>) -> Result<Self, BoxDynError> {
        match value.cell()? {
            Cell::Sqlite(cell) => Ok(cell.integer()? != 0),
            Cell::Postgres(Format::Binary, bytes) => match bytes {
                [byte] => Ok(*byte != 0),
                _ => Err(ValueError::Length {
                    what: "a boolean",
                    expected: "1",
                    got: bytes.len(),
                }
                .into()),
            },
            Cell::Postgres(Format::Text, bytes) => match utf8(bytes)? {
                "t" => Ok(true),
                "f" => Ok(false),
                other => Err(ValueError::syntax("a boolean", other).into()),
            },
            // MySQL's BOOLEAN is a TINYINT. A BIT is sent as its bytes, which may be no integer.
            Cell::MySql(format, bytes) => match mysql_tinyint(format, bytes) {
                Err(_) if is_bit(&value) => Ok(bytes.iter().any(|byte| *byte != 0)),
                integer => Ok(integer? != 0),
            },
        }
    }
}

fn mysql_tinyint(format: Format, bytes: &[u8]) -> Result<i8, BoxDynError> {
    Ok(integer::mysql_signed(format, bytes)?.try_into()?)
}

fn is_bit(value: &OnepoolValueRef<'_>) -> bool {
    MySqlColumn::of(&value.type_info).is_some_and(MySqlColumn::is_bit)
}
