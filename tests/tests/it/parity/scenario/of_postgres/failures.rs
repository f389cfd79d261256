//! Errors that only PostgreSQL has.

use super::Stage;
use super::scenario::errors::fails;
use super::scenario::{counter, integers, run};

/// PostgreSQL has the most to say.
pub async fn errors(stage: &mut Stage) {
    let pool = stage.pool.clone();
    run(
        &pool,
        "CREATE TABLE stays (room INTEGER, during INT4RANGE, \
         CONSTRAINT one_guest_at_a_time EXCLUDE USING gist (during WITH &&)); \
         CREATE DOMAIN small AS INTEGER CONSTRAINT is_small CHECK (VALUE < 10); \
         CREATE TYPE colour AS ENUM ('red', 'green'); \
         CREATE TABLE things (size small, colour colour NOT NULL DEFAULT 'red')",
    )
    .await;
    run(&pool, "INSERT INTO stays VALUES (1, '[1,5)')").await;
    run(
        &pool,
        "CREATE FUNCTION refuse() RETURNS INTEGER LANGUAGE plpgsql AS $$ BEGIN \
         RAISE EXCEPTION 'not today: %', 7 USING ERRCODE = 'ON001', DETAIL = 'the detail', \
         HINT = 'the hint', COLUMN = 'the column', CONSTRAINT = 'the constraint', \
         DATATYPE = 'the type', TABLE = 'the table', SCHEMA = 'the schema'; END $$",
    )
    .await;
    for sql in [
        "INSERT INTO stays VALUES (1, '[4,6)')",
        "INSERT INTO things (size) VALUES (11)",
        "INSERT INTO things (colour) VALUES ('blue')",
        "INSERT INTO things (colour) VALUES (NULL)",
        "SELECT refuse()",
        "DO $$ BEGIN PERFORM 1 / 0; END $$",
        "SELECT 'grün' || nowhere",
        "SELECT * FROM things WHERE size = 'red'::colour",
        "SET no_such_setting = 1",
        "SELECT pg_terminate_backend('x')",
    ] {
        fails(stage, sql).await;
    }
}

/// Two who read the same and write the same, one after the other.
pub async fn serialization_failures(stage: &mut Stage) {
    let pool = counter(stage).await;
    let mut late = pool
        .begin_with("BEGIN ISOLATION LEVEL REPEATABLE READ")
        .await
        .unwrap();
    stage.result(
        "before",
        integers(&mut *late, "SELECT n FROM counter ORDER BY id").await,
    );
    run(&pool, "UPDATE counter SET n = 5 WHERE id = 1").await;
    stage.result(
        "still before",
        integers(&mut *late, "SELECT n FROM counter ORDER BY id").await,
    );
    let update = sqlx::query("UPDATE counter SET n = n + 1 WHERE id = 1");
    stage.worked("too late", update.execute(&mut *late).await);
    stage.worked(
        "aborted",
        integers(&mut *late, "SELECT n FROM counter ORDER BY id").await,
    );
    stage.result("rollback", late.rollback().await);
    stage.result(
        "counted",
        integers(&pool, "SELECT n FROM counter ORDER BY id").await,
    );
}
