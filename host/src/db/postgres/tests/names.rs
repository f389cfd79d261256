//! Types that only the database knows.

use onepool_proto::value::Array;
use onepool_proto::{Code, Failure, Scalar, ScalarType, Value, ValueType};

use super::{database, open, rows, text};
use crate::db::Driver;
use crate::db::testing::Yield;

fn named(type_name: &str, text: &str) -> Value {
    Value::Scalar(Scalar::Named {
        type_name: type_name.into(),
        text: text.into(),
    })
}

async fn seen(driver: &mut Driver, value: Value) -> Result<Yield, Failure> {
    rows(driver, "SELECT pg_typeof($1)::text, $1::text", vec![value]).await
}

#[tokio::test]
async fn enums_domains_composites_and_extensions() {
    let database = database().await;
    let mut driver = open(&database).await;
    driver
        .command(
            "CREATE TYPE mood AS ENUM ('sad', 'it''s ok'); \
             CREATE DOMAIN positive AS int CHECK (VALUE > 0); \
             CREATE DOMAIN label AS text; \
             CREATE TYPE \"Odd pair\" AS (a int, b text); \
             CREATE SCHEMA other; CREATE TYPE other.mood AS ENUM ('up')",
        )
        .await
        .unwrap();
    for (name, value, as_what) in [
        ("mood", "it's ok", "mood"),
        ("other.mood", "up", "other.mood"),
        ("positive", "7", "positive"),
        ("label", "x y", "label"),
        ("\"Odd pair\"", "(1,\"a b\")", "\"Odd pair\""),
        ("money", "$1.00", "money"),
        ("point", "(1,2)", "point"),
        ("macaddr", "08:00:2b:01:02:03", "macaddr"),
        ("xml", "<a/>", "xml"),
        ("json", "{\"a\": 1}", "json"),
        ("bit varying", "101", "bit varying"),
    ] {
        // Twice, for the second time comes from memory.
        for _ in 0..2 {
            let seen = seen(&mut driver, named(name, value)).await.unwrap();
            assert_eq!(seen.rows, [[text(as_what), text(value)]]);
        }
    }
    let null = Value::Null(ValueType::scalar(ScalarType::Named("mood".into())));
    let seen = seen(&mut driver, null).await.unwrap();
    assert_eq!(seen.rows, [[text("mood"), None]]);
}

#[tokio::test]
async fn arrays_of_named_types() {
    let database = database().await;
    let mut driver = open(&database).await;
    driver
        .command("CREATE TYPE mood AS ENUM ('sad', 'ok'); CREATE DOMAIN small AS int2")
        .await
        .unwrap();
    let array = |name: &str, texts: [&str; 2]| {
        let element = |text: &str| Scalar::Named {
            type_name: name.into(),
            text: text.into(),
        };
        Value::Array(Array {
            element: ScalarType::Named(name.into()),
            dimensions: vec![3],
            elements: vec![Some(element(texts[0])), None, Some(element(texts[1]))],
        })
    };
    let moods = seen(&mut driver, array("mood", ["ok", "sad"]))
        .await
        .unwrap();
    assert_eq!(moods.rows, [[text("mood[]"), text("{ok,NULL,sad}")]]);
    let smalls = seen(&mut driver, array("small", ["2", "-1"]))
        .await
        .unwrap();
    assert_eq!(smalls.rows, [[text("small[]"), text("{2,NULL,-1}")]]);
}

#[tokio::test]
async fn what_is_wrong_with_a_named_value_is_told() {
    let database = database().await;
    let mut driver = open(&database).await;
    let failure = seen(&mut driver, named("no_such", "x")).await.unwrap_err();
    assert_eq!(
        (failure.code, &*failure.message),
        (Code::TYPE_NOT_FOUND, "no_such")
    );
    // A name is never more than a name.
    for name in ["x'); SELECT 1; --", "x[]'", "text; DROP TABLE t"] {
        let failure = seen(&mut driver, named(name, "x")).await.unwrap_err();
        assert!(
            matches!(failure.code, Code::TYPE_NOT_FOUND | Code::DATABASE),
            "{failure:?}"
        );
    }
    let failure = seen(&mut driver, named("money", "much")).await.unwrap_err();
    assert_eq!(failure.database.unwrap().code.as_deref(), Some("22P02"));
    driver.ping().await.unwrap();
}

#[tokio::test]
async fn a_name_means_what_the_search_path_says_now() {
    let database = database().await;
    let mut driver = open(&database).await;
    driver
        .command(
            "CREATE SCHEMA a; CREATE TYPE a.mood AS ENUM ('x'); \
             CREATE SCHEMA b; CREATE TYPE b.mood AS ENUM ('x'); SET search_path = a",
        )
        .await
        .unwrap();
    let sql = "SELECT n.nspname::text FROM pg_type t JOIN pg_namespace n ON n.oid = t.typnamespace \
               WHERE t.oid = pg_typeof($1)";
    for (set, schema) in [
        ("SELECT 1", "a"),
        ("SET search_path = b", "b"),
        ("BEGIN; SET LOCAL search_path = a", "a"),
        ("COMMIT", "b"),
        ("BEGIN; SET search_path = a", "a"),
        ("ROLLBACK", "b"),
    ] {
        driver.command(set).await.unwrap();
        let seen = rows(&mut driver, sql, vec![named("mood", "x")])
            .await
            .unwrap();
        assert_eq!(seen.rows, [[text(schema)]], "{set}");
    }
}

#[tokio::test]
async fn a_type_made_anew_is_found_at_the_second_try() {
    let database = database().await;
    let (mut driver, mut other) = (open(&database).await, open(&database).await);
    other
        .command("CREATE TYPE mood AS ENUM ('x')")
        .await
        .unwrap();
    // Not a text that makes the driver forget what the name means.
    let sql = "SELECT $1::text";
    rows(&mut driver, sql, vec![named("mood", "x")])
        .await
        .unwrap();
    other
        .command("DROP TYPE mood; CREATE TYPE mood AS ENUM ('x', 'y')")
        .await
        .unwrap();
    let first = rows(&mut driver, sql, vec![named("mood", "y")]).await;
    let failure = first.unwrap_err();
    assert_eq!(failure.code, Code::DATABASE, "{failure:?}");
    let second = rows(&mut driver, sql, vec![named("mood", "y")])
        .await
        .unwrap();
    assert_eq!(second.rows, [[text("y")]]);
}
