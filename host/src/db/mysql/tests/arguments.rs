//! What is bound here is what sqlx would have bound: the server sees no difference.

use bytes::Bytes;
use chrono::{DateTime, NaiveDate, NaiveTime, TimeDelta, Utc};
use onepool_proto::value::{Array, Range};
use onepool_proto::{Code, Scalar, ScalarType, Value, ValueType};
use sqlx::mysql::MySqlConnection;
use sqlx::types::{BigDecimal, Json, Uuid};
use sqlx::{Connection, Decode, Encode, MySql, Row, Type, TypeInfo, ValueRef};

use super::{database, one, open, rows};
use crate::db::Driver;

const SEEN: &str = "SELECT ? AS a, CONCAT(?), HEX(?)";

struct Oracle {
    ours: Driver,
    theirs: MySqlConnection,
}

impl Oracle {
    /// Asserts that the server sees `ours` as sqlx would have it see `theirs`.
    async fn agree<T>(&mut self, ours: Value, theirs: T)
    where
        T: for<'q> Encode<'q, MySql> + Type<MySql> + Clone + Send,
    {
        let what = format!("{ours:?}");
        let query = sqlx::query(SEEN);
        let query = query.bind(theirs.clone()).bind(theirs.clone()).bind(theirs);
        let row = query.fetch_one(&mut self.theirs).await.unwrap();
        let cell = |index| {
            let value = row.try_get_raw(index).unwrap();
            <&[u8] as Decode<MySql>>::decode(value)
                .ok()
                .map(<[u8]>::to_vec)
        };
        let cells: Vec<_> = (0..3).map(cell).collect();
        let of = row.try_get_raw(0).unwrap().type_info().name().to_owned();
        let seen = rows(&mut self.ours, SEEN, vec![ours.clone(), ours.clone(), ours]).await;
        let seen = seen.unwrap();
        assert_eq!(seen.rows, [cells], "{what}");
        assert_eq!(seen.columns[0][0].column_type.name, of, "{what}");
    }

    async fn refused(&mut self, ours: Value) {
        let what = format!("{ours:?}");
        let failure = rows(&mut self.ours, "SELECT ?", vec![ours])
            .await
            .unwrap_err();
        assert_eq!(failure.code, Code::INVALID_ARGUMENT, "{what}");
        assert!(failure.message.starts_with("argument 1 ("), "{failure}");
    }
}

async fn oracle() -> (onepool_tests::Database, Oracle) {
    let database = database().await;
    let ours = open(&database).await;
    let theirs = MySqlConnection::connect(&database.url).await.unwrap();
    (database, Oracle { ours, theirs })
}

#[tokio::test]
async fn numbers() {
    let (_database, mut oracle) = oracle().await;
    for value in [true, false] {
        oracle.agree(Scalar::Bool(value).into(), value).await;
    }
    for value in [i8::MIN, 0, i8::MAX] {
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
    oracle.agree(Scalar::U8(u8::MAX).into(), u8::MAX).await;
    oracle.agree(Scalar::U16(u16::MAX).into(), u16::MAX).await;
    oracle.agree(Scalar::U32(u32::MAX).into(), u32::MAX).await;
    oracle.agree(Scalar::U64(u64::MAX).into(), u64::MAX).await;
    for value in [f32::MIN, 0.1, f32::MAX] {
        oracle.agree(Scalar::F32(value).into(), value).await;
    }
    for value in [f64::MIN, -0.0, 0.1, f64::MAX] {
        oracle.agree(Scalar::F64(value).into(), value).await;
    }
    for text in ["0", "-1.50", "123456789012345678901234567890.000001"] {
        let same: BigDecimal = text.parse().unwrap();
        oracle
            .agree(Scalar::Decimal(text.into()).into(), same)
            .await;
    }
    for text in ["NaN", "1e5", "", "1;2"] {
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
    for value in ["null", r#"{"a":[1,2.5,"x"]}"#] {
        let json: serde_json::Value = serde_json::from_str(value).unwrap();
        oracle
            .agree(Scalar::Json(value.into()).into(), Json(json))
            .await;
    }
    for address in ["127.0.0.1", "::1", "2001:db8::8a2e:370:7334"] {
        let same: std::net::IpAddr = address.parse().unwrap();
        let (address, prefix) = match same {
            std::net::IpAddr::V4(ip) => (Bytes::copy_from_slice(&ip.octets()), 32),
            std::net::IpAddr::V6(ip) => (Bytes::copy_from_slice(&ip.octets()), 128),
        };
        oracle
            .agree(Scalar::Inet { address, prefix }.into(), same)
            .await;
    }
    let network = Scalar::Inet {
        address: Bytes::from_static(&[10, 0, 0, 0]),
        prefix: 8,
    };
    oracle.refused(network.into()).await;
}

#[tokio::test]
async fn dates_and_times() {
    let (_database, mut oracle) = oracle().await;
    for days in [-719_162, -1, 0, 2_932_896] {
        let same = NaiveDate::from_epoch_days(days).unwrap();
        oracle.agree(Scalar::Date { days }.into(), same).await;
    }
    oracle
        .refused(Scalar::Date { days: -1_000_000 }.into())
        .await;
    oracle.refused(Scalar::Date { days: i32::MAX }.into()).await;
    for nanos in [0, 999, 1_000, 1_999, 86_399_999_999_999] {
        let time = NaiveTime::from_num_seconds_from_midnight_opt(
            (nanos / 1_000_000_000) as u32,
            (nanos % 1_000_000_000) as u32,
        );
        oracle
            .agree(Scalar::Time { nanos }.into(), time.unwrap())
            .await;
    }
    for (seconds, nanos) in [
        (0, 0),
        (1, 0),
        (-1, 999_999_999),
        (253_402_300_799, 999_999_000),
    ] {
        let instant = DateTime::<Utc>::from_timestamp(seconds, nanos).unwrap();
        let local = Scalar::Timestamp { seconds, nanos };
        oracle.agree(local.into(), instant.naive_utc()).await;
        let zoned = Scalar::TimestampTz {
            seconds,
            nanos,
            offset_s: 3600,
        };
        oracle.agree(zoned.into(), instant).await;
    }
    let far = Scalar::Timestamp {
        seconds: -100_000_000_000_000,
        nanos: 0,
    };
    oracle.refused(far.into()).await;
}

#[tokio::test]
async fn spans_are_times() {
    let (_database, mut oracle) = oracle().await;
    for micros in [0, 1, -1, 3_020_399_000_000, -3_020_399_000_000] {
        let span = Scalar::Interval {
            months: 0,
            days: 0,
            micros,
        };
        let same = TimeDelta::microseconds(micros);
        let same = sqlx::mysql::types::MySqlTime::try_from(same).unwrap();
        oracle.agree(span.into(), same).await;
    }
    for (months, days, micros) in [(1, 0, 0), (0, 1, 0), (0, 0, 3_020_400_000_000)] {
        oracle
            .refused(
                Scalar::Interval {
                    months,
                    days,
                    micros,
                }
                .into(),
            )
            .await;
    }
    oracle
        .refused(
            Scalar::TimeTz {
                nanos: 0,
                offset_s: 0,
            }
            .into(),
        )
        .await;
}

#[tokio::test]
async fn nulls_and_what_there_is_not() {
    let (_database, mut oracle) = oracle().await;
    let null = |scalar| Value::Null(ValueType::scalar(scalar));
    oracle.agree(null(ScalarType::I64), None::<i64>).await;
    oracle.agree(null(ScalarType::U8), None::<u8>).await;
    oracle.agree(null(ScalarType::Text), None::<String>).await;
    oracle.agree(null(ScalarType::Bytes), None::<Vec<u8>>).await;
    oracle
        .agree(null(ScalarType::Decimal), None::<BigDecimal>)
        .await;
    oracle
        .agree(null(ScalarType::TimestampTz), None::<DateTime<Utc>>)
        .await;
    oracle
        .agree(null(ScalarType::Json), None::<Json<String>>)
        .await;
    oracle
        .refused(Value::Null(ValueType::array(ScalarType::I64)))
        .await;
    let array = Array {
        element: ScalarType::I64,
        dimensions: vec![],
        elements: vec![],
    };
    oracle.refused(Value::Array(array)).await;
    let range = Range {
        element: ScalarType::I64,
        edges: None,
    };
    oracle.refused(Value::Range(range)).await;
}

#[tokio::test]
async fn named_values_fill_enums() {
    let database = database().await;
    let mut driver = open(&database).await;
    driver
        .command("CREATE TABLE t (mood ENUM('sad', 'ok'))")
        .await
        .unwrap();
    let mood = Scalar::Named {
        type_name: "mood".into(),
        text: "ok".into(),
    };
    rows(&mut driver, "INSERT INTO t VALUES (?)", vec![mood.into()])
        .await
        .unwrap();
    assert_eq!(
        one(&mut driver, "SELECT mood FROM t").await.as_deref(),
        Some("ok")
    );
    let of = rows(&mut driver, "SELECT mood FROM t", vec![])
        .await
        .unwrap();
    assert_eq!(of.columns[0][0].column_type.name, "ENUM");
}
