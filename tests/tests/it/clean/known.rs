//! What was once left behind, told statement by statement.

use onepool_sdk::DatabaseKind;
use sqlx::{AssertSqlSafe, Connection, Executor, SqlSafeStr};

use super::leaves::everything;
use super::plugin::connect;
use super::stage::{Login, Stage};

/// A setting whose value is the word that stands for the default of another.
const A_WORD: &[&str] = &["SET synchronous_commit = local"];

/// `RESET` did not take a name with a reserved word in it, and failed the next user's statement.
const A_RESERVED_WORD: &[&str] = &["SELECT set_config('app.user', 'somebody', false)"];

/// A lock that was taken by a statement which then failed.
const A_LOCK: &[&str] = &["SELECT pg_advisory_lock(1), 1 / 0"];

/// What a rollback to a savepoint brings back.
const A_SAVEPOINT: &[&str] = &[
    "SET work_mem = '128kB'",
    "BEGIN",
    "SAVEPOINT s",
    "RESET work_mem",
    "ROLLBACK TO s",
    "COMMIT",
];

/// Committed by the first half of a text, and taken for rolled back with the second.
const HALF_A_TEXT: &[&str] = &["BEGIN", "SET work_mem = '128kB'", "COMMIT; SELECT 1 / 0"];

const POSTGRES: &[&[&str]] = &[A_WORD, A_RESERVED_WORD, A_LOCK, A_SAVEPOINT, HALF_A_TEXT];

/// The default is not what the driver sets when it connects.
const A_DEFAULT: &[&str] = &["SET sql_mode = DEFAULT", "SET time_zone = DEFAULT"];

/// Neither a fraction nor a great number could be set again.
const NUMBERS: &[&str] = &["SET max_statement_time = 2.5, sql_select_limit = 10"];

/// Under its second name, a variable's default was what had been set under the first.
const TWO_NAMES: &[&str] = &[
    "SET tmp_table_size = 1048576",
    "SET tmp_memory_table_size = 2097152",
    "SET collation_connection = utf8mb4_bin",
    "SET NAMES utf8mb4",
];

/// Turning on what is on does not commit.
const AN_OPEN_TRANSACTION: &[&str] = &["BEGIN", "SET autocommit = 1", "SELECT id FROM plain"];

/// A lock and a variable of statements which then failed.
const FAILED: &[&str] = &[
    "SELECT GET_LOCK('l1', 0), (SELECT 1 UNION SELECT 2)",
    "SELECT @u1 := id FROM plain WHERE id = (SELECT 1 UNION SELECT 2)",
];

const MYSQL: &[&[&str]] = &[A_DEFAULT, NUMBERS, TWO_NAMES, AN_OPEN_TRANSACTION, FAILED];

/// The savepoint opens a transaction, and the failure behind it does not end that.
const AN_OPEN_SAVEPOINT: &[&str] = &["SAVEPOINT s; INSERT INTO plain VALUES (4); SELECT x FROM y"];

/// In a transaction the pragma does nothing.
const NO_NOTICE: &[&str] = &[
    "PRAGMA foreign_keys = 0",
    "BEGIN; PRAGMA foreign_keys = 1; COMMIT",
];

const SQLITE: &[&[&str]] = &[AN_OPEN_SAVEPOINT, NO_NOTICE];

async fn hold(stage: &Stage, visits: &[&[&'static str]]) {
    let host = stage.host(1).await;
    let mut checker = connect(&host, "checker").await;
    let fresh = everything(stage, &mut checker).await;
    for visit in visits {
        let mut visitor = connect(&host, "visitor").await;
        for sql in *visit {
            let _ = sqlx::raw_sql(*sql).execute(&mut visitor).await;
        }
        drop(visitor);
        assert_eq!(everything(stage, &mut checker).await, fresh, "{visit:?}");
    }
    if stage.kind == DatabaseKind::Sqlite {
        // It runs pragmas while it prepares them, in EXPLAIN too.
        for sql in ["PRAGMA cache_size = 60", "EXPLAIN PRAGMA cache_size = 70"] {
            let mut visitor = connect(&host, "visitor").await;
            let sql = AssertSqlSafe(sql).into_sql_str();
            visitor.prepare(sql).await.unwrap();
            visitor.close().await.unwrap();
            assert_eq!(everything(stage, &mut checker).await, fresh);
        }
    }
    host.stop().await;
}

#[tokio::test]
async fn on_sqlite() {
    hold(&Stage::sqlite().await, SQLITE).await;
}

#[tokio::test]
async fn on_postgres() {
    hold(&Stage::postgres(Login::Role).await, POSTGRES).await;
}

#[tokio::test]
async fn on_mariadb() {
    hold(&Stage::mariadb(Login::Role).await, MYSQL).await;
}
