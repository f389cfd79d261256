//! Arguments that no SDK makes.

use bytes::Bytes;
use onepool_proto::service::BrokerResponse;
use onepool_proto::value::Array;
use onepool_proto::{Code, DatabaseKind, Scalar, ScalarType, Value};

use super::super::raw::{OPEN, Raw, call, code_of, execute, with};
use super::Scene;

/// Values that no SDK makes.
#[expect(
    clippy::too_many_lines,
    reason = "a list of cases, one after the other"
)]
fn strange_values() -> Vec<Value> {
    let text = |text: &str| text.to_owned();
    let array = |dimensions: &[u32], elements: Vec<Option<Scalar>>| {
        Value::Array(Array {
            element: ScalarType::I32,
            dimensions: dimensions.to_vec(),
            elements,
        })
    };
    let named = |name: &str| {
        Value::Scalar(Scalar::Named {
            type_name: text(name),
            text: text("x"),
        })
    };
    let time = |seconds| {
        Value::Scalar(Scalar::TimestampTz {
            seconds,
            nanos: u32::MAX,
            offset_s: i32::MIN,
        })
    };
    vec![
        array(&[u32::MAX; 6], Vec::new()),
        array(&[2, 2], vec![Some(Scalar::I32(1))]),
        array(&[], vec![Some(Scalar::I32(1))]),
        array(&[1; 10_000], vec![Some(Scalar::I32(1))]),
        array(&[1], vec![Some(Scalar::Text(text("not a number")))]),
        Value::Scalar(Scalar::Decimal(text("1e9999999999"))),
        Value::Scalar(Scalar::Decimal(text("--"))),
        Value::Scalar(Scalar::Decimal("9".repeat(200_000))),
        Value::Scalar(Scalar::Json(text("{"))),
        Value::Scalar(Scalar::Json("[".repeat(200_000))),
        Value::Scalar(Scalar::Text(text("a\0b"))),
        Value::Scalar(Scalar::Date { days: i32::MAX }),
        Value::Scalar(Scalar::Date { days: i32::MIN }),
        Value::Scalar(Scalar::Time { nanos: u64::MAX }),
        Value::Scalar(Scalar::TimeTz {
            nanos: u64::MAX,
            offset_s: i32::MIN,
        }),
        time(i64::MIN),
        time(i64::MAX),
        Value::Scalar(Scalar::Timestamp {
            seconds: i64::MIN,
            nanos: u32::MAX,
        }),
        Value::Scalar(Scalar::Interval {
            months: i32::MIN,
            days: i32::MIN,
            micros: i64::MIN,
        }),
        Value::Scalar(Scalar::Inet {
            address: Bytes::from_static(b"12345"),
            prefix: 255,
        }),
        Value::Scalar(Scalar::Inet {
            address: Bytes::new(),
            prefix: 0,
        }),
        named(""),
        named("no.such.type.at.all"),
        named("x'); DROP TABLE t; --"),
        named(&"x".repeat(10_000)),
    ]
}

/// Each strange value is an error or a value, and the next statement works.
async fn values(kind: DatabaseKind) {
    let scene = Scene::new(kind).await;
    let mut rogue = Raw::enter(&scene.host).await;
    let sql = if kind == DatabaseKind::Postgres {
        "SELECT $1"
    } else {
        "SELECT ?"
    };
    rogue.done(execute(call(1, &[OPEN]), "SELECT 1")).await;
    for value in strange_values() {
        let shown = format!("{value:?}");
        let shown = &shown[..shown.len().min(200)];
        let code = code_of(
            &rogue
                .call(with(call(2, &[]), sql, vec![value.clone()]))
                .await,
        );
        let expected = [
            None,
            Some(Code::INVALID_ARGUMENT),
            Some(Code::DATABASE),
            Some(Code::ENCODE),
            Some(Code::TYPE_NOT_FOUND),
        ];
        assert!(expected.contains(&code), "{code:?} for {shown}");
        let one = rogue.done(with(call(2, &[]), "SELECT 1", Vec::new())).await;
        assert!(
            matches!(one, BrokerResponse::Execute(Ok(_))),
            "after {shown}"
        );
    }
    // As many arguments as a frame holds, of which the statement has a use for one.
    let many = vec![Value::Scalar(Scalar::Bool(true)); 100_000];
    rogue.call(with(call(2, &[]), sql, many)).await;
    rogue.still_works().await;
    scene.finish(rogue).await;
}

#[tokio::test]
async fn strange_values_on_sqlite() {
    values(DatabaseKind::Sqlite).await;
}

#[tokio::test]
async fn strange_values_on_postgres() {
    values(DatabaseKind::Postgres).await;
}

#[tokio::test]
async fn strange_values_on_mariadb() {
    values(DatabaseKind::MySql).await;
}
