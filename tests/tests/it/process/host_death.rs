//! A host that is killed, and what becomes of its plugins.

use std::collections::HashMap;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use onepool_host::{Host, OnHostDeath};
use onepool_sdk::{DatabaseKind, OnepoolPool, OnepoolTransaction};
use sqlx::Error;

use super::child::{Line, Stage, grandchild, kill, launched, sibling};
use super::deadlines::{code, silent};
use super::place::{Place, eventually, soon};

/// Commits of pairs take a while.
const SLOW_COMMITS: &str = "CREATE TABLE pairs (n BIGINT); \
    CREATE FUNCTION slow() RETURNS trigger LANGUAGE plpgsql AS \
    $$ BEGIN PERFORM pg_sleep(1); RETURN NULL; END $$; \
    CREATE CONSTRAINT TRIGGER slow AFTER INSERT ON pairs DEFERRABLE INITIALLY DEFERRED \
    FOR EACH ROW EXECUTE FUNCTION slow()";

/// A host in a process of its own.
pub(super) async fn host_process(url: &str, line: &mut Line) {
    let host = Host::builder()
        .database(url)
        .max_connections(5)
        .plugin(sibling("child", "orphan waits"))
        .plugin(grandchild("grandchild", "orphan waits"))
        .plugin(sibling("survivor", "orphan goes on").on_host_death(OnHostDeath::Survive))
        .start()
        .await
        .unwrap();
    line.say("host").await;
    line.try_hear().await;
    host.stop().await;
}

/// A plugin's side.
pub(super) async fn orphan(how: &str, line: &mut Line) {
    line.say(&std::env::var("ONEPOOL_PLUGIN").unwrap()).await;
    let pool = launched().await;
    if how == "goes on" {
        go_on(&pool, line).await;
    } else {
        sqlx::query("SELECT 1").execute(&pool).await.unwrap();
        line.say("here").await;
        line.try_hear().await;
    }
}

/// Is in the middle of three things when the host dies, and tells what came of each; and then what
/// comes of something new.
async fn go_on(pool: &OnepoolPool, line: &mut Line) {
    sqlx::raw_sql(SLOW_COMMITS).execute(pool).await.unwrap();
    let mut idle = begun(pool).await;
    let committing = begun(pool).await;
    line.say("here").await;
    let (ran, committed) = tokio::join!(
        sqlx::query(silent(DatabaseKind::Postgres)).execute(pool),
        committing.commit(),
    );
    let insert = sqlx::query("INSERT INTO pairs VALUES (3)");
    let in_transaction = insert.execute(&mut *idle).await;
    let idle = idle.commit().await;
    let began = Instant::now();
    let anew = sqlx::query("SELECT 1").execute(pool).await;
    let at_once = began.elapsed() < Duration::from_secs(5);
    let codes = [
        told(ran),
        told(committed),
        told(in_transaction),
        told(idle),
        told(anew),
    ];
    line.say(&format!("{} {at_once}", codes.join(" "))).await;
}

fn told<T>(result: Result<T, Error>) -> String {
    match result {
        Ok(_) => "success".to_owned(),
        Err(error) => code(&error).map_or_else(|| error.to_string(), |code| code.to_string()),
    }
}

async fn begun(pool: &OnepoolPool) -> OnepoolTransaction<'static> {
    let mut transaction = pool.begin().await.unwrap();
    let insert = sqlx::query("INSERT INTO pairs VALUES (1), (2)");
    insert.execute(&mut *transaction).await.unwrap();
    transaction
}

#[tokio::test]
async fn its_plugins_exit_or_learn_it() {
    let place = Place::new(DatabaseKind::Postgres, 4).await;
    let stage = Stage::new();
    let mut host = Command::new(std::env::current_exe().unwrap());
    let mut host = stage
        .play(&mut host, &format!("mortal {}", place.url))
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    let mut lines = HashMap::new();
    for _ in 0..4 {
        let mut line = stage.enter().await;
        let pid = line.hear().await;
        let name = line.hear().await;
        lines.insert(name, (pid, line));
    }
    for name in ["child", "grandchild", "survivor"] {
        let (_, line) = lines.get_mut(name).unwrap();
        assert_eq!(line.hear().await, "here", "{name}");
    }
    eventually("a statement and a commit run", async || {
        place.running("pg_sleep(600)").await == Some(1) && place.running("COMMIT").await == Some(1)
    })
    .await;
    kill(&lines["host"].0);
    for name in ["child", "grandchild"] {
        let (_, line) = lines.get_mut(name).unwrap();
        assert_eq!(soon(name, line.try_hear()).await, None, "{name} lives on");
    }
    let (_, survivor) = lines.get_mut("survivor").unwrap();
    assert_eq!(
        survivor.hear().await,
        "SESSION_LOST OUTCOME_UNKNOWN SESSION_LOST SESSION_LOST SESSION_LOST true"
    );
    // The server notices by itself, also in the middle of a statement.
    eventually("the database is free of it", async || {
        place.connections().await == 0
    })
    .await;
    let ended = tokio::task::spawn_blocking(move || host.wait().unwrap());
    soon("the host's end", ended).await.unwrap();
    place.referee().await;
}
