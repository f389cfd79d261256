//! Migrations, applied, edited, reverted and failed.

use std::borrow::Cow;

use sqlx::SqlSafeStr;
use sqlx::migrate::{MigrateError, Migration, MigrationType, Migrator};

use super::{Stage, integers};

/// Migrations of these versions and texts; a text with a `--` in it holds what undoes it behind.
fn migrator(migrations: &[(i64, &'static str)]) -> Migrator {
    let mut all = Vec::new();
    for (version, text) in migrations {
        let mut texts = text.split("--");
        let (up, down) = (texts.next().unwrap_or_default(), texts.next());
        let up_type = match down {
            Some(_) => MigrationType::ReversibleUp,
            None => MigrationType::Simple,
        };
        let migration = |kind, text: &'static str| {
            Migration::new(
                *version,
                Cow::Borrowed("a step"),
                kind,
                text.into_sql_str(),
                false,
            )
        };
        all.push(migration(up_type, up));
        all.extend(down.map(|down| migration(MigrationType::ReversibleDown, down)));
    }
    Migrator::with_migrations(all)
}

fn note(stage: &mut Stage, what: &str, result: Result<(), MigrateError>) {
    match result {
        Err(MigrateError::ExecuteMigration(error, version)) => {
            stage.error(&format!("{what}: in {version}"), &error);
        }
        Err(error) => stage.note(what, error.to_string()),
        Ok(()) => stage.note(what, "ok"),
    }
}

const FIRST: (i64, &str) = (1, "CREATE TABLE t (id INTEGER); INSERT INTO t VALUES (1)");
const SECOND: (i64, &str) = (20, "INSERT INTO t VALUES (20), (21)");
const IDS: &str = "SELECT id FROM t ORDER BY id";

/// All on one Connection: a direct driver that fails keeps the lock between migrators there.
pub async fn are_applied_once(stage: &mut Stage) {
    let mut connection = stage.pool.acquire().await.unwrap();
    note(
        stage,
        "first",
        migrator(&[FIRST]).run(&mut *connection).await,
    );
    note(
        stage,
        "again",
        migrator(&[FIRST]).run(&mut *connection).await,
    );
    stage.result("left", integers(&mut *connection, IDS).await);
    note(
        stage,
        "both",
        migrator(&[FIRST, SECOND]).run(&mut *connection).await,
    );
    note(
        stage,
        "both again",
        migrator(&[FIRST, SECOND]).run(&mut *connection).await,
    );
    stage.result("left", integers(&mut *connection, IDS).await);
    note(stage, "none", migrator(&[]).run(&mut *connection).await);
    let mut lenient = migrator(&[]);
    lenient.set_ignore_missing(true);
    note(
        stage,
        "none, and that is fine",
        lenient.run(&mut *connection).await,
    );
}

pub async fn are_found_out_when_edited(stage: &mut Stage) {
    let mut connection = stage.pool.acquire().await.unwrap();
    note(
        stage,
        "both",
        migrator(&[FIRST, SECOND]).run(&mut *connection).await,
    );
    let edited = (1, "CREATE TABLE t (id BIGINT)");
    note(
        stage,
        "edited",
        migrator(&[edited, SECOND]).run(&mut *connection).await,
    );
    note(
        stage,
        "missing",
        migrator(&[SECOND]).run(&mut *connection).await,
    );
    note(
        stage,
        "right",
        migrator(&[FIRST, SECOND]).run(&mut *connection).await,
    );
    let between = (7, "INSERT INTO t VALUES (7)");
    note(
        stage,
        "between",
        migrator(&[FIRST, between, SECOND])
            .run(&mut *connection)
            .await,
    );
    stage.result("left", integers(&mut *connection, IDS).await);
}

pub async fn fail(stage: &mut Stage) {
    let mut connection = stage.pool.acquire().await.unwrap();
    let broken = (
        3,
        "INSERT INTO t VALUES (3); INSERT INTO nowhere VALUES (3)",
    );
    note(
        stage,
        "broken",
        migrator(&[FIRST, broken, SECOND])
            .run(&mut *connection)
            .await,
    );
    stage.result("left", integers(&mut *connection, IDS).await);
    let fixed = (3, "INSERT INTO t VALUES (4)");
    note(
        stage,
        "fixed",
        migrator(&[FIRST, fixed, SECOND])
            .run(&mut *connection)
            .await,
    );
    stage.result("left", integers(&mut *connection, IDS).await);
}

pub async fn are_undone(stage: &mut Stage) {
    let mut connection = stage.pool.acquire().await.unwrap();
    let all = [
        (1, "CREATE TABLE t (id INTEGER) -- DROP TABLE t"),
        (2, "INSERT INTO t VALUES (2) -- DELETE FROM t WHERE id = 2"),
        (3, "INSERT INTO t VALUES (3) -- DELETE FROM t WHERE id = 3"),
    ];
    note(
        stage,
        "to 2",
        migrator(&all).run_to(2, &mut *connection).await,
    );
    stage.result("left", integers(&mut *connection, IDS).await);
    note(stage, "all", migrator(&all).run(&mut *connection).await);
    note(
        stage,
        "back to 1",
        migrator(&all).undo(&mut *connection, 1).await,
    );
    stage.result("left", integers(&mut *connection, IDS).await);
    note(
        stage,
        "all again",
        migrator(&all).run(&mut *connection).await,
    );
    stage.result("left", integers(&mut *connection, IDS).await);
    note(
        stage,
        "back to nothing",
        migrator(&all).undo(&mut *connection, 0).await,
    );
    stage.worked("gone", integers(&mut *connection, IDS).await);
    note(
        stage,
        "skipped",
        migrator(&all).skip(&mut *connection, Some(1)).await,
    );
    note(
        stage,
        "skipped too much",
        migrator(&all).run(&mut *connection).await.map_err(|error| {
            // The table is not there, which each database says in a way of its own.
            match error {
                MigrateError::ExecuteMigration(_, version) => MigrateError::VersionMissing(version),
                other => other,
            }
        }),
    );
}
