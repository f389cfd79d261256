//! Holding plugins back, emptying the pool, and ending what it holds, under load.

use std::time::Duration;

use serde_json::Value;

use crate::plugin::Remote;
use crate::seeing::one;
use crate::serving::{Config, Serving, eventually};

/// How many calls of its load a plugin has had answered.
async fn count(plugin: &mut Remote) -> u64 {
    plugin.does("count").await.parse().unwrap()
}

/// Waits until its load goes on.
async fn goes_on(plugin: &mut Remote) {
    let before = count(plugin).await;
    eventually("the load to go on", async || {
        count(plugin).await > before + 5
    })
    .await;
}

/// Makes sure that nothing of it is answered: whoever could be has had the time.
async fn rests(serving: &Serving, plugin: &mut Remote, other: &mut Remote) {
    let leases = async || serving.json(&["leases"]).await;
    eventually("what was lent to come back", async || {
        let leases = leases().await;
        let mut leases = leases.as_array().unwrap().iter();
        leases.all(|lease| lease["plugin"] != plugin.name.as_str())
    })
    .await;
    let before = count(plugin).await;
    goes_on(other).await;
    goes_on(other).await;
    assert_eq!(count(plugin).await, before);
}

#[tokio::test]
async fn a_plugin_is_paused_while_the_others_go_on() {
    let database = onepool_tests::postgres().await.database(4).await;
    let serving = Serving::start(&Config::new(&database.url, 4, &["one", "two"])).await;
    let [mut one, mut two] = serving.plugins(["one", "two"]).await;
    one.must("load 5 SELECT 1").await;
    two.must("load 2 SELECT 2").await;
    goes_on(&mut one).await;

    let said = serving.said(&["pause", "one"]).await;
    assert!(said.contains("one is paused"), "{said}");
    rests(&serving, &mut one, &mut two).await;
    // While a connection is being opened, or a busy machine is late, something else is told.
    eventually("the pause to be told", async || {
        let status = serving.json(&["status"]).await;
        assert_eq!(status["paused_plugins"][0], "one");
        status["verdict"] == "paused"
    })
    .await;

    assert!(
        serving
            .said(&["resume"])
            .await
            .contains("it was not paused; still paused by themselves: one")
    );
    assert_eq!(serving.said(&["resume", "one"]).await, "resumed\n");
    goes_on(&mut one).await;

    // A typing error is not taken for a success.
    let error = serving.refused(&["pause", "onee"]).await;
    assert!(error.contains("knows no plugin named onee"), "{error}");

    serving.said(&["pause"]).await;
    eventually("all to rest", async || {
        serving.json(&["leases"]).await == Value::Array(Vec::new())
    })
    .await;
    let (before, other) = (count(&mut one).await, count(&mut two).await);
    let first = serving.said(&["status"]).await;
    assert!(first.starts_with("paused by an operator: "), "{first}");
    assert_eq!(
        (count(&mut one).await, count(&mut two).await),
        (before, other)
    );
    serving.said(&["resume"]).await;
    for plugin in [&mut one, &mut two] {
        goes_on(plugin).await;
        plugin.must("rest").await;
    }
    serving.stop().await;
    assert_eq!(database.refusals().await, 0);
}

/// A transaction ends as its plugin ends it, and then the database sees nobody.
#[tokio::test]
async fn draining_waits_for_transactions_and_closes_every_connection() {
    let database = onepool_tests::postgres().await.database(4).await;
    let serving = Serving::start(&Config::new(&database.url, 4, &["busy", "slow"])).await;
    let [mut busy, mut slow] = serving.plugins(["busy", "slow"]).await;
    busy.must("load 5 SELECT 1").await;
    slow.must("run CREATE TABLE kept (id INT)").await;
    slow.must("keep BEGIN; INSERT INTO kept VALUES (1)").await;

    let error = serving.refused(&["drain", "--timeout=0.2"]).await;
    assert!(
        error.contains("not drained within 200ms") && error.contains("of slow"),
        "{error}"
    );
    let error = serving.refused(&["drain", "slow", "--timeout=0.1"]).await;
    assert!(error.contains("of slow (resting"), "{error}");
    let endpoint = ["drain", "--timeout=60"];
    let (drained, ()) = tokio::join!(serving.said(&endpoint), async {
        // It has waited before, so it waits now.
        slow.must("keep COMMIT").await;
        slow.must("release").await;
    });
    assert!(
        drained.contains("every connection for work is closed"),
        "{drained}"
    );
    assert_eq!(database.backends().await, 1, "the one for cancels");
    let status = serving.json(&["status"]).await;
    assert_eq!(status["backends"]["free"], 0, "{status}");
    serving.said(&["resume"]).await;
    serving.said(&["resume", "slow"]).await;
    goes_on(&mut busy).await;
    busy.must("rest").await;
    slow.must("run SELECT 1 / count(*) FROM kept").await;
    serving.stop().await;
    assert_eq!(database.refusals().await, 0);
}

/// Two plugins on two connections; the bystander holds one of them throughout.
struct Crime {
    database: onepool_tests::Database,
    serving: Serving,
    victim: Remote,
    bystander: Remote,
    bystanders: Value,
}

impl Crime {
    async fn scene() -> Self {
        let database = onepool_tests::postgres().await.database(3).await;
        let config = Config::new(&database.url, 3, &["victim", "bystander"]);
        let serving = Serving::start(&config).await;
        let [victim, mut bystander] = serving.plugins(["victim", "bystander"]).await;
        bystander.must("keep BEGIN").await;
        let bystanders = one(&serving, "leases", "bystander", "resting").await;
        Self {
            database,
            serving,
            victim,
            bystander,
            bystanders,
        }
    }

    async fn kill(&self, id: &Value) {
        let said = self.serving.said(&["kill", id.as_str().unwrap()]).await;
        assert!(said.contains("is being ended"), "{said}");
    }

    /// The bystander has what it had.
    async fn end(mut self) {
        let same = one(&self.serving, "leases", "bystander", "resting").await;
        assert_eq!(same["id"], self.bystanders["id"], "it was in nobody's way");
        self.bystander.must("keep COMMIT").await;
        self.serving.stop().await;
        assert_eq!(self.database.refusals().await, 0);
    }
}

#[tokio::test]
async fn a_statement_is_killed_and_the_wait_of_a_call() {
    let mut crime = Crime::scene().await;
    crime.victim.begins("run SELECT pg_sleep(600)").await;
    let statement = one(&crime.serving, "statements", "victim", "running").await;
    crime.kill(&statement["id"]).await;
    let told = crime.victim.hear().await;
    assert!(told.contains("has cancelled the statement"), "{told}");

    // Another one of the same backend is another one.
    crime.victim.begins("keep SELECT pg_sleep(600)").await;
    one(&crime.serving, "statements", "victim", "running").await;
    let id = statement["id"].as_str().unwrap();
    let error = crime.serving.refused(&["kill", id]).await;
    assert!(
        error.contains(&format!("there is no {id} any more")),
        "{error}"
    );

    crime.bystander.must("load 1 SELECT 1").await;
    let waiting = one(&crime.serving, "statements", "bystander", "waiting").await;
    crime.kill(&waiting["id"]).await;
    let told = crime.bystander.does("rest").await;
    assert!(told.contains("while it waited for a backend"), "{told}");
    for (wrong, says) in [
        ("7", "not a name"),
        ("lease-1.999", "no lease-1.999"),
        ("session-99", "no session-99"),
        ("wait-1", "no wait-1"),
    ] {
        let error = crime.serving.refused(&["kill", wrong]).await;
        assert!(error.contains(says), "{error}");
    }
    crime.end().await;
}

/// At rest and at work.
#[tokio::test]
async fn a_whole_transaction_is_killed() {
    let mut crime = Crime::scene().await;
    for work in [None, Some("keep SELECT pg_sleep(600)")] {
        let begin = "keep BEGIN; CREATE TABLE gone (id INT)";
        crime.victim.must(begin).await;
        if let Some(work) = work {
            crime.victim.begins(work).await;
        }
        let state = if work.is_some() { "running" } else { "resting" };
        let lease = one(&crime.serving, "leases", "victim", state).await;
        crime.kill(&lease["id"]).await;
        if work.is_some() {
            let told = crime.victim.hear().await;
            assert!(told.contains("has ended the transaction"), "{told}");
        }
        eventually("the lease to end", async || {
            let leases = crime.serving.json(&["leases"]).await;
            let mut leases = leases.as_array().unwrap().iter();
            leases.all(|other| other["id"] != lease["id"])
        })
        .await;
        let told = crime.victim.does("keep SELECT 'too late'").await;
        assert!(told.contains("LEASE_REVOKED"), "{told}");
        crime.victim.must("release").await;
        // Rolled back: it can be made again.
        crime.victim.must("run CREATE TABLE gone (id INT)").await;
        crime.victim.must("run DROP TABLE gone").await;
    }
    crime.end().await;
}

/// With all that it has; the plugin opens another one.
#[tokio::test]
async fn a_session_is_killed() {
    let mut crime = Crime::scene().await;
    crime.victim.begins("keep SELECT pg_sleep(600)").await;
    let statement = one(&crime.serving, "statements", "victim", "running").await;
    crime.kill(&statement["session"]).await;
    let told = crime.victim.hear().await;
    assert!(
        told.contains("SESSION_LOST") && told.contains("has ended the session"),
        "{told}"
    );
    crime.victim.must("run SELECT 1").await;
    crime.end().await;
}

#[tokio::test]
async fn connections_are_replaced_under_load_without_an_error() {
    let database = onepool_tests::postgres().await.database(4).await;
    let serving = Serving::start(&Config::new(&database.url, 4, &["busy"])).await;
    let [mut busy] = serving.plugins(["busy"]).await;
    busy.must("load 10 SELECT pg_sleep(0.002)").await;
    goes_on(&mut busy).await;
    let processes = async || {
        let leases = serving.json(&["leases"]).await;
        let leases = leases.as_array().unwrap().iter();
        leases
            .filter_map(|lease| lease["process"].as_u64())
            .collect::<Vec<_>>()
    };
    let mut before = processes().await;
    for _ in 0..20 {
        before.extend(processes().await);
    }
    assert!(!before.is_empty());
    let said = serving.said(&["reconnect"]).await;
    assert!(said.contains("3 connections are replaced"), "{said}");
    eventually("other connections", async || {
        let now = processes().await;
        !now.is_empty() && now.iter().all(|process| !before.contains(process))
    })
    .await;
    goes_on(&mut busy).await;
    busy.must("rest").await;
    serving.stop().await;
    assert_eq!(database.refusals().await, 0);
}

/// A call that waits for a pause to end is told so when it has waited for too long.
#[tokio::test]
async fn who_waits_in_vain_for_a_pause_to_end_is_told() {
    let file = onepool_tests::sqlite();
    let mut config = Config::new(&file.url, 2, &["held"]);
    config.more = "[quota]\nqueue_timeout = '100ms'".to_owned();
    let serving = Serving::start(&config).await;
    let [mut held] = serving.plugins(["held"]).await;
    serving.said(&["pause", "held"]).await;
    let told = held.does("run SELECT 1").await;
    assert!(
        told.contains("an operator has paused this plugin"),
        "{told}"
    );
    tokio::time::timeout(Duration::from_secs(30), serving.stop())
        .await
        .unwrap();
}
