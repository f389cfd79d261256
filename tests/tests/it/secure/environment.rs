//! What a launched plugin finds in its environment.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use onepool_host::{Host, Plugin};

const FOLDER: &str = "TEST_ENVIRONMENT_FOLDER";

/// Ways around the host, in the environment of the host.
const SECRETS: [(&str, &str); 9] = [
    ("DATABASE_URL", "sqlite:secret.db"),
    ("APP_DATABASE_URL", "secret"),
    ("ONEPOOL_DATABASE__URL", "secret"),
    ("PGPASSWORD", "secret"),
    ("PGHOST", "secret"),
    ("MYSQL_PWD", "secret"),
    ("POSTGRES_PASSWORD", "secret"),
    (
        "APP_SETTINGS",
        "{\"database\": \"postgres://app:secret@db/app\"}",
    ),
    ("CREDENTIALS_DIRECTORY", "/run/credentials/secret"),
];

/// A process of its own, as nobody may change the environment of one that has threads. In the suite
/// itself there is nothing to do.
#[tokio::test]
async fn a_host() {
    let Ok(folder) = std::env::var(FOLDER) else {
        return;
    };
    let folder = Path::new(&folder);
    let found = folder.join("found");
    let plugin = Plugin::new("p", "sh")
        .args(["-c", "env > \"$0.part\" && mv \"$0.part\" \"$0\""])
        .arg(&found)
        // What the application gives to a plugin, it has.
        .env("PGSSLKEY", "given");
    let database = format!("sqlite://{}?mode=rwc", folder.join("test.db").display());
    let host = Host::builder().database(database).plugin(plugin);
    let host = host.start().await.unwrap();
    let began = Instant::now();
    while !found.exists() {
        assert!(began.elapsed() < Duration::from_secs(60), "no plugin ran");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    host.stop().await;
}

#[test]
fn ways_around_the_host_are_not_in_it() {
    let folder = tempfile::tempdir().unwrap();
    let mut host = Command::new(std::env::current_exe().unwrap());
    host.args(["--exact", "secure::environment::a_host"])
        .env(FOLDER, folder.path())
        .env("OF_THE_APPLICATION", "kept")
        .envs(SECRETS);
    assert!(host.status().unwrap().success());
    let found = std::fs::read_to_string(folder.path().join("found")).unwrap();
    assert!(!found.contains("secret"), "{found}");
    let found: BTreeMap<_, _> = found
        .lines()
        .filter_map(|line| line.split_once('='))
        .collect();
    for (name, _) in SECRETS {
        assert!(!found.contains_key(name), "{name}");
    }
    assert_eq!(found.get("OF_THE_APPLICATION"), Some(&"kept"));
    assert_eq!(found.get("PGSSLKEY"), Some(&"given"));
    assert_eq!(found.get("ONEPOOL_PLUGIN"), Some(&"p"));
}
