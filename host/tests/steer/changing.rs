//! Changing the configuration of a running host, under load.

use serde_json::Value;

use crate::plugin::Remote;
use crate::serving::{Config, Serving, eventually};

/// The process of a plugin.
async fn process(serving: &Serving, plugin: &str) -> Value {
    let plugins = serving.json(&["plugins"]).await;
    let mut plugins = plugins.as_array().unwrap().iter();
    let plugin = plugins.find(|known| known["name"] == plugin);
    plugin.map_or(Value::Null, |plugin| plugin["pid"].clone())
}

/// The processes of the two that stay.
async fn processes(serving: &Serving) -> [Value; 2] {
    [process(serving, "one").await, process(serving, "two").await]
}

/// Waits until so many connections are there, by the database's own account.
pub(crate) async fn connections(database: &onepool_tests::Database, count: u32) {
    eventually(&format!("{count} connections"), async || {
        database.backends().await == count
    })
    .await;
}

async fn rest(mut plugins: Vec<Remote>) {
    for plugin in &mut plugins {
        plugin.must("rest").await;
    }
}

/// The cap goes up and down while two plugins go on without an error; the role's own limit is the
/// referee of the cap.
#[tokio::test]
async fn the_cap_is_reloaded_under_load() {
    let database = onepool_tests::postgres().await.database(8).await;
    let mut config = Config::new(&database.url, 4, &["one", "two"]);
    let serving = Serving::start(&config).await;
    let [mut one, mut two] = serving.plugins(["one", "two"]).await;
    for plugin in [&mut one, &mut two] {
        plugin.must("load 20 SELECT pg_sleep(0.005)").await;
    }
    connections(&database, 4).await;
    assert_eq!(serving.said(&["reload"]).await, "nothing has changed\n");
    for cap in [8, 3, 6, 2, 5] {
        config.max_connections = cap;
        serving.write(&config);
        assert_eq!(
            serving.said(&["reload"]).await,
            "changed: pool.max_connections\n"
        );
        connections(&database, cap).await;
    }
    rest(vec![one, two]).await;
    serving.stop().await;
    assert_eq!(database.refusals().await, 0);
}

/// A quota changes, and plugins come, go and change, while two that stay go on without an error.
#[tokio::test]
async fn a_reload_changes_what_it_says_and_touches_nothing_else() {
    let database = onepool_tests::postgres().await.database(4).await;
    let mut config = Config::new(&database.url, 4, &["one", "two", "goes", "changes"]);
    let serving = Serving::start(&config).await;
    let [mut one, mut two, mut goes, mut changes] =
        serving.plugins(["one", "two", "goes", "changes"]).await;
    for plugin in [&mut one, &mut two] {
        plugin.must("load 20 SELECT pg_sleep(0.005)").await;
    }
    let stay = processes(&serving).await;
    config.plugins.retain(|(name, _)| name != "goes");
    config.plugins.push(("comes".to_owned(), String::new()));
    for (name, keys) in &mut config.plugins {
        match name.as_str() {
            "two" => *keys = "[plugins.two.quota]\nmax = 1".to_owned(),
            "changes" => *keys = "message_grace = '1s'".to_owned(),
            _ => (),
        }
    }
    serving.write(&config);
    let changed = serving.json(&["reload"]).await;
    for (key, plugin) in [
        ("added", "comes"),
        ("removed", "goes"),
        ("replaced", "changes"),
    ] {
        assert_eq!(changed[key], Value::from(vec![plugin]), "{changed}");
    }
    assert_eq!(
        changed["failed"],
        Value::from(Vec::<Value>::new()),
        "{changed}"
    );
    assert_eq!(
        (goes.try_hear().await, changes.try_hear().await),
        (None, None)
    );
    let [mut comes, mut changes] = serving.plugins(["comes", "changes"]).await;
    comes.must("run SELECT 1").await;
    changes.must("run SELECT 1").await;
    eventually("the quota to hold", async || {
        let leases = serving.json(&["leases"]).await;
        let leases = leases.as_array().unwrap().iter();
        leases.filter(|lease| lease["plugin"] == "two").count() <= 1
    })
    .await;
    assert_eq!(
        serving.json(&["config"]).await["plugins"]["two"]["quota"]["max"],
        1
    );
    assert_eq!(process(&serving, "goes").await, Value::Null);
    assert_eq!(processes(&serving).await, stay);
    rest(vec![one, two]).await;
    serving.stop().await;
    assert_eq!(database.refusals().await, 0);
}

/// Whatever is wrong is said, all of it, and everything is as before.
#[tokio::test]
async fn a_reload_that_cannot_work_changes_nothing() {
    let database = onepool_tests::postgres().await.database(4).await;
    let good = Config::new(&database.url, 4, &["one"]);
    let serving = Serving::start(&good).await;
    let [mut one] = serving.plugins(["one"]).await;
    one.must("load 5 SELECT 1").await;
    let before = (
        serving.json(&["config"]).await,
        process(&serving, "one").await,
    );
    let mut wrong = good.clone();
    wrong.more = "[quotas]\nmax = 3\n[log]\nfilter = 'info'\nformat = 'loud'".to_owned();
    wrong
        .plugins
        .push(("two".to_owned(), "after = ['three']".to_owned()));
    serving.write(&wrong);
    let error = serving.refused(&["reload"]).await;
    for part in [
        "stays as it is",
        "onepool.toml:7: quotas",
        "log.format",
        "there is no plugin \"three\"",
    ] {
        assert!(error.contains(part), "{part}: {error}");
    }
    // What only the database knows.
    let mut greedy = good.clone();
    greedy.max_connections = 50;
    greedy.plugins.push(("two".to_owned(), String::new()));
    serving.write(&greedy);
    let error = serving.refused(&["reload"]).await;
    assert!(
        error.contains("a cap of 50 is more than the database allows"),
        "{error}"
    );
    std::fs::remove_file(serving.file()).unwrap();
    let endpoint = format!("--endpoint={}", serving.endpoint().display());
    let error = serving.refused(&["reload", &endpoint]).await;
    assert!(error.contains("cannot be read"), "{error}");

    serving.write(&good);
    let now = (
        serving.json(&["config"]).await,
        process(&serving, "one").await,
    );
    assert_eq!(now, before);
    assert_eq!(
        serving.json(&["plugins"]).await.as_array().unwrap().len(),
        1
    );
    one.must("rest").await;
    serving.stop().await;
    assert_eq!(database.refusals().await, 0);
}

/// The signal does what the command does, and the log says what came of it.
#[tokio::test]
async fn sighup_reloads() {
    let file = onepool_tests::sqlite();
    let mut config = Config::new(&file.url, 2, &["one"]);
    let serving = Serving::start(&config).await;
    let [mut one] = serving.plugins(["one"]).await;
    config.max_connections = 0;
    serving.write(&config);
    serving.signal("-HUP");
    let line = serving.log_says("the old one stays in force").await;
    assert!(line.contains("pool.max_connections"), "{line}");
    config.max_connections = 3;
    config.more =
        "[host]\nmax_sessions = 9".replace("[host]\n", "[limits]\nstatements = 9\n[quota]\n");
    config.more = config.more.replace("max_sessions = 9", "weight = 2");
    serving.write(&config);
    serving.signal("-HUP");
    let line = serving.log_says("the configuration was read anew").await;
    assert!(
        line.contains("changed: pool.max_connections, quota.weight"),
        "{line}"
    );
    assert!(
        line.contains("only from the next start of the host on: limits.statements"),
        "{line}"
    );
    assert_eq!(serving.json(&["status"]).await["max_connections"], 3);
    assert_ne!(serving.json(&["config"]).await["limits"]["statements"], 9);
    one.must("run SELECT 1").await;
    serving.stop().await;
}

#[tokio::test]
async fn one_value_is_set_until_the_next_reload() {
    let database = onepool_tests::postgres().await.database(5).await;
    let config = Config::new(&database.url, 3, &["one"]);
    let serving = Serving::start(&config).await;
    let [mut one] = serving.plugins(["one"]).await;
    one.must("load 20 SELECT pg_sleep(0.005)").await;
    connections(&database, 3).await;
    assert_eq!(
        serving.said(&["set", "pool.max_connections", "5"]).await,
        "changed: pool.max_connections\n"
    );
    connections(&database, 5).await;
    serving.said(&["set", "plugins.one.quota.max", "1"]).await;
    serving.said(&["set", "log.filter", "warn"]).await;
    let shown = serving.json(&["config"]).await;
    assert_eq!(
        (
            &shown["plugins"]["one"]["quota"]["max"],
            &shown["log"]["filter"]
        ),
        (&1.into(), &"warn".into())
    );
    for (key, value, says) in [
        ("pool.max_conections", "4", "\"max_connections\" is a key"),
        ("pool.max_connections", "many", "pool.max_connections"),
        (
            "pool.max_connections",
            "99",
            "more than the database allows",
        ),
        (
            "host.max_sessions",
            "9",
            "only changes when the host starts",
        ),
        ("plugins.none.quota.max", "1", "none"),
        ("pool", "1", "is a table"),
    ] {
        let error = serving.refused(&["set", key, value]).await;
        assert!(error.contains(says), "{key}: {error}");
    }
    assert_eq!(serving.json(&["config"]).await, shown);
    let changed = serving.json(&["reload"]).await;
    assert_eq!(changed["changed"].as_array().unwrap().len(), 3, "{changed}");
    connections(&database, 3).await;
    one.must("rest").await;
    assert!(!serving.log().contains("DEBUG"));
    serving.said(&["set", "log.filter", "debug"]).await;
    serving.said(&["restart", "one"]).await;
    serving.log_says("DEBUG").await;
    serving.stop().await;
    assert_eq!(database.refusals().await, 0);
}
