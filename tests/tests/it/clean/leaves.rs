//! Nothing that one plugin leaves reaches another.

use std::time::Duration;

use onepool_host::Host;
use onepool_sdk::OnepoolConnection;
use sqlx::Connection;

use super::draw::{Draw, none_failed, seeds};
use super::plugin::{connect, read, run};
use super::stage::{Login, Stage};

const SEEDS: u64 = 50;
/// As the superuser there is less that is refused, and little else that is different.
const SUPERUSER_SEEDS: u64 = 15;
const ROUNDS: u64 = 40;
const MOST_STATEMENTS: usize = 5;

/// Longer than a round ever takes, on however busy a machine.
const LONG: Duration = Duration::from_secs(30);

#[tokio::test]
async fn on_sqlite() {
    live(&Stage::sqlite().await, SEEDS).await;
}

#[tokio::test]
async fn on_postgres() {
    live(&Stage::postgres(Login::Role).await, SEEDS).await;
}

#[tokio::test]
async fn on_postgres_as_superuser() {
    live(&Stage::postgres(Login::Superuser).await, SUPERUSER_SEEDS).await;
}

#[tokio::test]
async fn on_mariadb() {
    live(&Stage::mariadb(Login::Role).await, SEEDS).await;
}

#[tokio::test]
async fn on_mariadb_as_superuser() {
    live(&Stage::mariadb(Login::Superuser).await, SUPERUSER_SEEDS).await;
}

/// The lives of all seeds; those that fail are told together.
async fn live(stage: &Stage, count: u64) {
    let mut failed = Vec::new();
    for seed in seeds(count) {
        let host = stage.host(1).await;
        if let Err(found) = life(stage, &host, seed).await {
            failed.push(format!("seed {seed}, {found}"));
        }
        host.stop().await;
    }
    none_failed(&failed);
}

async fn life(stage: &Stage, host: &Host, seed: u64) -> Result<(), String> {
    let mut draw = Draw::new(seed);
    let mut checker = connect(host, "checker").await;
    let fresh = everything(stage, &mut checker).await;
    let details = read(&mut checker, stage.details()).await.unwrap();
    for round in 0..ROUNDS {
        let mut done = Vec::new();
        let bounded = tokio::time::timeout(LONG, leave(stage, host, &mut draw, &mut done));
        let hung = bounded.await.is_err();
        let told = || format!("round {round}:\n    {}", done.join("\n    "));
        if hung {
            return Err(format!("{}\n  hangs", told()));
        }
        let found = everything(stage, &mut checker).await;
        if found != fresh {
            let after = read(&mut checker, stage.details()).await;
            let found = differences(&fresh, &found);
            let more = differences(&details, &after.unwrap_or_default());
            return Err(format!("{}\n  leaves\n    {found}\n    {more}", told()));
        }
        if draw.once_in(4) {
            let echo = echo(stage, &mut checker, &mut draw).await;
            echo.map_err(|echo| format!("{}\n  echoes {echo}", told()))?;
        }
    }
    checker.close().await.unwrap();
    Ok(())
}

/// One plugin's visit.
async fn leave(stage: &Stage, host: &Host, draw: &mut Draw, done: &mut Vec<String>) {
    let mut connection = connect(host, "visitor").await;
    for _ in 0..draw.up_to(MOST_STATEMENTS) {
        let statement = stage.statement(draw);
        done.push(run(&mut connection, draw, &statement).await);
    }
    if draw.once_in(2) {
        drop(connection);
    } else {
        connection.close().await.unwrap();
    }
}

/// All that the checker finds, or why it finds nothing.
pub(super) async fn everything(stage: &Stage, checker: &mut OnepoolConnection) -> Vec<String> {
    let found = tokio::time::timeout(LONG, read(checker, stage.read())).await;
    match found.expect("the checker hangs") {
        Ok(rows) => rows
            .iter()
            .flat_map(|row| row.lines())
            .map(str::to_owned)
            .collect(),
        Err(error) => vec![error.to_string()],
    }
}

/// Asks about earlier statements, of which the checker made none that count: in a transaction,
/// behind a statement that has nothing to do with them, or at once.
async fn echo(
    stage: &Stage,
    checker: &mut OnepoolConnection,
    draw: &mut Draw,
) -> Result<(), String> {
    let (questions, silence) = stage.echoes();
    let question = draw.one_of(questions);
    let heard = match draw.up_to(3) {
        1 => {
            let mut transaction = checker.begin().await.unwrap();
            let heard = read(&mut transaction, question).await;
            transaction.rollback().await.unwrap();
            heard
        }
        2 => {
            read(checker, "SELECT '1'").await.unwrap();
            read(checker, question).await
        }
        _ => read(checker, question).await,
    };
    // What is pinned by the question ends here, as it does with a plugin's pool.
    checker.ping().await.unwrap();
    match heard {
        Ok(heard) if heard.iter().any(|heard| !silence.contains(&heard.as_str())) => {
            Err(format!("{question}: {heard:?}"))
        }
        _ => Ok(()),
    }
}

fn differences(before: &[String], after: &[String]) -> String {
    let lost = before.iter().filter(|line| !after.contains(line));
    let new = after.iter().filter(|line| !before.contains(line));
    let lost = lost.map(|line| format!("- {line}"));
    let lines: Vec<_> = lost.chain(new.map(|line| format!("+ {line}"))).collect();
    lines.join("\n    ")
}
