//! The end of a host, and the next one in its place.

use std::time::{Duration, Instant};

use crate::changing::connections;
use crate::serving::{Config, Serving, eventually};

/// A host is upgraded: drained, ended and started anew. What was under way is finished, nothing that
/// was acknowledged is lost, and the plugins come back by themselves.
#[tokio::test]
async fn a_host_is_upgraded_and_its_plugins_come_back() {
    let database = onepool_tests::postgres().await.database(3).await;
    let config = Config::new(&database.url, 3, &["one", "two"]);
    let mut serving = Serving::start(&config).await;
    let [mut one, mut two] = serving.plugins(["one", "two"]).await;
    one.must("run CREATE TABLE kept (id INT PRIMARY KEY)").await;
    two.must("load 10 SELECT 1").await;
    one.must("keep BEGIN; INSERT INTO kept VALUES (1)").await;
    let (drained, ()) = tokio::join!(serving.said(&["drain", "--timeout=60"]), async {
        one.must("keep COMMIT").await;
        one.must("release").await;
    });
    assert!(
        drained.contains("every connection for work is closed"),
        "{drained}"
    );
    serving.end().await;
    connections(&database, 0).await;
    assert_eq!((one.try_hear().await, two.try_hear().await), (None, None));

    serving.start_again().await;
    let [mut one, mut two] = serving.plugins(["one", "two"]).await;
    one.must("run SELECT 1 / count(*) FROM kept").await;
    two.must("load 10 SELECT 1").await;
    two.must("rest").await;
    assert_eq!(
        serving.json(&["status"]).await["paused"],
        false,
        "a pause ends with its host"
    );
    serving.end().await;
    assert_eq!(database.refusals().await, 0);
}

/// Who does not come to an end in time is ended, and so is what it runs in the database.
#[tokio::test]
async fn sigterm_ends_everything_by_its_deadline() {
    let database = onepool_tests::postgres().await.database(3).await;
    let mut config = Config::new(&database.url, 3, &["stubborn"]);
    config.more = "[limits]\nstatements = 1000".to_owned();
    let mut serving = Serving::start(&config).await;
    let [mut stubborn] = serving.plugins(["stubborn"]).await;
    stubborn.must("ignore the signal").await;
    stubborn.begins("run SELECT pg_sleep(600)").await;
    eventually("the statement", async || {
        !serving
            .json(&["statements"])
            .await
            .as_array()
            .unwrap()
            .is_empty()
    })
    .await;
    let began = Instant::now();
    serving.end().await;
    assert!(
        began.elapsed() < Duration::from_secs(40),
        "{:?}",
        began.elapsed()
    );
    connections(&database, 0).await;
    assert_eq!(database.refusals().await, 0);
}
