//! Texts, cells, and what the driver's statement cache makes of them.

use onepool_proto::message::{Parameters, PrepareDetail, Want};
use onepool_proto::{Code, Format, Scalar, ScalarType, ValueType};

use super::{database, one, open, rows, text};
use crate::db::testing::run;
use crate::db::{Source, Statement, is_broken, is_stale_plan};

#[tokio::test]
async fn one_text_with_other_types_is_another_statement() {
    // The driver's cache knows texts only: without care, the second is a silently wrong value.
    let database = database().await;
    let mut driver = open(&database).await;
    let sql = "SELECT $1::text";
    for (value, seen) in [
        (Scalar::I64(0), "0"),
        (
            Scalar::TimestampTz {
                seconds: 946_684_800,
                nanos: 0,
                offset_s: 0,
            },
            "2000-01-01 00:00:00+00",
        ),
        (Scalar::Text("a".into()), "a"),
        (Scalar::I64(1), "1"),
        (Scalar::F64(0.5), "0.5"),
    ] {
        let row = rows(&mut driver, sql, vec![value.into()]).await.unwrap();
        assert_eq!(row.rows, [[text(seen)]]);
    }
}

#[tokio::test]
async fn cells_are_binary_with_arguments_and_text_without() {
    let database = database().await;
    let mut driver = open(&database).await;
    let sql = "SELECT 1::int4 AS a, NULL::text AS b, ''::text AS c, '{1}'::int4[] AS d";
    let binary = rows(&mut driver, sql, vec![]).await.unwrap();
    assert_eq!(binary.formats, [Format::Binary]);
    let array = [
        0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 23, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 4, 0, 0, 0, 1,
    ];
    assert_eq!(
        binary.rows,
        [[Some(vec![0, 0, 0, 1]), None, text(""), Some(array.to_vec())]]
    );
    let types = binary.columns[0].iter().map(|column| {
        let of = &column.column_type;
        (&*column.name, of.id, of.detail, &*of.name)
    });
    assert_eq!(
        types.collect::<Vec<_>>(),
        [
            ("a", 23, 0, "INT4"),
            ("b", 25, 0, "TEXT"),
            ("c", 25, 0, "TEXT"),
            ("d", 1007, 23, "INT4[]")
        ]
    );
    let plain = run(&mut driver, Statement::text(sql), Want::Rows)
        .await
        .unwrap();
    assert_eq!(plain.formats, [Format::Text]);
    assert_eq!(plain.rows, [[text("1"), None, text(""), text("{1}")]]);
}

#[tokio::test]
async fn several_statements_have_their_own_results() {
    let database = database().await;
    let mut driver = open(&database).await;
    let sql = "CREATE TABLE t (a int); INSERT INTO t VALUES (1), (2); SELECT a FROM t; \
               SELECT 'x' AS b, 2; SELECT FROM t";
    let all = run(&mut driver, Statement::text(sql), Want::Rows)
        .await
        .unwrap();
    let affected = all.summaries.iter().map(|summary| summary.rows_affected);
    assert_eq!(affected.collect::<Vec<_>>(), [0, 2, 2, 1, 2]);
    assert_eq!(all.columns.len(), 3);
    let expected = [
        vec![text("1")],
        vec![text("2")],
        vec![text("x"), text("2")],
        vec![],
        vec![],
    ];
    assert_eq!(all.rows, expected);
    let first = run(
        &mut driver,
        Statement::with("SELECT a FROM t", vec![]),
        Want::First,
    )
    .await;
    assert_eq!(first.unwrap().rows, [[Some(vec![0, 0, 0, 1])]]);
    for nothing in ["", " -- nothing ", ";"] {
        let none = run(&mut driver, Statement::text(nothing), Want::Rows)
            .await
            .unwrap();
        assert_eq!((none.rows.len(), none.summaries.len()), (0, 0));
    }
}

#[tokio::test]
async fn a_cursor_of_the_same_name_yields_its_own_columns() {
    // The driver would read the second cursor with the columns of the first.
    let database = database().await;
    let mut driver = open(&database).await;
    let fetch = "FETCH ALL FROM c";
    for prepared in [false, true] {
        driver
            .command("BEGIN; DECLARE c CURSOR FOR SELECT 1::int4")
            .await
            .unwrap();
        if prepared {
            driver
                .prepare(fetch, &[], PrepareDetail::Statement)
                .await
                .unwrap();
        }
        let first = rows(&mut driver, fetch, vec![]).await.unwrap();
        assert_eq!(first.rows, [[Some(vec![0, 0, 0, 1])]]);
        driver
            .command("COMMIT; BEGIN; DECLARE c CURSOR FOR SELECT 'a'::text, 2::int8")
            .await
            .unwrap();
        let second = rows(&mut driver, fetch, vec![]).await.unwrap();
        assert_eq!(
            second.rows,
            [[text("a"), Some(vec![0, 0, 0, 0, 0, 0, 0, 2])]]
        );
        assert_eq!(second.columns[0].len(), 2);
        driver.command("COMMIT").await.unwrap();
    }
}

#[tokio::test]
async fn a_changed_table_makes_a_plan_stale_and_forgetting_helps() {
    let database = database().await;
    let (mut driver, mut other) = (open(&database).await, open(&database).await);
    other
        .command("CREATE TABLE t (a int); INSERT INTO t VALUES (1)")
        .await
        .unwrap();
    let sql = "SELECT * FROM t";
    rows(&mut driver, sql, vec![]).await.unwrap();
    other
        .command("ALTER TABLE t ADD COLUMN b text DEFAULT 'x'")
        .await
        .unwrap();
    let failure = rows(&mut driver, sql, vec![]).await.unwrap_err();
    assert!(
        is_stale_plan(&failure) && !is_broken(&failure),
        "{failure:?}"
    );
    driver.forget_statements().await.unwrap();
    let again = rows(&mut driver, sql, vec![]).await.unwrap();
    assert_eq!(again.rows, [[Some(vec![0, 0, 0, 1]), text("x")]]);

    other.command("CREATE VIEW v AS SELECT 1").await.unwrap();
    let failure = other
        .command("REFRESH MATERIALIZED VIEW CONCURRENTLY v")
        .await
        .unwrap_err();
    assert!(!is_stale_plan(&failure), "{failure:?}");
    driver.command("DEALLOCATE ALL").await.unwrap();
    let failure = rows(&mut driver, sql, vec![]).await.unwrap_err();
    assert!(is_stale_plan(&failure), "{failure:?}");
}

#[tokio::test]
async fn statements_do_not_pile_up_on_the_server() {
    let database = database().await;
    let count = "SELECT count(*)::text FROM pg_prepared_statements";
    let none = Source::parse(&database.url)
        .unwrap()
        .with_statement_cache(0);
    let few = Source::parse(&database.url)
        .unwrap()
        .with_statement_cache(3);
    for (source, most) in [(none, "0"), (few, "3")] {
        let mut driver = source.connect().await.unwrap();
        for number in 0..10 {
            let sql = format!("SELECT {number}");
            rows(&mut driver, &sql, vec![]).await.unwrap();
            let passing = Statement {
                persistent: false,
                ..Statement::with("SHOW ALL", vec![])
            };
            run(&mut driver, passing, Want::Summary).await.unwrap();
        }
        assert_eq!(one(&mut driver, count).await.as_deref(), Some(most));
        driver.forget_statements().await.unwrap();
        assert_eq!(one(&mut driver, count).await.as_deref(), Some("0"));
        driver.close().await;
    }
}

#[tokio::test]
async fn errors_come_with_every_field() {
    let database = database().await;
    let mut driver = open(&database).await;
    driver
        .command("CREATE TABLE t (a int CONSTRAINT small CHECK (a < 10) UNIQUE); INSERT INTO t VALUES (1)")
        .await
        .unwrap();
    let failure = rows(
        &mut driver,
        "INSERT INTO t VALUES ($1)",
        vec![Scalar::I32(1).into()],
    )
    .await
    .unwrap_err();
    assert_eq!(failure.code, Code::DATABASE);
    let error = failure.database.unwrap();
    assert_eq!(error.kind, onepool_proto::error::kind::UNIQUE_VIOLATION);
    assert_eq!(error.code.as_deref(), Some("23505"));
    assert_eq!(error.constraint.as_deref(), Some("t_a_key"));
    assert_eq!(error.table.as_deref(), Some("t"));
    assert_eq!(error.schema.as_deref(), Some("public"));
    assert_eq!(error.detail.as_deref(), Some("Key (a)=(1) already exists."));
    assert_eq!(error.severity.as_deref(), Some("ERROR"));
    assert_eq!(
        error.source.unwrap().routine.as_deref(),
        Some("_bt_check_unique")
    );

    let failure = rows(&mut driver, "SELECT nope FROM t", vec![])
        .await
        .unwrap_err();
    let error = failure.database.unwrap();
    assert_eq!(
        (error.code.as_deref(), error.position),
        (Some("42703"), Some(8))
    );
    let failure = rows(&mut driver, "SELECT $1, $2", vec![Scalar::I32(1).into()])
        .await
        .unwrap_err();
    assert!(!is_broken(&failure), "{failure:?}");
    let failure = driver.command("SELECT 1;\0").await.unwrap_err();
    assert_eq!(failure.code, Code::INVALID_ARGUMENT);
    driver.ping().await.unwrap();
}

#[tokio::test]
async fn preparing_tells_types_and_origins() {
    let database = database().await;
    let mut driver = open(&database).await;
    driver
        .command("CREATE TABLE t (a int NOT NULL, b text)")
        .await
        .unwrap();
    let sql = "SELECT a, b, a + 1 AS c FROM t WHERE a = $1 AND b = $2";
    let prepared = driver
        .prepare(sql, &[], PrepareDetail::Statement)
        .await
        .unwrap();
    let Some(Parameters::Types(types)) = &prepared.parameters else {
        panic!("{prepared:?}");
    };
    let types: Vec<_> = types.iter().map(|of| (of.id, &*of.name)).collect();
    assert_eq!(types, [(23, "INT4"), (25, "TEXT")]);
    let origin = prepared.columns[1].origin.as_ref().unwrap();
    assert_eq!((&*origin.table, &*origin.column), ("t", "b"));
    assert!(prepared.columns[2].origin.is_none());

    let types = [ScalarType::I64, ScalarType::Text].map(ValueType::scalar);
    let prepared = driver
        .prepare(sql, &types, PrepareDetail::Statement)
        .await
        .unwrap();
    let Some(Parameters::Types(seen)) = &prepared.parameters else {
        panic!("{prepared:?}");
    };
    assert_eq!(seen[0].id, 20);
    // It is the statement that runs then.
    let before = "SELECT count(*)::text FROM pg_prepared_statements";
    let count = one(&mut driver, before).await;
    let arguments = vec![Scalar::I64(1).into(), Scalar::Text("x".into()).into()];
    rows(&mut driver, sql, arguments).await.unwrap();
    assert_eq!(one(&mut driver, before).await, count);

    let described = driver
        .prepare(sql, &[], PrepareDetail::Describe)
        .await
        .unwrap();
    assert_eq!(described.nullable, [Some(false), Some(true), None]);
    // What a description prepares, with types of its own, is never run.
    for types in [&types[..1], &[]] {
        driver.forget_statements().await.unwrap();
        let sql = "SELECT a FROM t WHERE a = $1";
        driver
            .prepare(sql, types, PrepareDetail::Describe)
            .await
            .unwrap();
        rows(&mut driver, sql, vec![Scalar::I64(1).into()])
            .await
            .unwrap();
    }
}

#[tokio::test]
async fn a_copy_breaks_the_backend_and_hangs_nobody() {
    let database = database().await;
    for sql in ["COPY t FROM STDIN", "COPY t TO STDOUT"] {
        let mut driver = open(&database).await;
        driver
            .command("CREATE TABLE IF NOT EXISTS t (a int)")
            .await
            .unwrap();
        let failure = run(&mut driver, Statement::text(sql), Want::Rows)
            .await
            .unwrap_err();
        assert!(is_broken(&failure), "{failure:?}");
        driver.close().await;
    }
}
