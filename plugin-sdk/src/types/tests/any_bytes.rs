//! No bytes that a host may send make a type panic.

use std::time::Duration;

use onepool_proto::column::sqlite_tag;
use onepool_proto::{ColumnType, DatabaseKind, Format};
use proptest::prelude::*;
use sqlx_core::decode::Decode;
use sqlx_core::types::{Json, JsonRawValue, JsonValue, Text, Type};

use super::cell::TestCell;
use crate::types::{OnepoolInterval, OnepoolRange, OnepoolTimeTz};
use crate::{Onepool, OnepoolTypeInfo};

/// Reads a cell as `T`, with and without asking whether its column is of such a type.
fn read_as<T: for<'r> Decode<'r, Onepool> + Type<Onepool>>(cell: &TestCell) {
    drop(cell.get::<T>());
    drop(T::decode(cell.as_ref()));
}

macro_rules! readers {
    ($($rust:ty),+ $(,)?) => {
        [$(read_as::<$rust>,)+]
    };
}

fn read_as_everything(cell: &TestCell) {
    use chrono::{DateTime, FixedOffset, Local, NaiveDate, NaiveDateTime, NaiveTime, Utc};
    use time::{OffsetDateTime, PrimitiveDateTime};

    let readers = readers![
        bool,
        i8,
        i16,
        i32,
        i64,
        u8,
        u16,
        u32,
        u64,
        f32,
        f64,
        (),
        String,
        Text<u32>,
        Vec<u8>,
        [u8; 4],
        rust_decimal::Decimal,
        bigdecimal::BigDecimal,
        uuid::Uuid,
        uuid::fmt::Hyphenated,
        uuid::fmt::Simple,
        JsonValue,
        Box<JsonRawValue>,
        Json<Vec<i32>>,
        std::net::IpAddr,
        std::net::Ipv4Addr,
        ipnetwork::IpNetwork,
        NaiveDate,
        NaiveTime,
        NaiveDateTime,
        DateTime<Utc>,
        DateTime<Local>,
        DateTime<FixedOffset>,
        time::Date,
        time::Time,
        PrimitiveDateTime,
        OffsetDateTime,
        OnepoolTimeTz<NaiveTime, FixedOffset>,
        OnepoolTimeTz,
        OnepoolInterval,
        Duration,
        chrono::TimeDelta,
        time::Duration,
        Vec<Option<i32>>,
        Vec<String>,
        Vec<JsonValue>,
        [Option<bool>; 2],
        OnepoolRange<i64>,
        OnepoolRange<DateTime<Utc>>,
        OnepoolRange<rust_decimal::Decimal>,
        OnepoolRange<String>,
    ];
    for read in readers {
        read(cell);
    }
}

/// Columns of all kinds, with types that exist and such that do not.
fn column() -> impl Strategy<Value = (DatabaseKind, OnepoolTypeInfo)> {
    const OIDS: [u32; 24] = [
        16, 17, 18, 20, 21, 23, 25, 26, 114, 650, 700, 701, 869, 1043, 1082, 1083, 1114, 1184,
        1186, 1266, 1700, 2950, 3802, 3904,
    ];
    const BYTES: [u32; 16] = [
        0x01, 0x03, 0x04, 0x05, 0x07, 0x08, 0x0a, 0x0b, 0x0c, 0x0d, 0x10, 0xf5, 0xf6, 0xfc, 0xfd,
        0xfe,
    ];
    let server = |kind, ids: &'static [u32]| {
        let id = prop_oneof![prop::sample::select(ids), any::<u32>()];
        let detail = prop_oneof![Just(0), prop::sample::select(ids), any::<u32>()];
        let name = prop::sample::select(vec!["", "x", "?", "x[]", "JSONB[]"]);
        (id, detail, name).prop_map(move |(id, detail, name)| {
            let name = name.to_owned();
            let column_type = ColumnType { id, detail, name };
            (kind, OnepoolTypeInfo::database(kind, column_type))
        })
    };
    let tag = prop_oneof![
        Just(sqlite_tag::INTEGER),
        Just(sqlite_tag::REAL),
        Just(sqlite_tag::TEXT),
        Just(sqlite_tag::BLOB),
        any::<u8>(),
    ];
    prop_oneof![
        server(DatabaseKind::Postgres, &OIDS),
        server(DatabaseKind::MySql, &BYTES),
        tag.prop_map(|tag| (DatabaseKind::Sqlite, OnepoolTypeInfo::sqlite_cell(tag))),
        server(DatabaseKind::Sqlite, &OIDS),
    ]
}

/// Bytes of all lengths that matter, and texts of characters that the formats are made of.
fn bytes() -> impl Strategy<Value = Vec<u8>> {
    let extreme = prop::sample::select(vec![0x00, 0x01, 0x7f, 0x80, 0xff]);
    let text = r#"[-+0-9:. TZaeinf{}\[\]()",\\xNUL/éd]{0,30}"#;
    prop_oneof![
        prop::collection::vec(any::<u8>(), 0..40),
        prop::collection::vec(extreme, 0..24),
        text.prop_map(String::into_bytes),
        "[0-9]{1,6}-[0-9]{2}-[0-9]{2} [0-9]{2}:[0-9]{2}:[0-9]{2}(\\.[0-9]{1,9})?([+-][0-9]{2})?"
            .prop_map(String::into_bytes),
        // An array or range of few elements, with lengths that may be wrong.
        prop::collection::vec(prop_oneof![0..5_u32, any::<u32>()], 1..8)
            .prop_map(|words| words.into_iter().flat_map(u32::to_be_bytes).collect()),
        // A NUMERIC.
        (
            0..6_u16,
            any::<i16>(),
            any::<u16>(),
            prop::collection::vec(0..10_000_u16, 0..6)
        )
            .prop_map(|(count, weight, scale, digits)| {
                let head = [count, weight.cast_unsigned(), 0, scale];
                head.into_iter()
                    .chain(digits)
                    .flat_map(u16::to_be_bytes)
                    .collect()
            }),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4096))]

    #[test]
    fn no_cell_panics(
        (kind, type_info) in column(),
        is_binary in any::<bool>(),
        bytes in prop::option::weighted(0.97, bytes()),
    ) {
        let format = if is_binary { Format::Binary } else { Format::Text };
        read_as_everything(&TestCell { kind, format, type_info, bytes });
    }
}
