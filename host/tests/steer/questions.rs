//! The readme's questions for the night: each command in it is run against a host under load.

use std::path::Path;

use crate::plugin::Remote;
use crate::seeing::one;
use crate::serving::{Config, Serving};

/// The commands that answer each question, as the readme has them.
fn answers() -> Vec<Vec<String>> {
    let readme = Path::new(env!("CARGO_MANIFEST_DIR")).join("../README.md");
    let readme = std::fs::read_to_string(readme).unwrap();
    let (_, rest) = readme.split_once("### Ten questions at night\n").unwrap();
    let rows = rest
        .lines()
        .skip_while(|line| !line.starts_with('|'))
        .skip(2);
    let rows = rows.take_while(|line| line.starts_with('|'));
    rows.map(|row| {
        let answer = row.split('|').nth(2).unwrap();
        let commands = answer.split('`').skip(1).step_by(2);
        commands.map(str::to_owned).collect()
    })
    .collect()
}

/// What a command says when it does what the readme has it for.
fn mark(command: &str) -> &'static str {
    match command {
        "onepool status" => "\nconnections  ",
        "onepool plugins" => "  running  ",
        "onepool leases" => "SELECT pg_sleep(600)",
        "onepool statements" => "SELECT pg_sleep(600)",
        "onepool kill statement-7.33" => "is being ended",
        "onepool pause NAME" => "busy is paused",
        "onepool resume NAME" => "resumed",
        "onepool set pool.max_connections 30" => "changed: pool.max_connections",
        "onepool check" => "is fine: at most 10 connections",
        "onepool reload" => "changed: pool.max_connections",
        "onepool config" => "pool.max_connections = 10\n",
        "onepool drain" => "every connection for work is closed, and everybody is paused",
        "onepool resume" => "resumed",
        "onepool reconnect" => "connections are replaced",
        "onepool explain QUEUE_TIMEOUT" => "QUEUE_TIMEOUT",
        "onepool dump" => "read it before you send it on",
        other => panic!("nobody knows what {other} is to say"),
    }
}

async fn answer(serving: &Serving, command: &str, statement: &str) {
    let words: Vec<_> = command.split(' ').skip(1).collect();
    let words: Vec<_> = words
        .into_iter()
        .map(|word| match word {
            "NAME" => "busy",
            "statement-7.33" => statement,
            other => other,
        })
        .collect();
    let said = serving.said(&words).await;
    assert!(said.contains(mark(command)), "{command}: {said}");
}

/// A plugin that is busy all the time sees no error of any of them; only what was to be ended ends.
#[tokio::test]
async fn each_has_an_answer_that_works() {
    let answers = answers();
    assert_eq!(answers.len(), 10, "{answers:?}");
    let database = onepool_tests::postgres().await.database(30).await;
    let config = Config::new(&database.url, 10, &["busy", "sleeper"]);
    let serving = Serving::start(&config).await;
    let [mut busy, mut sleeper]: [Remote; 2] = serving.plugins(["busy", "sleeper"]).await;
    sleeper.begins("run SELECT pg_sleep(600)").await;
    let statement = one(&serving, "statements", "sleeper", "running").await;
    let statement = statement["id"].as_str().unwrap();
    busy.must("load 3 SELECT 1").await;
    for commands in &answers {
        assert!(!commands.is_empty(), "{answers:?}");
        for command in commands {
            answer(&serving, command, statement).await;
        }
    }
    let told = sleeper.hear().await;
    assert!(told.contains("has cancelled the statement"), "{told}");
    busy.must("rest").await;
    serving.stop().await;
    assert_eq!(database.refusals().await, 0);
}
