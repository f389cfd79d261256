//! A plugin that only reads, on a login that may write.

use onepool_host::Code;
use onepool_sdk::{
    BatchExecutor, BatchMode, OnepoolArguments, OnepoolConnectOptions, OnepoolPool,
    OnepoolPoolOptions,
};
use sqlx::{Acquire, AssertSqlSafe};

use super::{code, host, plugin};

const WRITES: [&str; 5] = [
    "INSERT INTO notes VALUES (2)",
    "UPDATE notes SET id = 2",
    "DELETE FROM notes",
    "CREATE TABLE more (id INTEGER)",
    "DROP TABLE notes",
];

/// What would let the plugin write, and is refused; behind each it tries to write.
const POSTGRES: [&str; 8] = [
    "SET default_transaction_read_only = off",
    "SET SESSION CHARACTERISTICS AS TRANSACTION READ WRITE",
    "RESET ALL",
    "SELECT set_config('default_transaction_read_only', 'off', false)",
    "SELECT set_config('default_' || 'transaction_read_only', 'off', false)",
    "DO $$ BEGIN PERFORM set_config('default_transaction_read_only', 'off', false); END $$",
    "SELECT allow()",
    "SELECT pg_advisory_lock(1), allow()",
];
const MYSQL: [&str; 6] = [
    "SET SESSION TRANSACTION READ WRITE",
    "SET SESSION transaction_read_only = 0",
    "SET @@tx_read_only = 0",
    "SET @a = 1, SESSION transaction_read_only = 0",
    "/*!50000 SET SESSION TRANSACTION READ WRITE */",
    "CALL allow()",
];
const SQLITE: [&str; 4] = [
    "PRAGMA query_only = 0",
    "PRAGMA main.query_only = off",
    "PRAGMA query_only(0)",
    "EXPLAIN PRAGMA query_only = 0",
];

/// What opens a transaction that writes.
const BEGINS: [&str; 3] = [
    "BEGIN READ WRITE",
    "START TRANSACTION READ WRITE",
    "BEGIN IMMEDIATE",
];

#[tokio::test]
async fn it_reads_and_no_more_on_postgres() {
    let database = onepool_tests::postgres().await.database(3).await;
    let allow = "CREATE FUNCTION allow() RETURNS text LANGUAGE sql AS \
        $$ SELECT set_config('default_transaction_read_only', 'off', false) $$";
    it_reads_and_no_more(&database.url, allow, &POSTGRES).await;
    assert_eq!(database.refusals().await, 0);
}

#[tokio::test]
async fn it_reads_and_no_more_on_mariadb() {
    let database = onepool_tests::mariadb().await.database(3).await;
    let allow = "CREATE PROCEDURE allow() SET SESSION TRANSACTION READ WRITE";
    it_reads_and_no_more(&database.url, allow, &MYSQL).await;
    assert_eq!(database.refusals().await, 0);
}

#[tokio::test]
async fn it_reads_and_no_more_on_sqlite() {
    let file = onepool_tests::sqlite();
    it_reads_and_no_more(&file.url, "SELECT 1", &SQLITE).await;
}

async fn it_reads_and_no_more(url: &str, allow: &'static str, undoing: &[&'static str]) {
    let host = host(url).read_only_plugin("reader").start().await.unwrap();
    let writer = plugin(&host, "writer").await;
    for sql in [
        "CREATE TABLE notes (id INTEGER)",
        "INSERT INTO notes VALUES (1)",
        allow,
    ] {
        sqlx::raw_sql(sql).execute(&writer).await.unwrap();
    }
    let reader = plugin(&host, "reader").await;
    // With one connection whatever is left behind on it is met again.
    let options: OnepoolConnectOptions = host.client("reader").into();
    let one = OnepoolPoolOptions::new().max_connections(1);
    let one = one.connect_with(options).await.unwrap();
    for pool in [&reader, &one] {
        assert_eq!(notes(pool).await, 1);
        for sql in WRITES {
            is_refused(sqlx::query(sql).execute(pool).await, sql);
            is_refused(sqlx::raw_sql(sql).execute(pool).await, sql);
        }
        for &sql in undoing {
            is_refused(sqlx::query(sql).execute(pool).await, sql);
            is_refused(sqlx::raw_sql(sql).execute(pool).await, sql);
            let both = format!("{sql}; INSERT INTO notes VALUES (3)");
            is_refused(sqlx::raw_sql(AssertSqlSafe(both)).execute(pool).await, sql);
        }
        for sql in BEGINS {
            // What a database does not know is not let through either.
            assert!(pool.begin_with(sql).await.is_err(), "{sql}");
        }
        batches_and_transactions(pool).await;
        assert_eq!(notes(pool).await, 1);
    }
    // Whoever comes next on the same backends writes.
    for _ in 0..5 {
        let insert = sqlx::query("INSERT INTO notes VALUES (4)");
        insert.execute(&writer).await.unwrap();
    }
    assert_eq!(notes(&reader).await, 6);
    host.stop().await;
}

async fn batches_and_transactions(pool: &OnepoolPool) {
    let sets = vec![OnepoolArguments::default(); 2];
    let sql = "INSERT INTO notes VALUES (5)";
    let batch = pool.execute_batch(sql, sets, BatchMode::AllOrNothing).await;
    is_refused(batch.map_err(sqlx::Error::from), sql);

    let mut connection = pool.acquire().await.unwrap();
    let mut transaction = connection.begin().await.unwrap();
    is_refused(sqlx::query(sql).execute(&mut *transaction).await, sql);
    let count = sqlx::query_scalar("SELECT count(*) FROM notes");
    let notes: i64 = count.fetch_one(&mut *transaction).await.unwrap();
    assert_eq!(notes, 1);
    transaction.commit().await.unwrap();
}

async fn notes(pool: &OnepoolPool) -> i64 {
    let count = sqlx::query_scalar("SELECT count(*) FROM notes");
    count.fetch_one(pool).await.unwrap()
}

fn is_refused<T>(result: sqlx::Result<T>, sql: &str) {
    let Err(error) = result else {
        panic!("it ran: {sql}");
    };
    assert_eq!(code(&error), Some(Code::NOT_PERMITTED), "{sql}: {error}");
    assert!(error.to_string().contains("read_only"), "{error}");
}
