//! Texts, cells, and what the driver's statement cache makes of them.

use onepool_proto::message::{Parameters, PrepareDetail, Want};
use onepool_proto::{Code, Format, Scalar};

use super::{database, one, open, rows, text};
use crate::db::testing::run;
use crate::db::{Driver, Source, Statement, is_broken};

/// A table of many types, with one row of values and one of NULLs.
async fn table_of_types(driver: &mut Driver) {
    driver
        .command(
            "CREATE TABLE t (a INT UNSIGNED, b BIGINT, c VARCHAR(9), d BLOB, e DATETIME(6), \
             f TIME, g DECIMAL(9, 2), h BOOLEAN, i JSON, j DOUBLE, k YEAR, l BIT(9)); \
             INSERT INTO t VALUES (4294967295, -1, 'é', x'00ff', '2001-02-03 04:05:06.7', \
             '-01:02:03', -1.5, TRUE, '{}', 0.5, 2024, b'100000001'), \
             (NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL)",
        )
        .await
        .unwrap();
}

#[tokio::test]
async fn cells_are_binary_with_arguments() {
    let database = database().await;
    let mut driver = open(&database).await;
    table_of_types(&mut driver).await;
    let binary = rows(&mut driver, "SELECT * FROM t", vec![]).await.unwrap();
    assert_eq!(binary.formats, [Format::Binary]);
    let datetime = [11, 0xd1, 7, 2, 3, 4, 5, 6, 0x60, 0xae, 0x0a, 0];
    let cells = [
        Some(vec![255; 4]),
        Some(vec![255; 8]),
        text("é"),
        Some(vec![0, 255]),
        Some(datetime.to_vec()),
        Some(vec![8, 1, 0, 0, 0, 0, 1, 2, 3]),
        text("-1.50"),
        Some(vec![1]),
        text("{}"),
        Some(0.5_f64.to_le_bytes().to_vec()),
        Some(2024_u16.to_le_bytes().to_vec()),
        Some(vec![1, 1]),
    ];
    assert_eq!(binary.rows, [cells.to_vec(), vec![None; 12]]);
}

#[tokio::test]
async fn columns_tell_their_types() {
    let database = database().await;
    let mut driver = open(&database).await;
    table_of_types(&mut driver).await;
    let binary = rows(&mut driver, "SELECT * FROM t", vec![]).await.unwrap();
    let types = binary.columns[0].iter().map(|column| {
        let of = &column.column_type;
        (
            of.id,
            of.detail & 0xffff,
            of.detail >> 16 & 32 != 0,
            &*of.name,
        )
    });
    assert_eq!(
        types.collect::<Vec<_>>(),
        [
            (0x03, 63, true, "INT UNSIGNED"),
            (0x08, 63, false, "BIGINT"),
            (0xfd, 45, false, "VARCHAR"),
            (0xfc, 63, false, "BLOB"),
            (0x0c, 63, false, "DATETIME"),
            (0x0b, 63, false, "TIME"),
            (0xf6, 63, false, "DECIMAL"),
            (0x01, 63, false, "BOOLEAN"),
            // MariaDB keeps JSON as binary text.
            (0xfc, 45, false, "BLOB"),
            (0x05, 63, false, "DOUBLE"),
            (0x0d, 63, true, "YEAR"),
            (0x10, 63, true, "BIT"),
        ]
    );
}

#[tokio::test]
async fn cells_are_text_without_arguments() {
    let database = database().await;
    let mut driver = open(&database).await;
    table_of_types(&mut driver).await;
    let plain = run(&mut driver, Statement::text("SELECT * FROM t"), Want::First)
        .await
        .unwrap();
    assert_eq!(plain.formats, [Format::Text]);
    let seen = plain.rows[0].iter().take(7).cloned();
    assert_eq!(
        seen.collect::<Vec<_>>(),
        [
            text("4294967295"),
            text("-1"),
            text("é"),
            Some(vec![0, 255]),
            text("2001-02-03 04:05:06.700000"),
            text("-01:02:03"),
            text("-1.50")
        ]
    );
}

#[tokio::test]
async fn a_zero_date_is_not_null_on_the_wire() {
    // The driver calls it NULL; whoever reads the cell may say so too, for its length is zero.
    let database = database().await;
    let mut driver = open(&database).await;
    driver
        .command("SET sql_mode = ''; CREATE TABLE t (d DATE); INSERT INTO t VALUES ('0000-00-00')")
        .await
        .unwrap();
    let zero = rows(&mut driver, "SELECT d FROM t", vec![]).await.unwrap();
    assert_eq!(zero.rows, [[Some(vec![0])]]);
}

#[tokio::test]
async fn several_statements_have_their_own_results() {
    let database = database().await;
    let mut driver = open(&database).await;
    let sql = "CREATE TABLE t (a INT PRIMARY KEY AUTO_INCREMENT, b INT); \
               INSERT INTO t (b) VALUES (7), (8); SELECT b FROM t; SELECT 'x' AS c, 2; \
               UPDATE t SET b = 9";
    let all = run(&mut driver, Statement::text(sql), Want::Rows)
        .await
        .unwrap();
    let affected = all.summaries.iter().map(|summary| summary.rows_affected);
    assert_eq!(affected.collect::<Vec<_>>(), [0, 2, 0, 0, 2]);
    assert_eq!(all.summaries[1].last_insert_id, Some(1));
    assert_eq!(
        all.rows,
        [vec![text("7")], vec![text("8")], vec![text("x"), text("2")]]
    );
    assert_eq!(all.columns.len(), 2);
    // An error in the middle leaves nothing behind for the next statement to trip over.
    let failure = driver
        .command("SELECT 1; SELECT nope; SELECT 2")
        .await
        .unwrap_err();
    assert_eq!(failure.database.unwrap().number, Some(1054));
    assert_eq!(one(&mut driver, "SELECT 3").await.as_deref(), Some("3"));
}

#[tokio::test]
async fn a_wrong_number_of_arguments_is_refused_and_hangs_nobody() {
    // The driver gives such a statement up without sending it, and waits for its answer.
    let database = database().await;
    let mut driver = open(&database).await;
    for given in [vec![], vec![Scalar::I64(1).into(); 3]] {
        let failure = rows(&mut driver, "SELECT ?, ?", given).await.unwrap_err();
        assert_eq!(failure.code, Code::INVALID_ARGUMENT, "{failure}");
        assert!(!is_broken(&failure));
        assert_eq!(one(&mut driver, "SELECT 3").await.as_deref(), Some("3"));
    }
    // Without the cache it cannot be known beforehand, and the backend has to go.
    let passing = Statement {
        persistent: false,
        ..Statement::with("SELECT ?", vec![])
    };
    let failure = run(&mut driver, passing, Want::Rows).await.unwrap_err();
    assert!(is_broken(&failure), "{failure:?}");
    driver.close().await;
}

#[tokio::test]
async fn statements_do_not_pile_up_on_the_server() {
    let database = database().await;
    let none = Source::parse(&database.url)
        .unwrap()
        .with_statement_cache(0);
    let few = Source::parse(&database.url)
        .unwrap()
        .with_statement_cache(3);
    let count = "SHOW SESSION STATUS LIKE 'Com_stmt_%'";
    for (source, kept) in [(none, 0), (few, 3)] {
        let mut driver = source.connect().await.unwrap();
        for number in 0..10 {
            let sql = format!("SELECT {number}");
            rows(&mut driver, &sql, vec![]).await.unwrap();
        }
        let counts = driver.query(count).await.unwrap();
        let of = |name: &str| -> u64 {
            let row = counts
                .iter()
                .find(|row| row[0].as_deref() == Some(name))
                .unwrap();
            row[1].as_deref().unwrap().parse().unwrap()
        };
        assert_eq!(of("Com_stmt_prepare") - of("Com_stmt_close"), kept);
        driver.forget_statements().await.unwrap();
        driver.close().await;
    }
}

#[tokio::test]
async fn a_changed_table_yields_its_new_columns() {
    let database = database().await;
    let (mut driver, mut other) = (open(&database).await, open(&database).await);
    other
        .command("CREATE TABLE t (a INT); INSERT INTO t VALUES (1)")
        .await
        .unwrap();
    let sql = "SELECT * FROM t";
    rows(&mut driver, sql, vec![]).await.unwrap();
    other
        .command("ALTER TABLE t ADD COLUMN b VARCHAR(9) DEFAULT 'x'")
        .await
        .unwrap();
    let after = rows(&mut driver, sql, vec![]).await.unwrap();
    assert_eq!(after.rows, [[Some(vec![1, 0, 0, 0]), text("x")]]);
}

#[tokio::test]
async fn errors_keep_number_and_kind() {
    let database = database().await;
    let mut driver = open(&database).await;
    driver
        .command("CREATE TABLE t (a INT PRIMARY KEY); INSERT INTO t VALUES (1)")
        .await
        .unwrap();
    let again = rows(
        &mut driver,
        "INSERT INTO t VALUES (?)",
        vec![Scalar::I64(1).into()],
    )
    .await;
    let failure = again.unwrap_err();
    assert!(!is_broken(&failure));
    let error = failure.database.unwrap();
    assert_eq!(
        (error.number, error.code.as_deref()),
        (Some(1062), Some("23000"))
    );
    assert_eq!(error.kind, onepool_proto::error::kind::UNIQUE_VIOLATION);
    assert!(
        error.message.starts_with("Duplicate entry '1'"),
        "{}",
        error.message
    );
}

#[tokio::test]
async fn preparing_tells_counts_columns_and_origins() {
    let database = database().await;
    let mut driver = open(&database).await;
    driver
        .command("CREATE TABLE t (a INT NOT NULL, b TEXT)")
        .await
        .unwrap();
    let sql = "SELECT a, b, a + 1 AS c FROM t WHERE a = ? AND b = ?";
    let prepared = driver
        .prepare(sql, &[], PrepareDetail::Statement)
        .await
        .unwrap();
    assert_eq!(prepared.parameters, Some(Parameters::Count(2)));
    let origin = prepared.columns[1].origin.as_ref().unwrap();
    assert_eq!(origin.table, format!("{}.t", database.name));
    assert_eq!(origin.column, "b");
    assert!(prepared.columns[2].origin.is_none());
    let described = driver
        .prepare(sql, &[], PrepareDetail::Describe)
        .await
        .unwrap();
    assert_eq!(described.nullable[..2], [Some(false), Some(true)]);
}

#[tokio::test]
async fn a_row_that_begins_like_an_end_is_an_error_and_reaches_nobody_else() {
    // The driver takes it for the end of the result, and reads what follows as the next answer.
    let server = onepool_tests::OwnServer::start(onepool_tests::Kind::MariaDb).await;
    let database = server.database(5).await;
    let mut admin = Source::parse(&database.admin_url)
        .unwrap()
        .connect()
        .await
        .unwrap();
    admin
        .command("SET GLOBAL max_allowed_packet = 1073741824")
        .await
        .unwrap();
    let long = "SELECT REPEAT('x', 16777216) AS a UNION ALL SELECT 'y'";
    let short = "SELECT REPEAT('x', 16777215) AS a UNION ALL SELECT 'y'";
    let mut driver = open(&database).await;
    let rows_of = |result: crate::db::testing::Yield| result.rows.len();
    for sql in [short, "SELECT 'y' FROM DUAL WHERE FALSE", "DO 0"] {
        let whole = run(&mut driver, Statement::text(sql), Want::Rows)
            .await
            .unwrap();
        assert_eq!(rows_of(whole), if sql == short { 2 } else { 0 });
    }
    let binary = rows(&mut driver, long, vec![]).await.unwrap();
    assert_eq!(rows_of(binary), 2);
    let failure = run(&mut driver, Statement::text(long), Want::Rows)
        .await
        .unwrap_err();
    assert_eq!(failure.code, Code::DATABASE_PROTOCOL);
    assert!(is_broken(&failure));
    driver.close().await;
}
