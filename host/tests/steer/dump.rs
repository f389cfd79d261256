//! `onepool dump`: what it gathers, and what is nowhere in it.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use serde_json::Value;
use sqlx::{AssertSqlSafe, Connection, Executor, PgConnection};

use crate::seeing::one;
use crate::serving::{Config, Serving};

fn read(file: &Path) -> (String, Value) {
    let text = fs::read_to_string(file).unwrap();
    let told = serde_json::from_str(&text).unwrap();
    (text, told)
}

/// The names of what is not in a bundle.
fn missing(told: &Value) -> Vec<&str> {
    let missing = told["about"]["missing"].as_array().unwrap().iter();
    missing
        .map(|missing| missing["part"].as_str().unwrap())
        .collect()
}

/// Gives the host's role a password that is found if it is told, and returns the URL with it.
async fn plant(database: &onepool_tests::Database) -> String {
    let alter = format!("ALTER ROLE {} PASSWORD 'PLANTED-password'", database.name);
    let mut admin = PgConnection::connect(&database.admin_url).await.unwrap();
    admin.execute(AssertSqlSafe(alter)).await.unwrap();
    let url = database.url.replace(":secret@", ":PLANTED-password@");
    assert_ne!(url, database.url);
    url
}

fn has_facts(serving: &Serving, told: &Value) {
    for (place, value) in [
        ("/status/max_connections", 4.into()),
        ("/plugins/0/state", "running".into()),
        ("/leases/0/statement", "SELECT 'PLANTED-text'".into()),
        (
            "/statements/statements/0/text",
            "SELECT pg_sleep(600), $1".into(),
        ),
        ("/configuration/pool/max_connections", 4.into()),
        ("/machine/process/id", serving.host.id().unwrap().into()),
    ] {
        assert_eq!(told.pointer(place), Some(&value), "{place}: {told}");
    }
    let mut metrics = told["metrics"].as_array().unwrap().iter();
    assert!(
        metrics.any(|line| line.as_str().unwrap().starts_with("onepool_")),
        "{told}"
    );
}

/// Whatever could be a secret is planted, and everything else is there.
#[tokio::test]
async fn it_tells_everything_but_secrets() {
    let database = onepool_tests::postgres().await.database(4).await;
    let mut config = Config::new(&database.url, 4, &["sleeper", "holder"]);
    config.url = plant(&database).await;
    let serving = Serving::start(&config).await;
    let [mut sleeper, mut holder] = serving.plugins(["sleeper", "holder"]).await;
    holder.must("keep BEGIN").await;
    holder.must("keep SELECT 'PLANTED-text'").await;
    sleeper
        .begins("bind PLANTED-argument SELECT pg_sleep(600), $1")
        .await;
    one(&serving, "statements", "sleeper", "running").await;
    // One that can still be used.
    let attachment = serving.json(&["attach", "holder"]).await;
    let token = attachment["variables"].as_array().unwrap().iter();
    let token = token.map(|pair| (pair[0].as_str().unwrap(), pair[1].as_str().unwrap()));
    let (_, token) = token
        .into_iter()
        .find(|(name, _)| *name == "ONEPOOL_TOKEN")
        .unwrap();

    let said = serving.said(&["dump", "bundle.json"]).await;
    assert!(
        said.starts_with("bundle.json: ") && said.contains("not in it:\n  log: "),
        "{said}"
    );
    let file = serving.folder().join("bundle.json");
    let mode = fs::metadata(&file).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    let (text, told) = read(&file);
    for secret in [
        "PLANTED-password",
        "postgres://",
        "PLANTED-argument",
        // The value of a plugin's variable, and an argument of its program.
        &serving.folder().join("stage").display().to_string(),
        "does_as_it_is_told",
        token,
    ] {
        assert!(!text.contains(secret), "{secret} is in it:\n{text}");
    }
    assert_eq!(missing(&told), ["log", "database"]);
    has_facts(&serving, &told);

    // Nothing is written over.
    let error = serving.refused(&["dump", "bundle.json"]).await;
    assert!(error.contains("cannot write bundle.json"), "{error}");
    let json = serving.json(&["dump", "--without-texts"]).await;
    let file = json["file"].as_str().unwrap();
    assert!(
        file.starts_with("onepool-dump-2") && file.ends_with("Z.json"),
        "{file}"
    );
    let (text, told) = read(&serving.folder().join(file));
    assert!(!text.contains("PLANTED"), "{text}");
    assert_eq!(told["statements"]["statements"][0]["text"], "(left out)");
    drop((sleeper, holder));
    serving.stop().await;
}

/// What can be told without a host is, and what cannot is said so.
#[tokio::test]
async fn without_a_host_it_says_what_is_missing() {
    let file = onepool_tests::sqlite();
    let mut config = Config::new(&file.url, 3, &["one"]);
    config.more = "[quota]\nwait = 7".to_owned();
    let mut serving = Serving::start(&Config::new(&file.url, 3, &["one"])).await;
    let [_one] = serving.plugins(["one"]).await;
    serving.end().await;
    serving.write(&config);
    let said = serving.said(&["dump", "bundle.json"]).await;
    assert!(said.contains("\n  status: no host answers at "), "{said}");
    let (text, told) = read(&serving.folder().join("bundle.json"));
    for part in ["status", "statements", "metrics", "configuration"] {
        assert!(missing(&told).contains(&part), "{part}: {text}");
    }
    let read = &told["configuration_as_read_now"];
    assert_eq!(read["settings"]["pool"]["max_connections"], 3, "{text}");
    let problems = read["problems"].to_string();
    assert!(problems.contains("quota.wait"), "{problems}");
    assert!(
        told["machine_of_this_command"]["process"].is_object(),
        "{text}"
    );
    assert!(!text.contains(&file.url), "{text}");
}
