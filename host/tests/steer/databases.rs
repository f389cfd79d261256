//! A host with several databases, as whoever runs it sees and steers it.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::changing::connections;
use crate::plugin::Remote;
use crate::seeing::one;
use crate::serving::{Config, Serving};

/// A host with a database named notes beside the main one, and two plugins, of which the second is
/// with that.
struct Scene {
    main: onepool_tests::Database,
    notes: onepool_tests::Database,
    config: Config,
    serving: Serving,
    here: Remote,
    there: Remote,
}

impl Scene {
    async fn new() -> Self {
        Self::with("").await
    }

    /// The same with more in its configuration.
    async fn with(more: &str) -> Self {
        let server = onepool_tests::postgres().await;
        let (main, notes) = (server.database(3).await, server.database(6).await);
        let mut config = Config::new(&main.url, 3, &["here", "there"]);
        config.more = table(&notes, 4) + more;
        let serving = Serving::start(&config).await;
        let [here, mut there] = serving.plugins(["here", "there"]).await;
        there.must("at notes").await;
        Self {
            main,
            notes,
            config,
            serving,
            here,
            there,
        }
    }

    async fn stop(self) {
        drop((self.here, self.there));
        self.serving.stop().await;
        assert_eq!(self.main.refusals().await, 0);
        assert_eq!(self.notes.refusals().await, 0);
    }
}

fn table(notes: &onepool_tests::Database, cap: u32) -> String {
    format!(
        "[databases.notes]\nurl = '{}'\nmax_connections = {cap}\n",
        notes.url
    )
}

/// Everything is in one list, under names that mean one thing in the whole host, and what is ended is
/// what was named, in whichever database.
#[tokio::test]
async fn the_lists_are_of_all_and_a_name_hits_one() {
    let mut scene = Scene::new().await;
    scene.here.must("keep BEGIN").await;
    scene.here.must("keep SELECT 'here'").await;
    scene.there.must("keep BEGIN").await;
    scene.there.must("keep SELECT 'there'").await;
    scene.there.begins("run SELECT pg_sleep(600)").await;
    let serving = &scene.serving;
    let running = one(serving, "statements", "there", "running").await;
    assert_eq!(running["database"], "notes");
    let leases = serving.json(&["leases"]).await;
    let leases = leases.as_array().unwrap();
    let all = |key: &str| -> Vec<&str> {
        let leases = leases.iter();
        leases.map(|lease| lease[key].as_str().unwrap()).collect()
    };
    let mut databases = all("database");
    databases.sort_unstable();
    assert_eq!(databases, ["main", "notes", "notes"]);
    let ids: BTreeSet<_> = all("id").into_iter().collect();
    assert_eq!(ids.len(), 3, "{leases:?}");
    let printed = serving.said(&["leases"]).await;
    assert!(printed.lines().next().unwrap().contains("DATABASE"));

    let status = serving.said(&["status"]).await;
    for part in [
        "main: nobody waits: 1 of 2 connections are in use; \
         notes: nobody waits: 2 of 3 connections are in use\n",
        "\nmain         PostgreSQL: 1 leased, ",
        "\nnotes        PostgreSQL: 2 leased, ",
        " control; at most 4, 3 at peak\n",
    ] {
        assert!(status.contains(part), "{part}: {status}");
    }

    let id = running["id"].as_str().unwrap().to_owned();
    serving.said(&["kill", &id]).await;
    let told = scene.there.hear().await;
    assert!(told.contains("has cancelled the statement"), "{told}");
    let rests = one(serving, "leases", "there", "resting").await;
    serving.said(&["kill", rests["id"].as_str().unwrap()]).await;
    let told = scene.there.does("keep SELECT 1").await;
    assert!(told.contains("has ended the transaction"), "{told}");
    let error = serving.refused(&["kill", &id]).await;
    assert!(error.contains(&format!("there is no {id}")), "{error}");
    scene.here.must("keep SELECT 'still here'").await;
    scene.here.must("keep COMMIT").await;
    scene.stop().await;
}

/// What the log says of a statement or a connection, it says of one database.
#[tokio::test]
async fn the_log_names_the_database() {
    let log = "[log]\nslow_statement = '200ms'\nlong_lease = '300ms'\n";
    let mut scene = Scene::with(log).await;
    scene.there.must("run SELECT pg_sleep(0.25)").await;
    let slow = scene.serving.log_says("a slow statement").await;
    scene.there.must("keep BEGIN").await;
    scene.there.must("keep SELECT 'kept'").await;
    let held = scene
        .serving
        .log_says("a connection is held for long")
        .await;
    for line in [slow, held] {
        assert!(
            line.contains("plugin=\"there\" database=\"notes\""),
            "{line}"
        );
    }
    scene.there.must("release").await;
    scene.stop().await;
}

/// The cap of each is changed by itself and holds at once; a database that is added is there from the
/// next start on, and that is said.
#[tokio::test]
async fn the_cap_of_each_is_changed_and_a_new_one_waits_for_the_next_start() {
    let mut scene = Scene::new().await;
    let serving = &scene.serving;
    scene.here.must("load 20 SELECT pg_sleep(0.005)").await;
    scene.there.must("load 20 SELECT pg_sleep(0.005)").await;
    connections(&scene.main, 3).await;
    connections(&scene.notes, 4).await;
    let key = "databases.notes.max_connections";
    let said = serving.said(&["set", key, "6"]).await;
    assert_eq!(said, format!("changed: {key}\n"));
    connections(&scene.notes, 6).await;
    let error = serving.refused(&["set", key, "99"]).await;
    let reason = "the database notes: a cap of 99 is more than the database allows";
    assert!(error.contains(reason), "{error}");
    let error = serving
        .refused(&["set", "databases.notes.replica", "true"])
        .await;
    assert!(
        error.contains("only changes when the host starts"),
        "{error}"
    );

    let more = "[databases.extra]\nurl = 'sqlite:extra.db?mode=rwc'\nmax_connections = 2\n";
    scene.config.more = table(&scene.notes, 2) + more;
    serving.write(&scene.config);
    let changed = serving.json(&["reload"]).await;
    assert_eq!(changed["changed"], Value::from(vec![key]), "{changed}");
    let later = ["databases.extra.max_connections", "databases.extra.url"];
    assert_eq!(changed["at_next_start"], Value::from(later.to_vec()));
    connections(&scene.notes, 2).await;
    connections(&scene.main, 3).await;
    let mut early = scene.config.clone();
    "databases = ['extra']".clone_into(&mut early.plugins[1].1);
    serving.write(&early);
    let error = serving.refused(&["reload"]).await;
    let reason = "a database that is added is there when the host starts the next time";
    assert!(error.contains(reason), "{error}");
    scene.here.must("rest").await;
    scene.there.must("rest").await;
    let shown = serving.json(&["config"]).await;
    assert_eq!(shown["databases"]["notes"]["max_connections"], 2);
    assert_eq!(shown["databases"].get("extra"), None, "{shown}");
    scene.stop().await;
}

/// The metrics say of which database each is.
#[tokio::test]
async fn the_metrics_name_it() {
    let mut scene = Scene::new().await;
    scene.here.must("run SELECT 1").await;
    scene.there.must("run SELECT 1").await;
    let file = scene.serving.folder().join("dump.json");
    scene.serving.said(&["dump", "dump.json"]).await;
    let dump: Value = serde_json::from_str(&std::fs::read_to_string(file).unwrap()).unwrap();
    let metrics = dump["metrics"].as_array().unwrap().iter();
    let metrics: Vec<_> = metrics.map(|line| line.as_str().unwrap()).collect();
    for line in [
        "onepool_max_connections{database=\"main\"} 3.0",
        "onepool_max_connections{database=\"notes\"} 4.0",
        "onepool_calls_total{plugin=\"here\",database=\"main\",call=\"execute\"} 1.0",
        "onepool_calls_total{plugin=\"there\",database=\"notes\",call=\"execute\"} 1.0",
        "onepool_backends{state=\"control\",database=\"notes\"} 1.0",
        "onepool_sessions{plugin=\"there\"} 2.0",
    ] {
        assert!(metrics.contains(&line), "{line}: {metrics:#?}");
    }
    scene.stop().await;
}
