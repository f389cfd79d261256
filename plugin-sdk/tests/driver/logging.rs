//! Statements are logged as the built-in drivers do.

use std::sync::Mutex;
use std::time::Duration;

use log::{LevelFilter, Log, Metadata, Record};
use sqlx_core::connection::ConnectOptions;
use sqlx_core::query::query;

use crate::host::Host;

static LINES: Mutex<Vec<String>> = Mutex::new(Vec::new());

struct Logger;

impl Log for Logger {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.target() == "sqlx::query"
    }

    fn log(&self, record: &Record<'_>) {
        if self.enabled(record.metadata()) {
            let line = format!("{} {}", record.level(), record.args());
            LINES.lock().unwrap().push(line);
        }
    }

    fn flush(&self) {}
}

/// The line of the statement that has this in it; other tests log too.
fn line_of(text: &str) -> Option<String> {
    let lines = LINES.lock().unwrap();
    lines.iter().find(|line| line.contains(text)).cloned()
}

#[tokio::test]
async fn statements_are_logged_at_the_level_of_the_options() {
    log::set_logger(&Logger).unwrap();
    log::set_max_level(LevelFilter::Info);
    let host = Host::new();
    let options = host.options().log_statements(LevelFilter::Info);
    let mut loud = options.connect().await.unwrap();
    query("DELETE FROM logged")
        .execute(&mut loud)
        .await
        .unwrap();
    let line = line_of("DELETE FROM logged").unwrap();
    assert!(line.starts_with("INFO"), "{line}");
    assert!(line.contains("rows_affected=1"), "{line}");

    let slow = options.log_slow_statements(LevelFilter::Error, Duration::ZERO);
    let mut slow = slow.connect().await.unwrap();
    query("DELETE FROM slow").execute(&mut slow).await.unwrap();
    assert!(line_of("DELETE FROM slow").unwrap().starts_with("ERROR"));

    let quiet = host.options().disable_statement_logging();
    let mut quiet = quiet.connect().await.unwrap();
    query("DELETE FROM quiet")
        .execute(&mut quiet)
        .await
        .unwrap();
    assert_eq!(line_of("DELETE FROM quiet"), None);
}
