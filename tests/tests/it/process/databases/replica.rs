//! A real read replica: a PostgreSQL server that follows another.

use onepool_host::NamedDatabase;
use onepool_tests::OwnServer;

use crate::process::child::{Line, Stage};
use crate::process::place::{eventually, quiet};

/// Where a connection is.
const WHERE: &str = "SELECT CASE WHEN pg_is_in_recovery() THEN 'replica' ELSE 'main' END";
const COUNT: &str = "SELECT count(*)::text FROM item";

async fn told(line: &mut Line, what: &str) -> String {
    line.say(what).await;
    line.hear().await
}

/// What only reads is served by the replica, and sees what was written to the main database; what
/// writes is not. The roles are the same on both, and so is the limit that is the referee of each cap.
/// While the replica is down, readers learn so, and writers go on.
#[tokio::test]
async fn readers_are_served_by_it() {
    let primary = OwnServer::start_primary().await;
    let database = primary.database(3).await;
    let standby = primary.start_standby().await;
    let copy = standby.copy_of(&database);
    let stage = Stage::new();
    let near = NamedDatabase::new(&copy.url).max_connections(3).replica();
    let host = onepool_host::Host::builder()
        .database(&database.url)
        .max_connections(3)
        .add_database("near", near)
        .plugin(stage.plugin("app", "several"))
        .start()
        .await
        .unwrap();
    let mut app = stage.enter().await;
    let _pid = app.hear().await;

    let create = "do - CREATE TABLE item (id INTEGER PRIMARY KEY)";
    assert_eq!(told(&mut app, create).await, "done");
    assert_eq!(told(&mut app, &format!("ask - {WHERE}")).await, "main");
    let reads = format!("ask read_only=true {WHERE}");
    assert_eq!(told(&mut app, &reads).await, "replica");
    let named = format!("ask database=main&read_only=true {WHERE}");
    assert_eq!(told(&mut app, &named).await, "main");
    let by_name = format!("ask database=near {WHERE}");
    assert_eq!(told(&mut app, &by_name).await, "replica");
    let insert = "do - INSERT INTO item SELECT generate_series(1, 7)";
    assert_eq!(told(&mut app, insert).await, "done");
    let count = format!("ask read_only=true {COUNT}");
    eventually("the replica to have it", async || {
        told(&mut app, &count).await == "7"
    })
    .await;
    for options in ["read_only=true", "database=near"] {
        let write = format!("do {options} DELETE FROM item");
        assert_eq!(told(&mut app, &write).await, "NOT_PERMITTED");
    }
    let within = format!("within read_only=true {COUNT}");
    assert_eq!(told(&mut app, &within).await, "7", "in a transaction");
    let flood = "flood read_only=true SELECT pg_sleep(0.005)";
    assert_eq!(told(&mut app, flood).await, "done");
    let near = host.pool_stats_of("near").unwrap();
    assert_eq!(near.peak, 3);
    let closed: u64 = near.closes.iter().map(|(_, count)| count).sum();
    assert_eq!(closed, 0, "none was lost, or given up: {near:?}");

    standby.kill().await;
    eventually("readers to learn it", async || {
        told(&mut app, &reads).await == "DATABASE_DOWN"
    })
    .await;
    let insert = "do - INSERT INTO item VALUES (8)";
    assert_eq!(told(&mut app, insert).await, "done");
    assert_eq!(told(&mut app, &format!("ask - {COUNT}")).await, "8");
    standby.start_again().await;
    eventually("the replica to be back, and to have it", async || {
        told(&mut app, &count).await == "8"
    })
    .await;
    drop(app);
    quiet(&host).await;
    host.stop().await;
    assert_eq!((database.refusals().await, copy.refusals().await), (0, 0));
    assert_eq!((database.backends().await, copy.backends().await), (0, 0));
}
