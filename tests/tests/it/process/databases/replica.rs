//! A real read replica: a PostgreSQL server that follows another.

use onepool_host::{Host, NamedDatabase};
use onepool_tests::{Database, OwnServer};

use crate::process::child::{Line, Stage};
use crate::process::place::{eventually, quiet};

/// Where a connection is.
const WHERE: &str = "SELECT CASE WHEN pg_is_in_recovery() THEN 'replica' ELSE 'main' END";
const COUNT: &str = "SELECT count(*)::text FROM item";

/// Connections that each of the two servers lets in.
const CAP: u32 = 3;

/// A host on a server and on one that follows it, and a plugin that is told what to do. The roles are
/// the same on both, and so is the limit that is the referee of each cap.
struct Scene {
    host: Host,
    app: Line,
    database: Database,
    copy: Database,
    _primary: OwnServer,
    standby: OwnServer,
}

impl Scene {
    async fn new() -> Self {
        let primary = OwnServer::start_primary().await;
        let database = primary.database(CAP).await;
        let standby = primary.start_standby().await;
        let copy = standby.copy_of(&database);
        let stage = Stage::new();
        let near = NamedDatabase::new(&copy.url).max_connections(CAP).replica();
        let host = Host::builder()
            .database(&database.url)
            .max_connections(CAP)
            .add_database("near", near)
            .plugin(stage.plugin("app", "several"))
            .start()
            .await
            .unwrap();
        let mut app = stage.enter().await;
        let _pid = app.hear().await;
        let mut scene = Self {
            host,
            app,
            database,
            copy,
            _primary: primary,
            standby,
        };
        let create = "do - CREATE TABLE item (id INTEGER PRIMARY KEY)";
        assert_eq!(scene.told(create).await, "done");
        scene
    }

    async fn told(&mut self, what: &str) -> String {
        self.app.say(what).await;
        self.app.hear().await
    }

    /// Inserts at the main database, until there are so many, and waits until whoever only reads sees
    /// them all.
    async fn insert(&mut self, from: u32, to: u32) {
        let insert = format!("do - INSERT INTO item SELECT generate_series({from}, {to})");
        assert_eq!(self.told(&insert).await, "done");
        self.replica_has(to).await;
    }

    async fn replica_has(&mut self, count: u32) {
        let ask = format!("ask read_only=true {COUNT}");
        eventually("the replica to have it", async || {
            self.told(&ask).await == count.to_string()
        })
        .await;
    }

    async fn finish(self) {
        drop(self.app);
        quiet(&self.host).await;
        self.host.stop().await;
        for database in [self.database, self.copy] {
            assert_eq!(database.refusals().await, 0);
            // The last one is listed for a moment after it was closed.
            eventually("the server to be left", async || {
                database.backends().await == 0
            })
            .await;
        }
    }
}

/// What only reads is served by the replica, and sees what was written to the main database; what
/// writes is not, and who names the main database reads there.
#[tokio::test]
async fn readers_are_served_by_it() {
    let mut scene = Scene::new().await;
    for (options, at) in [
        ("-", "main"),
        ("read_only=true", "replica"),
        ("database=near", "replica"),
        ("database=near&read_only=true", "replica"),
        ("database=main&read_only=true", "main"),
    ] {
        let asked = scene.told(&format!("ask {options} {WHERE}")).await;
        assert_eq!(asked, at, "{options}");
    }
    scene.insert(1, 7).await;
    for options in ["read_only=true", "database=near"] {
        let write = format!("do {options} DELETE FROM item");
        assert_eq!(scene.told(&write).await, "NOT_PERMITTED");
        let within = format!("within {options} {COUNT}");
        assert_eq!(scene.told(&within).await, "7", "in a transaction");
    }
    let flood = "flood read_only=true SELECT pg_sleep(0.005)";
    assert_eq!(scene.told(flood).await, "done");
    let near = scene.host.pool_stats_of("near").unwrap();
    assert_eq!(near.peak, CAP);
    let closed: u64 = near.closes.iter().map(|(_, count)| count).sum();
    assert_eq!(closed, 0, "none was lost, or given up: {near:?}");
    scene.finish().await;
}

/// While the replica is down, readers learn so, and writers go on; when it is back, it has what was
/// written meanwhile.
#[tokio::test]
async fn without_it_readers_learn_so_and_writers_go_on() {
    let mut scene = Scene::new().await;
    scene.insert(1, 3).await;
    scene.standby.kill().await;
    let count = format!("ask read_only=true {COUNT}");
    eventually("readers to learn it", async || {
        scene.told(&count).await == "DATABASE_DOWN"
    })
    .await;
    let insert = "do - INSERT INTO item VALUES (4)";
    assert_eq!(scene.told(insert).await, "done");
    assert_eq!(scene.told(&format!("ask - {COUNT}")).await, "4");
    scene.standby.start_again().await;
    scene.replica_has(4).await;
    scene.finish().await;
}
