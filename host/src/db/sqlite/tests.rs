use bytes::Bytes;
use onepool_proto::column::sqlite_tag;
use onepool_proto::message::{Parameters, PrepareDetail, Want};
use onepool_proto::{
    Code, DatabaseKind, Format, Scalar, ScalarType, Value, ValueType, error::kind,
};
use tempfile::TempDir;

use crate::db::testing::run;
use crate::db::{Driver, Interrupter, Source, Statement, is_broken, is_interrupted};

fn source(folder: &TempDir) -> Source {
    let path = folder.path().join("a.db");
    Source::parse(&format!("sqlite:{}?mode=rwc", path.display())).unwrap()
}

async fn open(folder: &TempDir) -> Driver {
    source(folder).connect().await.unwrap()
}

fn number(value: i64) -> Option<Vec<u8>> {
    let word = value.to_le_bytes();
    Some([&[sqlite_tag::INTEGER], &word[..]].concat())
}

fn text(value: &str) -> Option<Vec<u8>> {
    Some([&[sqlite_tag::TEXT], value.as_bytes()].concat())
}

/// Stops the next statement as soon as it runs.
async fn stop_running(interrupter: &Interrupter) {
    let number = loop {
        match interrupter.running() {
            Some(number) => break number,
            None => tokio::task::yield_now().await,
        }
    };
    interrupter.interrupt(number);
}

async fn rows(driver: &mut Driver, sql: &str) -> Vec<Vec<Option<String>>> {
    driver.query(sql).await.unwrap()
}

#[tokio::test]
async fn rows_carry_their_cells_types() {
    let folder = TempDir::new().unwrap();
    let mut driver = open(&folder).await;
    assert_eq!(driver.kind(), DatabaseKind::Sqlite);
    driver
        .command("CREATE TABLE t (i INTEGER, r REAL, s TEXT, b BLOB, n DATETIME)")
        .await
        .unwrap();
    let arguments = vec![
        Value::Scalar(Scalar::I64(i64::MIN)),
        Value::Scalar(Scalar::F64(1.5)),
        Value::Scalar(Scalar::Text("héllo".into())),
        Value::Scalar(Scalar::Bytes(Bytes::from_static(b"\0\x01"))),
        Value::Null(ValueType::scalar(ScalarType::Text)),
    ];
    let insert = Statement::with("INSERT INTO t VALUES (?, ?, ?, ?, ?)", arguments);
    let inserted = run(&mut driver, insert, Want::Summary).await.unwrap();
    assert_eq!(inserted.summaries[0].rows_affected, 1);
    assert_eq!(inserted.summaries[0].last_insert_id, Some(1));

    let select = Statement::with("SELECT i, r, s, b, n FROM t", vec![]);
    let selected = run(&mut driver, select, Want::Rows).await.unwrap();
    assert_eq!(selected.formats, [Format::Binary]);
    let types = selected.columns[0].iter().map(|c| &*c.column_type.name);
    assert_eq!(
        types.collect::<Vec<_>>(),
        ["INTEGER", "REAL", "TEXT", "BLOB", "DATETIME"]
    );
    let real = [&[sqlite_tag::REAL], &1.5_f64.to_le_bytes()[..]].concat();
    let blob = vec![sqlite_tag::BLOB, 0, 1];
    assert_eq!(
        selected.rows,
        [[
            number(i64::MIN),
            Some(real),
            text("héllo"),
            Some(blob),
            None
        ]]
    );
    driver.close().await;
}

#[tokio::test]
async fn a_text_may_hold_several_statements() {
    let folder = TempDir::new().unwrap();
    let mut driver = open(&folder).await;
    let sql =
        "CREATE TABLE t (a); INSERT INTO t VALUES (1), (2); SELECT a FROM t; SELECT 'x' AS b, 2";
    let all = run(&mut driver, Statement::text(sql), Want::Rows)
        .await
        .unwrap();
    assert_eq!(all.summaries.len(), 4);
    assert_eq!(all.columns.len(), 2);
    assert_eq!(
        all.rows,
        [vec![number(1)], vec![number(2)], vec![text("x"), number(2)]]
    );
    let none = run(&mut driver, Statement::text(" -- nothing "), Want::Rows)
        .await
        .unwrap();
    assert_eq!((none.rows.len(), none.summaries.len()), (0, 0));
}

#[tokio::test]
async fn a_long_result_comes_in_pages_and_the_first_row_alone() {
    const MANY: &str = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT 20000) \
                        SELECT i, 'some text to fill the pages' FROM n";
    let folder = TempDir::new().unwrap();
    let mut driver = open(&folder).await;
    let all = run(&mut driver, Statement::with(MANY, vec![]), Want::Rows)
        .await
        .unwrap();
    assert_eq!(all.rows.len(), 20_000);
    assert!(all.pages > 5, "{} pages", all.pages);
    assert_eq!(all.rows[19_999][0], number(20_000));

    let first = run(&mut driver, Statement::with(MANY, vec![]), Want::First)
        .await
        .unwrap();
    assert_eq!(
        first.rows,
        [[number(1), text("some text to fill the pages")]]
    );
    let summary = run(&mut driver, Statement::with(MANY, vec![]), Want::Summary)
        .await
        .unwrap();
    assert_eq!((summary.rows.len(), summary.summaries.len()), (0, 1));
    assert_eq!(rows(&mut driver, "SELECT 1").await, [[Some("1".into())]]);
}

#[tokio::test]
async fn a_changed_table_does_not_crash_a_statement_with_a_star() {
    // sqlx keeps the columns of the first time, SQLite adds the new one: the worker would panic.
    let folder = TempDir::new().unwrap();
    let (mut reader, mut writer) = (open(&folder).await, open(&folder).await);
    writer
        .command("CREATE TABLE t (a); INSERT INTO t VALUES (1)")
        .await
        .unwrap();
    let select = || Statement::with("SELECT * FROM t", vec![]);
    let before = run(&mut reader, select(), Want::Rows).await.unwrap();
    assert_eq!(before.rows, [[number(1)]]);
    writer
        .command("ALTER TABLE t ADD COLUMN b DEFAULT 2")
        .await
        .unwrap();
    let after = run(&mut reader, select(), Want::Rows).await.unwrap();
    assert_eq!(after.rows, [[number(1), number(2)]]);
    let first = run(&mut reader, select(), Want::First).await.unwrap();
    assert_eq!(first.rows, after.rows);
    assert_eq!(after.summaries.len(), 1);
}

#[tokio::test]
async fn a_worker_that_dies_is_an_error_and_not_the_end_of_the_rows() {
    // The driver expects every column's name to be UTF-8.
    let folder = TempDir::new().unwrap();
    let mut driver = open(&folder).await;
    driver
        .command(
            "CREATE TABLE t (a); PRAGMA writable_schema = ON; UPDATE sqlite_master \
             SET sql = CAST(x'435245415445205441424c452074202822ff2229' AS TEXT)",
        )
        .await
        .unwrap();
    for want in [Want::Rows, Want::First, Want::Summary] {
        let mut driver = open(&folder).await;
        let fatal = Statement::with("SELECT * FROM t", vec![]);
        let failure = run(&mut driver, fatal, want).await.unwrap_err();
        assert_eq!(failure.code, Code::DATABASE_PROTOCOL);
        assert!(is_broken(&failure));
        driver.close().await;
    }
}

#[tokio::test]
async fn a_parameter_below_the_first_is_refused() {
    let folder = TempDir::new().unwrap();
    let mut driver = open(&folder).await;
    let below = Statement::with("SELECT $0", vec![Scalar::I64(1).into()]);
    let failure = run(&mut driver, below, Want::Rows).await.unwrap_err();
    assert_eq!(failure.code, Code::INVALID_ARGUMENT);
    let costs = Statement::with("SELECT 'costs $0', $1", vec![Scalar::I64(1).into()]);
    let costs = run(&mut driver, costs, Want::Rows).await.unwrap();
    assert_eq!(costs.rows, [[text("costs $0"), number(1)]]);
}

#[tokio::test]
async fn errors_keep_code_and_kind_and_the_backend() {
    let folder = TempDir::new().unwrap();
    let mut driver = open(&folder).await;
    driver
        .command("CREATE TABLE t (a INTEGER PRIMARY KEY); INSERT INTO t VALUES (1)")
        .await
        .unwrap();
    let again = Statement::with("INSERT INTO t VALUES (?)", vec![Scalar::I64(1).into()]);
    let failure = run(&mut driver, again, Want::Summary).await.unwrap_err();
    assert_eq!(failure.code, Code::DATABASE);
    assert!(!is_broken(&failure));
    let database = failure.database.unwrap();
    assert_eq!(database.code.as_deref(), Some("1555"));
    assert_eq!(database.kind, kind::UNIQUE_VIOLATION);
    assert_eq!(database.message, "UNIQUE constraint failed: t.a");

    let named = Statement::with("SELECT :name", vec![Scalar::I64(1).into()]);
    let failure = run(&mut driver, named, Want::Rows).await.unwrap_err();
    assert_eq!(failure.code, Code::INVALID_ARGUMENT);
    let huge = Statement::with("SELECT ?", vec![Scalar::U64(u64::MAX).into()]);
    let failure = run(&mut driver, huge, Want::Rows).await.unwrap_err();
    assert_eq!(failure.code, Code::INVALID_ARGUMENT);
    assert!(failure.message.starts_with("argument 1 (U64): SQLite"));
    let failure = driver.command("SELECT 1;\0 SELECT 2").await.unwrap_err();
    assert_eq!(failure.code, Code::INVALID_ARGUMENT);
    driver.ping().await.unwrap();
}

#[tokio::test]
async fn an_interrupt_stops_the_statement_it_names_and_no_other() {
    const ENDLESS: &str = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) \
                           SELECT count(*) FROM n";
    let folder = TempDir::new().unwrap();
    let mut driver = open(&folder).await;
    let interrupter = driver.interrupter();
    let endless = run(&mut driver, Statement::with(ENDLESS, vec![]), Want::Rows);
    let stop = stop_running(&interrupter);
    let (ended, ()) = tokio::join!(endless, stop);
    let failure = ended.unwrap_err();
    assert!(
        is_interrupted(&failure) && !is_broken(&failure),
        "{failure:?}"
    );
    assert_eq!(interrupter.running(), None);

    // The stop is still set, for a number that has gone by.
    let long = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT 100000) \
                SELECT count(*) FROM n";
    assert_eq!(rows(&mut driver, long).await, [[Some("100000".into())]]);
}

#[tokio::test]
async fn an_interrupted_write_ends_the_transaction_and_it_shows() {
    let folder = TempDir::new().unwrap();
    let mut driver = open(&folder).await;
    driver
        .command("CREATE TABLE t (a); BEGIN IMMEDIATE")
        .await
        .unwrap();
    assert_eq!(driver.transaction_open().await, Some(true));
    let interrupter = driver.interrupter();
    let write = driver.command(
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) INSERT INTO t SELECT i FROM n",
    );
    let stop = stop_running(&interrupter);
    let (ended, ()) = tokio::join!(write, stop);
    assert!(is_interrupted(&ended.unwrap_err()));
    assert_eq!(driver.transaction_open().await, Some(false));
}

#[tokio::test]
async fn preparing_tells_parameters_and_columns() {
    let folder = TempDir::new().unwrap();
    let mut driver = open(&folder).await;
    driver
        .command("CREATE TABLE t (a INTEGER NOT NULL, b TEXT)")
        .await
        .unwrap();
    let sql = "SELECT a, b, 1 AS c FROM t WHERE a = ? AND b = ?";
    let prepared = driver
        .prepare(sql, &[], PrepareDetail::Statement)
        .await
        .unwrap();
    assert_eq!(prepared.parameters, Some(Parameters::Count(2)));
    let names = prepared.columns.iter().map(|c| &*c.name);
    assert_eq!(names.collect::<Vec<_>>(), ["a", "b", "c"]);
    let origin = prepared.columns[1].origin.as_ref().unwrap();
    assert_eq!((&*origin.table, &*origin.column), ("t", "b"));
    assert!(prepared.columns[2].origin.is_none() && prepared.nullable.is_empty());

    let described = driver
        .prepare(sql, &[], PrepareDetail::Describe)
        .await
        .unwrap();
    assert_eq!(described.nullable, [Some(false), Some(true), Some(false)]);
}

#[tokio::test]
async fn opening_sets_the_files_ways() {
    let folder = TempDir::new().unwrap();
    let mut driver = open(&folder).await;
    let ways = "SELECT * FROM pragma_journal_mode, pragma_foreign_keys, pragma_busy_timeout";
    let set = rows(&mut driver, ways).await;
    assert_eq!(set, [["wal", "1", "5000"].map(|way| Some(way.to_owned()))]);
    let url = format!("sqlite:{}?mode=ro", folder.path().join("a.db").display());
    let mut reader = Source::parse(&url).unwrap().connect().await.unwrap();
    let failure = reader.command("CREATE TABLE t (a)").await.unwrap_err();
    assert_eq!(failure.database.unwrap().code.as_deref(), Some("8"));
}

#[tokio::test]
async fn many_may_open_a_new_file_at_once() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("a.db");
    let url = format!("sqlite:{}?mode=rwc", path.display());
    // Sources of their own, as other processes have.
    let opened = (0..8).map(|_| async { Source::parse(&url).unwrap().connect().await });
    for driver in futures_util::future::join_all(opened).await {
        driver.unwrap().close().await;
    }
}

#[tokio::test]
async fn what_cannot_be_pooled_or_opened_says_why() {
    for url in [
        "sqlite::memory:",
        "sqlite://:memory:",
        "sqlite:x.db?mode=memory",
        "sqlite:",
    ] {
        let failure = Source::parse(url).unwrap_err();
        assert_eq!(failure.code, Code::CONFIGURATION);
        assert!(failure.message.contains("in-memory"), "{failure}");
    }
    // Only the open database shows that this one has no file.
    let hidden = Source::parse("sqlite:x.db?m%6fde=memory").unwrap();
    let failure = hidden.connect().await.unwrap_err();
    assert_eq!(failure.code, Code::CONFIGURATION);

    let failure = Source::parse("oracle://u:secret@h/d").unwrap_err();
    assert_eq!(failure.code, Code::CONFIGURATION);
    assert!(!failure.message.contains("secret"));

    let folder = TempDir::new().unwrap();
    let missing = folder.path().join("none.db");
    let source = Source::parse(&format!("sqlite:{}", missing.display())).unwrap();
    let failure = source.connect().await.unwrap_err();
    assert_eq!(failure.code, Code::DATABASE_DOWN);
    assert!(failure.message.contains("none.db"), "{failure}");
    assert!(failure.message.contains("?mode=rwc"), "{failure}");
}

#[tokio::test]
async fn a_supplier_is_asked_for_every_connection() {
    let folder = TempDir::new().unwrap();
    let url = format!("sqlite:{}?mode=rwc", folder.path().join("a.db").display());
    let (tx, rx) = std::sync::mpsc::channel();
    let again = url.clone();
    let supplier = std::sync::Arc::new(move || {
        tx.send(()).unwrap();
        let url = again.clone();
        Box::pin(async move { Ok(url) }) as futures_util::future::BoxFuture<'static, _>
    });
    let source = Source::from_supplier(&url, supplier)
        .unwrap()
        .with_statement_cache(2);
    for _ in 0..2 {
        source.connect().await.unwrap().close().await;
    }
    assert_eq!(rx.try_iter().count(), 2);
}
