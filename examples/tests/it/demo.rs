//! The demo, run as a user runs it, on each kind of database.

use std::process::{Command, Output};

/// Runs the demo, small and short.
fn demo(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_onepool-examples"))
        .args(["--seconds", "1"])
        .args(arguments)
        .output()
        .unwrap()
}

/// Checks what it printed.
fn check(output: &Output, cap: u32) {
    let stdout = String::from_utf8_lossy(&output.stdout);
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(
        output.status.success(),
        "{}\n{stdout}\n{stderr}",
        output.status
    );
    for plugin in ["bank-1", "scanner-1", "inbox-1"] {
        assert!(
            stdout.contains(plugin),
            "no {plugin} in the table:\n{stdout}"
        );
    }
    let last = stdout.lines().last().unwrap();
    let words: Vec<&str> = last.split(' ').collect();
    let [peak, opened] = [words[3], words[11].trim_end_matches(')')];
    let expected = format!(
        "peak database connections: {peak} of {cap} (separate pools would have opened {opened})"
    );
    assert_eq!(last, expected);
    let (peak, opened): (u32, u32) = (peak.parse().unwrap(), opened.parse().unwrap());
    assert!((1..=cap).contains(&peak), "{last}");
    assert!(opened > cap, "{last}");
    let plain = stderr
        .lines()
        .find(|line| line.contains("database connections: peak"));
    assert!(plain.is_some(), "no progress:\n{stderr}");
}

#[test]
fn the_demo_passes_on_sqlite() {
    check(&demo(&["--plugins", "6", "--cap", "3"]), 3);
}

#[test]
fn what_does_not_work_is_said_in_a_line() {
    let output = demo(&["--database", "postgres://nobody@127.0.0.1:1/nothing"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(output.stdout.is_empty());
    let stderr = String::from_utf8_lossy(&output.stderr);
    let said = stderr.lines().last().unwrap_or_default();
    assert!(said.starts_with("the host did not start: "), "{stderr}");
}

/// On a server the role itself may hold no more connections than the cap, so the server is the
/// referee.
#[cfg(unix)]
mod servers {
    use onepool_tests::Kind;

    use super::{check, demo};

    /// Many plugins on a small pool, again with the tables of the first time; then few plugins on
    /// a large one, whose own transactions get in each other's way.
    async fn passes(kind: Kind) {
        for (plugins, cap, times) in [("6", 4, 2), ("3", 10, 1)] {
            let database = kind.server().await.database(cap).await;
            for _ in 0..times {
                let (url, text) = (&database.url, cap.to_string());
                let output = demo(&["--plugins", plugins, "--cap", &text, "--database", url]);
                check(&output, cap);
            }
            assert_eq!(database.refusals().await, 0);
        }
    }

    #[tokio::test]
    async fn the_demo_passes_on_postgres() {
        passes(Kind::Postgres).await;
    }

    #[tokio::test]
    async fn the_demo_passes_on_mariadb() {
        passes(Kind::MariaDb).await;
    }
}
