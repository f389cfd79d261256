//! `onepool top`, as a person uses it.

use crate::seeing::one;
use crate::serving::{Config, Serving, eventually};
use crate::terminal::Terminal;

const PROGRAM: &str = env!("CARGO_BIN_EXE_onepool");

/// The row of a screen that begins with this.
fn row<'a>(screen: &'a str, name: &str) -> Option<&'a str> {
    let mut lines = screen.lines();
    lines.find(|line| line.split_whitespace().next() == Some(name))
}

/// The names that come first in the rows of a screen, of those that are asked for.
fn order(screen: &str, names: &[&str]) -> Vec<String> {
    let first = screen
        .lines()
        .filter_map(|line| line.split_whitespace().next());
    first
        .filter(|first| names.contains(first))
        .map(str::to_owned)
        .collect()
}

/// What is meant is found by its text, chosen, and ended at the second try.
async fn find_and_end(terminal: &Terminal) {
    terminal.types("/long one");
    terminal.shows("filter: long one_").await;
    terminal.presses("Enter");
    terminal.presses("Tab");
    terminal
        .comes_to("the one statement", |screen| {
            screen.contains("Statements (1 of ")
        })
        .await;
    terminal.presses("k");
    let screen = terminal.shows("y  end it").await;
    assert!(
        screen.contains("A statement of reports that has run for"),
        "{screen}"
    );
    terminal.presses("n");
    terminal.shows("nothing was ended").await;
    terminal.presses("k");
    terminal.shows("y  end it").await;
    terminal.presses("y");
}

/// The terminal is as it was.
async fn leave(terminal: &Terminal) {
    terminal.presses("q");
    terminal.shows("left: 0").await;
    assert_eq!(terminal.state("#{alternate_on} #{cursor_flag}"), "0 1");
    terminal.enters("clear; stty -g | cmp - before && echo as it was");
    terminal
        .comes_to("the terminal as it was", |screen| {
            screen.lines().any(|line| line == "as it was")
        })
        .await;
}

/// Looks at a host under load, sorts, filters, ends a statement, and leaves: the plugin is told, the
/// others go on, and the terminal is as it was.
#[tokio::test]
async fn a_person_finds_and_ends_what_runs_too_long() {
    let database = onepool_tests::postgres().await.database(4).await;
    let config = Config::new(&database.url, 4, &["archive", "orders", "reports"]);
    let serving = Serving::start(&config).await;
    let [archive, mut orders, mut reports] =
        serving.plugins(["archive", "orders", "reports"]).await;
    orders.must("load 5 SELECT pg_sleep(0.01)").await;
    reports
        .begins("run SELECT pg_sleep(600), 'the long one'")
        .await;
    one(&serving, "statements", "reports", "running").await;

    let terminal = Terminal::open(80, 24, serving.folder()).await;
    terminal.enters("clear; stty -g > before");
    terminal.enters(&format!("{PROGRAM} top; echo left: $?"));
    terminal
        .comes_to("every plugin and what it runs", |screen| {
            let plugins = ["archive", "orders", "reports"];
            plugins.iter().all(|name| row(screen, name).is_some())
                && screen.contains("pg_sleep(600), 'the long one'")
                && screen.contains("q quit")
        })
        .await;
    assert_eq!(terminal.state("#{alternate_on}"), "1");

    // By calls, who has most is first. Two looks may be so close that no call ends between them.
    terminal.presses("s");
    terminal.presses("s");
    terminal
        .comes_to("the plugins by calls, and times with units", |screen| {
            screen.contains("by calls")
                && order(screen, &["archive", "orders", "reports"])
                    == ["orders", "archive", "reports"]
                && row(screen, "orders").is_some_and(|busy| busy.contains(" ms"))
        })
        .await;

    find_and_end(&terminal).await;
    let told = reports.hear().await;
    assert!(
        told.contains("has cancelled the statement while it ran"),
        "{told}"
    );
    terminal.shows("is being ended").await;
    terminal
        .comes_to("no such statement", |screen| {
            screen.contains("Statements (0 of ")
        })
        .await;

    leave(&terminal).await;
    orders.must("rest").await;
    reports.must("run SELECT 1").await;
    drop(archive);
    serving.stop().await;
    assert_eq!(database.refusals().await, 0);
}

/// A host that ends is said so, what it did last stays to be read, and the next one is shown.
#[tokio::test]
async fn the_next_host_is_shown_where_one_has_ended() {
    let file = onepool_tests::sqlite();
    let mut serving = Serving::start(&Config::new(&file.url, 3, &["one"])).await;
    let [one] = serving.plugins(["one"]).await;
    let terminal = Terminal::open(120, 40, serving.folder()).await;
    terminal.enters(&format!(
        "sh -c 'echo $$ > pid; exec {PROGRAM} top'; echo left: $?"
    ));
    terminal
        .shows("nobody waits: 0 of 3 connections are in use")
        .await;
    serving.end().await;
    drop(one);
    let screen = terminal.shows("asked again every second").await;
    assert!(row(&screen, "one").is_some(), "{screen}");
    serving.start_again().await;
    let [_one] = serving.plugins(["one"]).await;
    terminal
        .shows("nobody waits: 0 of 3 connections are in use")
        .await;

    // A signal leaves the terminal in order, too.
    let pid = std::fs::read_to_string(serving.folder().join("pid")).unwrap();
    let killed = std::process::Command::new("kill").arg(pid.trim()).status();
    assert!(killed.unwrap().success());
    terminal.shows("left: 0").await;
    eventually("the screen of before", async || {
        terminal.state("#{alternate_on} #{cursor_flag}") == "0 1"
    })
    .await;
    serving.stop().await;
}

/// It went on without anybody to look, and kept a processor busy.
#[tokio::test]
async fn it_ends_with_its_terminal() {
    let file = onepool_tests::sqlite();
    let serving = Serving::start(&Config::new(&file.url, 3, &["one"])).await;
    let [_one] = serving.plugins(["one"]).await;
    let terminal = Terminal::open(80, 24, serving.folder()).await;
    terminal.enters(&format!("sh -c 'echo $$ > pid; exec {PROGRAM} top'"));
    terminal.shows("nobody waits").await;
    let pid = std::fs::read_to_string(serving.folder().join("pid")).unwrap();
    drop(terminal);
    let process = std::path::Path::new("/proc").join(pid.trim());
    eventually("the end of the program", async || !process.exists()).await;
    serving.stop().await;
}

#[tokio::test]
async fn without_a_host_there_is_a_sentence_and_no_screen() {
    let folder = tempfile::Builder::new().prefix("onepool-").tempdir();
    let folder = folder.unwrap();
    let terminal = Terminal::open(80, 24, folder.path()).await;
    terminal.enters(&format!("{PROGRAM} top --socket ./none; echo left: $?"));
    let screen = terminal.shows("left: 1").await;
    assert!(screen.contains("no host answers at ./none"), "{screen}");
    assert_eq!(terminal.state("#{alternate_on}"), "0");
}
