//! What happens to one database does not happen to the others.

use onepool_host::{Host, NamedDatabase, VerdictKind};
use onepool_sdk::DatabaseKind;
use onepool_tests::{Kind, OwnServer};

use crate::process::child::{Line, Stage};
use crate::process::place::{LONG, Place, eventually, soon};

async fn told(line: &mut Line, what: &str) -> String {
    line.say(what).await;
    line.hear().await
}

/// The plugin that comes up next, once it has told its process.
async fn up(stage: &Stage) -> Line {
    let mut line = stage.enter().await;
    let _pid = line.hear().await;
    line
}

/// Two plugins that flood one database each: both fill their caps, and neither server, each of which
/// lets in as many as its own cap says, has anything to refuse.
#[tokio::test]
async fn each_keeps_to_its_own_cap() {
    let main = Place::new(DatabaseKind::Postgres, 4).await;
    let other = Place::new(DatabaseKind::MySql, 2).await;
    let stage = Stage::new();
    let named = NamedDatabase::new(&other.url).max_connections(other.cap);
    let host = main
        .host()
        .add_database("other", named)
        .plugin(stage.plugin("one", "several"))
        .plugin(stage.plugin("two", "several"))
        .start()
        .await
        .unwrap();
    let (mut one, mut two) = (up(&stage).await, up(&stage).await);
    one.say("flood - SELECT pg_sleep(0.005)").await;
    two.say("flood database=other SELECT SLEEP(0.005)").await;
    assert_eq!((one.hear().await, two.hear().await), done());
    // The other way round, so that each process has been with both.
    two.say("flood - SELECT pg_sleep(0.005)").await;
    one.say("flood database=other SELECT SLEEP(0.005)").await;
    assert_eq!((one.hear().await, two.hear().await), done());
    main.referee().await;
    other.referee().await;
    assert_eq!(host.pool_stats().peak, main.cap);
    assert_eq!(peak(&host, "other"), other.cap);
    assert_eq!(host.stats().sessions, 4, "of each plugin one with each");
    let had = host.plugin_stats();
    for plugin in ["one", "two"] {
        assert!(had[plugin].leases >= 800, "of both pools: {had:?}");
    }
    drop((one, two));
    main.finish(host).await;
    other.is_left().await;
}

fn done() -> (String, String) {
    ("done".to_owned(), "done".to_owned())
}

fn peak(host: &Host, database: &str) -> u32 {
    host.pool_stats_of(database).unwrap().peak
}

/// While one is down, whoever is with it learns so, and nobody else feels anything.
#[tokio::test]
async fn one_that_is_down_leaves_the_others_alone() {
    let main = Place::new(DatabaseKind::Postgres, 2).await;
    let server = OwnServer::start(Kind::MariaDb).await;
    let database = server.database(3).await;
    let stage = Stage::new();
    let named = NamedDatabase::new(&database.url).max_connections(3);
    let host = main
        .host()
        .add_database("other", named)
        .plugin(stage.plugin("one", "several"))
        .plugin(stage.plugin("two", "several"))
        .start()
        .await
        .unwrap();
    let (mut one, mut two) = (up(&stage).await, up(&stage).await);
    let there = "ask database=other SELECT 'there'";
    assert_eq!(told(&mut two, there).await, "there");
    assert_eq!(host.verdict().kind, VerdictKind::Fine);
    server.kill().await;
    eventually("the plugin to learn it", async || {
        told(&mut two, there).await == "DATABASE_DOWN"
    })
    .await;
    let verdict = host.verdict();
    assert_eq!(verdict.kind, VerdictKind::DatabaseDown);
    assert!(
        verdict.summary.starts_with("other: the database is down"),
        "{verdict:?}"
    );
    assert!(!verdict.summary.contains("main"), "{verdict:?}");
    let of_main = host.verdict_of("main").unwrap();
    assert_eq!(of_main.kind, VerdictKind::Fine, "{of_main:?}");
    let opened = host.pool_stats().opened;
    assert_eq!(told(&mut one, "flood - SELECT 1").await, "done");
    assert!(host.pool_stats().opened <= opened + 1, "none was lost");
    server.start_again().await;
    eventually("the host to find it", async || {
        told(&mut two, there).await == "there"
    })
    .await;
    // Nor does it hold up the host's end.
    server.kill().await;
    drop((one, two));
    let stopped = tokio::time::timeout(LONG, main.finish(host)).await;
    stopped.unwrap();
    drop(database);
}

/// A plugin that is kept to some is refused the others, by name, and works with its own.
#[tokio::test]
async fn a_plugin_is_kept_to_those_that_it_may_use() {
    let main = Place::new(DatabaseKind::Postgres, 2).await;
    let other = Place::new(DatabaseKind::Sqlite, 1).await;
    let stage = Stage::new();
    let host = main
        .host()
        .add_database("other", NamedDatabase::new(&other.url))
        .plugin(stage.plugin("kept", "several").databases(["main"]))
        .start()
        .await
        .unwrap();
    let mut kept = up(&stage).await;
    let there = "ask database=other SELECT 'there'";
    assert_eq!(told(&mut kept, there).await, "NOT_PERMITTED");
    assert_eq!(told(&mut kept, "ask - SELECT 'here'").await, "here");
    let nowhere = "ask database=nowhere SELECT 'there'";
    assert_eq!(told(&mut kept, nowhere).await, "UNKNOWN_DATABASE");
    assert_eq!(told(&mut kept, there).await, "NOT_PERMITTED", "still");
    assert_eq!(peak(&host, "other"), 1, "what the host itself opened");
    drop(kept);
    soon("the end", main.finish(host)).await;
}
