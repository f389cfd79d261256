//! The link between the host and its database delays, and falls silent.

use std::time::{Duration, Instant};

use onepool_sdk::{Code, DatabaseKind, OnepoolError, with_deadline};
use onepool_tests::Kind;

use super::deadlines::silent;
use super::link::{Scene, unknown};
use super::place::soon;

/// Nothing comes any more, and nothing says that nothing will.
#[tokio::test]
async fn a_link_that_falls_silent() {
    let scene = Scene::new(Kind::Postgres).await;
    scene.proxy.delay(Duration::from_millis(20));
    let one: i32 = sqlx::query_scalar("SELECT 1")
        .fetch_one(&scene.pool)
        .await
        .unwrap();
    assert_eq!(one, 1, "late is not never");
    scene.proxy.delay(Duration::from_secs(3600));
    let began = Instant::now();
    let call = sqlx::query(silent(DatabaseKind::Postgres)).execute(&scene.pool);
    let late = soon("it", with_deadline(Duration::from_millis(200), call)).await;
    let error = late.unwrap_err();
    let told = OnepoolError::of(&error).map(OnepoolError::code);
    assert_eq!(told, Some(Code::DEADLINE_EXCEEDED), "{error}");
    assert!(
        began.elapsed() < Duration::from_secs(5),
        "{:?}",
        began.elapsed()
    );
    scene.proxy.delay(Duration::ZERO);
    scene.proxy.cut();
    scene.finish().await;
}

/// A commit must not be waited for as long as the operating system keeps up the link: the
/// Connection would hang, and the backend stay taken.
async fn a_commit_into_silence(kind: Kind) {
    let scene = Scene::new(kind).await;
    let mut transaction = scene.pool.begin().await.unwrap();
    let insert = sqlx::query("INSERT INTO t VALUES (1)");
    insert.execute(&mut *transaction).await.unwrap();
    scene.proxy.delay(Duration::from_secs(3600));
    unknown(soon("the commit", transaction.commit()).await);
    scene.proxy.delay(Duration::ZERO);
    scene.proxy.cut();
    assert_eq!(scene.rows().await, 0, "it never arrived");
    scene.finish().await;
}

#[tokio::test]
async fn a_commit_into_silence_on_postgres() {
    a_commit_into_silence(Kind::Postgres).await;
}

#[tokio::test]
async fn a_commit_into_silence_on_mariadb() {
    a_commit_into_silence(Kind::MariaDb).await;
}

/// A commit has as much to do as the transaction left it, and is waited for as long as it does it.
#[tokio::test]
async fn a_commit_that_takes_long_is_not_silence() {
    const SLOW: &str = "CREATE FUNCTION slow() RETURNS trigger LANGUAGE plpgsql AS \
        $$ BEGIN PERFORM pg_sleep(13); RETURN NULL; END $$; \
        CREATE CONSTRAINT TRIGGER slow AFTER INSERT ON t DEFERRABLE INITIALLY DEFERRED \
        FOR EACH ROW EXECUTE FUNCTION slow()";
    let scene = Scene::new(Kind::Postgres).await;
    sqlx::raw_sql(SLOW).execute(&scene.pool).await.unwrap();
    let mut transaction = scene.pool.begin().await.unwrap();
    let insert = sqlx::query("INSERT INTO t VALUES (1)");
    insert.execute(&mut *transaction).await.unwrap();
    soon("the commit", transaction.commit()).await.unwrap();
    assert_eq!(scene.rows().await, 1);
    scene.finish().await;
}
