//! What is bound here is what sqlx would have bound: the server sees no difference.

use bytes::Bytes;
use chrono::{DateTime, FixedOffset, NaiveDate, NaiveDateTime, NaiveTime, Utc};
use onepool_proto::value::{Array, Edge, Range};
use onepool_proto::{Code, Scalar, ScalarType, Value, ValueType};
use sqlx::postgres::types::{PgInterval, PgRange, PgTimeTz};
use sqlx::postgres::{PgConnection, Postgres};
use sqlx::types::{BigDecimal, Json, Uuid};
use sqlx::{Connection, Encode, Row, Type, ValueRef};

use super::{database, open, rows};
use crate::db::Driver;

const SEEN: &str = "SELECT pg_typeof($1)::text, $1::text, $1";

struct Oracle {
    ours: Driver,
    theirs: PgConnection,
}

impl Oracle {
    /// Asserts that the server sees `ours` as sqlx would have it see `theirs`.
    async fn agree<T>(&mut self, ours: Value, theirs: T)
    where
        T: for<'q> Encode<'q, Postgres> + Type<Postgres> + Send,
    {
        let what = format!("{ours:?}");
        // Its cache would mistake the statement for one with another type.
        self.theirs.clear_cached_statements().await.unwrap();
        let query = sqlx::query(SEEN).bind(theirs);
        let row = query.fetch_one(&mut self.theirs).await.unwrap();
        let cell = |index| {
            let value = row.try_get_raw(index).unwrap();
            (!value.is_null()).then(|| value.as_bytes().unwrap().to_vec())
        };
        let theirs: Vec<_> = (0..3).map(cell).collect();
        let ours = rows(&mut self.ours, SEEN, vec![ours]).await.unwrap();
        assert_eq!(ours.rows, [theirs], "{what}");
    }

    /// Asserts that the server sees `ours` as it sees the SQL expression `theirs`.
    async fn equal(&mut self, ours: Value, theirs: &str) {
        let what = format!("{ours:?}");
        let sql = format!("SELECT pg_typeof(x)::text, x::text, x FROM (SELECT {theirs} AS x) AS t");
        let theirs = rows(&mut self.ours, &sql, vec![]).await.unwrap();
        let ours = rows(&mut self.ours, SEEN, vec![ours]).await.unwrap();
        assert_eq!(ours.rows, theirs.rows, "{what}");
    }

    async fn refused(&mut self, ours: Value) {
        let what = format!("{ours:?}");
        let failure = rows(&mut self.ours, SEEN, vec![ours]).await.unwrap_err();
        assert_eq!(failure.code, Code::INVALID_ARGUMENT, "{what}");
        assert!(failure.message.starts_with("argument 1 ("), "{failure}");
    }
}

async fn oracle() -> (onepool_tests::Database, Oracle) {
    let database = database().await;
    let ours = open(&database).await;
    let theirs = PgConnection::connect(&database.url).await.unwrap();
    (database, Oracle { ours, theirs })
}

fn array(element: ScalarType, elements: Vec<Option<Scalar>>) -> Value {
    Value::Array(Array {
        element,
        dimensions: vec![elements.len() as u32],
        elements,
    })
}

fn date(days: i32) -> NaiveDate {
    NaiveDate::from_epoch_days(days).unwrap()
}

fn timestamp(seconds: i64, nanos: u32) -> NaiveDateTime {
    DateTime::from_timestamp(seconds, nanos)
        .unwrap()
        .naive_utc()
}

#[tokio::test]
async fn numbers() {
    let (_database, mut oracle) = oracle().await;
    for value in [true, false] {
        oracle.agree(Scalar::Bool(value).into(), value).await;
    }
    for value in [i8::MIN, -1, 0, 1, b'a' as i8, i8::MAX] {
        oracle.agree(Scalar::I8(value).into(), value).await;
    }
    for value in [i16::MIN, 0, i16::MAX] {
        oracle.agree(Scalar::I16(value).into(), value).await;
    }
    for value in [i32::MIN, 0, i32::MAX] {
        oracle.agree(Scalar::I32(value).into(), value).await;
    }
    for value in [i64::MIN, 0, i64::MAX] {
        oracle.agree(Scalar::I64(value).into(), value).await;
    }
    for value in [f32::MIN, -0.0, 0.1, f32::MAX, f32::INFINITY, f32::NAN] {
        oracle.agree(Scalar::F32(value).into(), value).await;
    }
    for value in [f64::MIN, -0.0, 0.1, f64::MAX, f64::NEG_INFINITY, f64::NAN] {
        oracle.agree(Scalar::F64(value).into(), value).await;
    }
    for (value, same) in [(u8::MAX, "255::int2"), (0, "0::int2")] {
        oracle.equal(Scalar::U8(value).into(), same).await;
    }
    oracle
        .equal(Scalar::U16(u16::MAX).into(), "65535::int4")
        .await;
    oracle
        .equal(Scalar::U32(u32::MAX).into(), "4294967295::int8")
        .await;
    let most = Scalar::U64(i64::MAX as u64);
    oracle.equal(most.into(), "9223372036854775807::int8").await;
    oracle.refused(Scalar::U64(u64::MAX).into()).await;
}

#[tokio::test]
async fn decimals() {
    let (_database, mut oracle) = oracle().await;
    let long = format!("-{}.{}", "9".repeat(1000), "1".repeat(500));
    for text in [
        "0",
        "1",
        "-1",
        "10",
        "9999",
        "10000",
        "99999999",
        "100000000",
        "0.1",
        "0.0001",
        "0.00001",
        "-0.00012345",
        "1.50",
        "12345.6789",
        "0.000",
        "123456789012345678901234567890",
        &long,
    ] {
        let same: BigDecimal = text.parse().unwrap();
        oracle
            .agree(Scalar::Decimal(text.into()).into(), same)
            .await;
        oracle
            .equal(
                Scalar::Decimal(text.into()).into(),
                &format!("'{text}'::numeric"),
            )
            .await;
    }
    oracle
        .equal(Scalar::Decimal("NaN".into()).into(), "'NaN'::numeric")
        .await;
    for text in [
        "",
        "1e5",
        "Infinity",
        "1.2.3",
        "--1",
        "1'",
        &"1".repeat(200_000),
    ] {
        oracle.refused(Scalar::Decimal(text.into()).into()).await;
    }
}

#[tokio::test]
async fn texts_and_bytes() {
    let (_database, mut oracle) = oracle().await;
    for value in ["", "a", "héllo 🦀", "it's \\ \"quoted\""] {
        oracle.agree(Scalar::Text(value.into()).into(), value).await;
    }
    for value in [&b""[..], b"\0\xff", &[7; 100_000]] {
        let bytes = Scalar::Bytes(Bytes::copy_from_slice(value));
        oracle.agree(bytes.into(), value).await;
    }
    let uuid = Uuid::from_u128(0x1234_5678_9abc_def0_1234_5678_9abc_def0);
    oracle
        .agree(Scalar::Uuid(uuid.into_bytes()).into(), uuid)
        .await;
    for value in ["null", r#"{"a": [1, 2.5, "x"]}"#, "[]"] {
        let json: serde_json::Value = serde_json::from_str(value).unwrap();
        oracle
            .agree(Scalar::Json(value.into()).into(), Json(json))
            .await;
    }
    for network in [
        "127.0.0.1/32",
        "10.0.0.0/8",
        "2001:db8::/32",
        "::1/128",
        "0.0.0.0/0",
    ] {
        let network: sqlx::types::ipnetwork::IpNetwork = network.parse().unwrap();
        let address = match network.ip() {
            std::net::IpAddr::V4(ip) => Bytes::copy_from_slice(&ip.octets()),
            std::net::IpAddr::V6(ip) => Bytes::copy_from_slice(&ip.octets()),
        };
        let prefix = network.prefix();
        oracle
            .agree(Scalar::Inet { address, prefix }.into(), network)
            .await;
    }
    for (length, prefix) in [(4, 33), (16, 129), (5, 1), (0, 0)] {
        let address = Bytes::from(vec![0; length]);
        oracle
            .refused(Scalar::Inet { address, prefix }.into())
            .await;
    }
}

#[tokio::test]
async fn dates_and_spans() {
    let (_database, mut oracle) = oracle().await;
    for days in [
        -2_400_000, -1, 0, 10_956, 10_957, 10_958, 2_932_896, 95_000_000,
    ] {
        oracle.agree(Scalar::Date { days }.into(), date(days)).await;
    }
    oracle.refused(Scalar::Date { days: i32::MIN }.into()).await;
    for (months, days, micros) in [(0, 0, 0), (1, -2, 3), (-14, 30, -1), (0, 0, i64::MAX)] {
        let same = PgInterval {
            months,
            days,
            microseconds: micros,
        };
        oracle
            .agree(
                Scalar::Interval {
                    months,
                    days,
                    micros,
                }
                .into(),
                same,
            )
            .await;
    }
}

#[tokio::test]
async fn times_of_day() {
    let (_database, mut oracle) = oracle().await;
    for nanos in [0, 1, 999, 1000, 1_999, 86_399_999_999_999] {
        let time = NaiveTime::from_num_seconds_from_midnight_opt(
            (nanos / 1_000_000_000) as u32,
            (nanos % 1_000_000_000) as u32,
        )
        .unwrap();
        oracle.agree(Scalar::Time { nanos }.into(), time).await;
        for offset_s in [0, 3600, -45_000] {
            let offset = FixedOffset::east_opt(offset_s).unwrap();
            let same = PgTimeTz { time, offset };
            oracle
                .agree(Scalar::TimeTz { nanos, offset_s }.into(), same)
                .await;
        }
    }
}

#[tokio::test]
async fn timestamps() {
    let (_database, mut oracle) = oracle().await;
    let far = Scalar::Timestamp {
        seconds: i64::MAX,
        nanos: 0,
    };
    oracle.refused(far.into()).await;
    for (seconds, nanos) in [
        (0, 0),
        (0, 999),
        (-1, 999_999_999),
        (946_684_799, 999_999_999),
        (946_684_800, 1),
        (946_684_799, 1),
        (253_402_300_799, 999_999_999),
        (-62_135_596_800, 0),
        (-1_000_000_000, 1_500),
    ] {
        let same = timestamp(seconds, nanos);
        oracle
            .agree(Scalar::Timestamp { seconds, nanos }.into(), same)
            .await;
        for offset_s in [0, 7200] {
            let instant = Scalar::TimestampTz {
                seconds,
                nanos,
                offset_s,
            };
            let zone = FixedOffset::east_opt(offset_s).unwrap();
            let same = DateTime::<Utc>::from_naive_utc_and_offset(same, Utc);
            oracle
                .agree(instant.into(), same.with_timezone(&zone))
                .await;
        }
        // The other crate for times cuts off at the same place.
        if let Ok(same) = sqlx::types::time::OffsetDateTime::from_unix_timestamp_nanos(
            i128::from(seconds) * 1_000_000_000 + i128::from(nanos),
        ) {
            let instant = Scalar::TimestampTz {
                seconds,
                nanos,
                offset_s: 0,
            };
            oracle.agree(instant.into(), same).await;
        }
    }
}

#[tokio::test]
async fn nulls_have_types() {
    let (_database, mut oracle) = oracle().await;
    let null = |scalar| Value::Null(ValueType::scalar(scalar));
    oracle.agree(null(ScalarType::I64), None::<i64>).await;
    oracle.agree(null(ScalarType::Bool), None::<bool>).await;
    oracle
        .agree(null(ScalarType::Json), None::<Json<String>>)
        .await;
    oracle
        .agree(null(ScalarType::TimestampTz), None::<DateTime<Utc>>)
        .await;
    let nulls = Value::Null(ValueType::array(ScalarType::Uuid));
    oracle.agree(nulls, None::<Vec<Uuid>>).await;
    let nulls = Value::Null(ValueType::range(ScalarType::Date));
    oracle.agree(nulls, None::<PgRange<NaiveDate>>).await;
    for scalar in [
        ScalarType::Inet,
        ScalarType::TimeTz,
        ScalarType::Interval,
        ScalarType::I8,
    ] {
        let sql = "SELECT $1 IS NULL";
        let seen = rows(&mut oracle.ours, sql, vec![null(scalar)])
            .await
            .unwrap();
        assert_eq!(seen.rows, [[Some(vec![1])]]);
    }
}

#[tokio::test]
async fn arrays() {
    let (_database, mut oracle) = oracle().await;
    let numbers = vec![Some(Scalar::I32(1)), None, Some(Scalar::I32(i32::MIN))];
    let same = vec![Some(1), None, Some(i32::MIN)];
    oracle.agree(array(ScalarType::I32, numbers), same).await;
    let texts = vec![
        Some(Scalar::Text("a,\"{}\"".into())),
        Some(Scalar::Text(String::new())),
    ];
    oracle
        .agree(array(ScalarType::Text, texts), vec!["a,\"{}\"", ""])
        .await;
    let documents = vec![Some(Scalar::Json("{\"a\":1}".into()))];
    let same = vec![Json(serde_json::json!({"a": 1}))];
    oracle.agree(array(ScalarType::Json, documents), same).await;
    let decimals = vec![Some(Scalar::Decimal("1.50".into())), None];
    let same = vec![Some("1.50".parse::<BigDecimal>().unwrap()), None];
    oracle
        .agree(array(ScalarType::Decimal, decimals), same)
        .await;
    oracle
        .agree(array(ScalarType::I64, vec![]), Vec::<i64>::new())
        .await;
    let empty = Array {
        element: ScalarType::I64,
        dimensions: vec![],
        elements: vec![],
    };
    oracle.agree(Value::Array(empty), Vec::<i64>::new()).await;
    let square = Value::Array(Array {
        element: ScalarType::I16,
        dimensions: vec![2, 2],
        elements: (1..=4).map(|number| Some(Scalar::I16(number))).collect(),
    });
    oracle.equal(square, "'{{1,2},{3,4}}'::int2[]").await;

    let mixed = vec![Some(Scalar::I16(1)), Some(Scalar::I32(1))];
    oracle.refused(array(ScalarType::I16, mixed)).await;
    let short = Array {
        element: ScalarType::I16,
        dimensions: vec![2],
        elements: vec![None],
    };
    oracle.refused(Value::Array(short)).await;
    let large = vec![Some(Scalar::U64(u64::MAX))];
    oracle.refused(array(ScalarType::U64, large)).await;
}

#[tokio::test]
async fn ranges() {
    let (_database, mut oracle) = oracle().await;
    let range = |element, edges| Value::Range(Range { element, edges });
    let edges = (
        Edge::Included(Scalar::I32(1)),
        Edge::Excluded(Scalar::I32(5)),
    );
    oracle
        .agree(range(ScalarType::I32, Some(edges)), PgRange::from(1..5))
        .await;
    let edges = (Edge::Unbounded, Edge::Included(Scalar::I64(9)));
    oracle
        .agree(range(ScalarType::I64, Some(edges)), PgRange::from(..=9_i64))
        .await;
    let edges = (Edge::Unbounded, Edge::Unbounded);
    oracle
        .equal(range(ScalarType::Decimal, Some(edges)), "'(,)'::numrange")
        .await;
    oracle
        .equal(range(ScalarType::Date, None), "'empty'::daterange")
        .await;
    let noon = || Scalar::Timestamp {
        seconds: 43_200,
        nanos: 0,
    };
    let edges = (Edge::Excluded(noon()), Edge::Unbounded);
    let same = "'(1970-01-01 12:00,)'::tsrange";
    oracle
        .equal(range(ScalarType::Timestamp, Some(edges)), same)
        .await;
    let edges = (Edge::Excluded(noon()), Edge::Unbounded);
    oracle
        .refused(range(ScalarType::TimestampTz, Some(edges)))
        .await;
    oracle.refused(range(ScalarType::Text, None)).await;
}

#[tokio::test]
async fn more_arguments_than_the_protocol_counts_are_refused() {
    let (_database, mut oracle) = oracle().await;
    let many = vec![Value::Scalar(Scalar::Bool(true)); 65_536];
    let failure = rows(&mut oracle.ours, "SELECT 1", many).await.unwrap_err();
    assert_eq!(failure.code, Code::INVALID_ARGUMENT);
    oracle.ours.ping().await.unwrap();
}
