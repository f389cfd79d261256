use onepool_proto::Failure;
use tempfile::TempDir;

use super::*;
use crate::db::Driver;

/// What must not run on a connection that only reads, whatever has let it through.
const WRITES: [&str; 17] = [
    "INSERT INTO t VALUES (2)",
    "UPDATE t SET a = 2",
    "DELETE FROM t",
    "CREATE TABLE u (a)",
    "CREATE TEMPORARY TABLE u (a)",
    "CREATE INDEX j ON t (a)",
    "DROP TABLE t",
    "ALTER TABLE t ADD COLUMN b",
    "REINDEX t",
    "ANALYZE",
    "ATTACH ':memory:' AS other",
    "PRAGMA user_version = 7",
    "PRAGMA journal_mode = delete",
    "PRAGMA wal_checkpoint(TRUNCATE)",
    "PRAGMA writable_schema = 1",
    "PRAGMA query_only = 0",
    "WITH one AS (SELECT 3 AS a) INSERT INTO t SELECT a FROM one",
];

/// A file with a row, and who has written it.
async fn written(folder: &TempDir) -> (SqliteOptions, Driver) {
    let url = format!("sqlite:{}?mode=rwc", folder.path().join("a.db").display());
    let options = SqliteOptions::parse(&url).unwrap();
    let mut writer = Driver::Sqlite(options.connect().await.unwrap());
    let sql = "CREATE TABLE t (a); INSERT INTO t VALUES (1); CREATE VIEW v AS SELECT a FROM t; \
               CREATE INDEX i ON t (a)";
    writer.command(sql).await.unwrap();
    (options, writer)
}

fn native(failure: &Failure) -> Option<&str> {
    failure.database.as_deref()?.code.as_deref()
}

#[tokio::test]
async fn whoever_reads_writes_nothing_by_whatever_statement() {
    let folder = TempDir::new().unwrap();
    let (options, mut writer) = written(&folder).await;
    let mut reader = Driver::Sqlite(options.reading_only().connect().await.unwrap());
    for sql in WRITES {
        let Err(failure) = reader.command(sql).await else {
            panic!("it ran: {sql}");
        };
        assert_eq!(native(&failure), Some("23"), "{sql}: {failure}");
    }
    let failure = reader
        .command("SELECT load_extension('x')")
        .await
        .unwrap_err();
    assert!(failure.message.contains("not authorized"), "{failure}");
    let copy = folder.path().join("copy.db");
    let into = format!("VACUUM INTO '{}'", copy.display());
    for sql in ["VACUUM", into.as_str()] {
        assert!(reader.command(sql).await.is_err(), "{sql}");
    }
    assert!(!copy.exists());

    for sql in [
        "SELECT a FROM v",
        "WITH RECURSIVE n(a) AS (SELECT 1 UNION SELECT a + 1 FROM n WHERE a < 1) SELECT a FROM n",
        "SELECT count(*) FROM pragma_table_info('t')",
        "PRAGMA cache_size = 100; PRAGMA query_only = 1; BEGIN; SAVEPOINT s; SELECT max(a) FROM t; \
         RELEASE s; COMMIT; SELECT 1",
    ] {
        let rows = reader.query(sql).await.unwrap();
        assert_eq!(rows.last().unwrap(), &[Some("1".to_owned())], "{sql}");
    }
    // It sees what is written meanwhile.
    writer.command("INSERT INTO t VALUES (2)").await.unwrap();
    let rows = reader.query("SELECT count(*) FROM t").await.unwrap();
    assert_eq!(rows, [[Some("2".to_owned())]]);
    reader.close().await;
    writer.close().await;
}

/// Each of the two would do by itself.
#[tokio::test]
async fn the_file_is_open_for_reading_alone() {
    let folder = TempDir::new().unwrap();
    let (options, writer) = written(&folder).await;
    let mut unasked = options.reading_only();
    unasked.reads_only = false;
    let mut reader = Driver::Sqlite(unasked.connect().await.unwrap());
    let failure = reader.command(WRITES[0]).await.unwrap_err();
    assert_eq!(native(&failure), Some("8"), "{failure}");
    reader.close().await;
    writer.close().await;
}
