//! Who has what, what runs, what waits, and the first line that says why.

use serde_json::Value;

use crate::serving::{Config, Serving, eventually};

/// Waits until `what` lists one of this plugin in this state, and returns it.
pub(crate) async fn one(serving: &Serving, what: &str, plugin: &str, state: &str) -> Value {
    let mut found = Value::Null;
    eventually(&format!("{what} of {plugin} that is {state}"), async || {
        let list = serving.json(&[what]).await;
        let mut rows = list.as_array().unwrap().iter();
        let row = rows.find(|row| row["plugin"] == plugin && row["state"] == state);
        found = row.cloned().unwrap_or_default();
        row.is_some()
    })
    .await;
    found
}

#[tokio::test]
async fn an_idle_host_says_so() {
    let file = onepool_tests::sqlite();
    let serving = Serving::start(&Config::new(&file.url, 3, &["idle"])).await;
    let [_idle] = serving.plugins(["idle"]).await;
    let status = serving.said(&["status"]).await;
    assert!(
        status.starts_with("nobody waits: 0 of 3 connections are in use\n"),
        "{status}"
    );
    assert_eq!(serving.json(&["status"]).await["verdict"], "fine");
    for list in ["leases", "statements"] {
        assert_eq!(serving.json(&[list]).await, Value::Array(Vec::new()));
        assert_eq!(
            serving.said(&[list]).await.lines().count(),
            1,
            "only a head"
        );
    }
    serving.stop().await;
}

/// Two connections for work: one plugin sleeps in the database, one keeps a transaction open, and a
/// third waits. Every question has its answer, and none shows an argument.
#[tokio::test]
async fn who_holds_what_and_who_waits_is_seen() {
    let database = onepool_tests::postgres().await.database(3).await;
    let config = Config::new(&database.url, 3, &["sleeper", "holder", "waiter"]);
    let serving = Serving::start(&config).await;
    let [mut sleeper, mut holder, mut waiter] =
        serving.plugins(["sleeper", "holder", "waiter"]).await;
    holder.must("keep BEGIN").await;
    holder.must("keep SELECT 'held'").await;
    let held = one(&serving, "leases", "holder", "resting").await;
    assert_eq!(
        (&held["purpose"], &held["state"]),
        (&"transaction".into(), &"resting".into())
    );
    assert_eq!(held["statement"], "SELECT 'held'");
    assert_eq!(held.get("database"), None, "there is but one");
    assert!(held["process"].as_u64().is_some());

    sleeper.begins("run SELECT pg_sleep(600)").await;
    let running = one(&serving, "statements", "sleeper", "running").await;
    assert_eq!(running["text"], "SELECT pg_sleep(600)");
    assert!(running["id"].as_str().unwrap().starts_with("statement-"));
    let lease = one(&serving, "leases", "sleeper", "running").await;
    assert_eq!(
        (&lease["purpose"], &lease["state"]),
        (&"statement".into(), &"running".into())
    );
    assert_eq!(lease["id"], running["lease"]);
    assert_ne!(lease["session"], held["session"]);

    waiter.begins("run SELECT 'in vain'").await;
    let waiting = one(&serving, "statements", "waiter", "waiting").await;
    assert_eq!(
        (&waiting["state"], &waiting["lease"]),
        (&"waiting".into(), &Value::Null)
    );
    assert_eq!(waiting["text"], "SELECT 'in vain'");

    // Half of the connections run something that takes long.
    eventually("the verdict", async || {
        serving.json(&["status"]).await["verdict"] == "database_slow"
    })
    .await;
    let status = serving.said(&["status"]).await;
    let first = status.lines().next().unwrap();
    for part in [
        "the database is slow: 1 call waits",
        "1 of 2 connections",
        "sleeper for",
    ] {
        assert!(first.contains(part), "{part}: {first}");
    }
    let table = serving.said(&["leases"]).await;
    assert!(
        table.contains("SELECT pg_sleep(600)") && table.contains("resting"),
        "{table}"
    );
    let table = serving.said(&["statements"]).await;
    assert!(
        table.contains("wait-") && table.contains("SELECT 'in vain'"),
        "{table}"
    );
    drop((sleeper, holder, waiter));
    serving.stop().await;
}

/// Whoever rests on all connections is named as what holds the others up.
#[tokio::test]
async fn a_held_connection_is_told_from_a_slow_database() {
    let file = onepool_tests::sqlite();
    let serving = Serving::start(&Config::new(&file.url, 1, &["holder", "waiter"])).await;
    let [mut holder, mut waiter] = serving.plugins(["holder", "waiter"]).await;
    holder.must("keep BEGIN").await;
    waiter.begins("run SELECT 1").await;
    one(&serving, "statements", "waiter", "waiting").await;
    let status = serving.json(&["status"]).await;
    assert_eq!(status["verdict"], "held", "{status}");
    let summary = status["summary"].as_str().unwrap();
    assert!(
        summary.starts_with("connections are held: 1 call waits"),
        "{summary}"
    );
    assert!(summary.contains("holder for"), "{summary}");
    holder.must("keep COMMIT").await;
    holder.must("release").await;
    assert_eq!(waiter.hear().await, "ok");
    serving.stop().await;
}

/// Many short statements are neither a slow database nor anybody's fault.
#[tokio::test]
async fn a_full_queue_is_told_from_a_slow_database() {
    let database = onepool_tests::postgres().await.database(2).await;
    let serving = Serving::start(&Config::new(&database.url, 2, &["busy"])).await;
    let [mut busy] = serving.plugins(["busy"]).await;
    busy.must("load 20 SELECT pg_sleep(0.05)").await;
    eventually("a full queue", async || {
        serving.json(&["status"]).await["verdict"] == "queue_full"
    })
    .await;
    busy.must("rest").await;
    serving.stop().await;
}

#[tokio::test]
async fn the_configuration_is_shown_without_secrets() {
    let file = onepool_tests::sqlite();
    let mut config = Config::new(&file.url, 3, &["idle"]);
    config.more = "[quota]\nweight = 7".to_owned();
    let serving = Serving::start(&config).await;
    let [_idle] = serving.plugins(["idle"]).await;
    let shown = serving.json(&["config"]).await;
    assert_eq!(
        (&shown["pool"]["max_connections"], &shown["quota"]["weight"]),
        (&3.into(), &7.into())
    );
    let text = serving.said(&["config"]).await;
    assert!(text.contains("pool.max_connections = 3\n"), "{text}");
    for secret in [&file.url, "does_as_it_is_told", "/stage"] {
        assert!(!text.contains(secret), "{secret}: {text}");
        assert!(!shown.to_string().contains(secret), "{secret}");
    }
    serving.stop().await;
}
