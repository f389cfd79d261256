//! A host and a plugin process with one query: this program launches itself as the plugin.
//!
//! `cargo run -p onepool-examples --example hello`

use std::error::Error;
use std::io::{IsTerminal, stderr};

use onepool_host::{Host, Plugin};
use onepool_sdk::OnepoolPool;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    if std::env::args().nth(1).as_deref() == Some("plugin") {
        return plugin().await;
    }
    // The host logs what its plugins write.
    let ansi = stderr().is_terminal();
    tracing_subscriber::fmt()
        .with_ansi(ansi)
        .with_writer(stderr)
        .without_time()
        .init();
    let folder = tempfile::tempdir()?;
    let host = Host::builder()
        .database(format!(
            "sqlite://{}?mode=rwc",
            folder.path().join("hello.db").display()
        ))
        .max_connections(2)
        .plugin(Plugin::new("hello", std::env::current_exe()?).arg("plugin"))
        .start()
        .await?;
    let ended = host.plugin_ended("hello").await;
    host.stop().await;
    match ended {
        Some(status) if status.success() => Ok(()),
        other => Err(format!("the plugin failed: {other:?}").into()),
    }
}

/// The plugin: `OnepoolPool` in place of `SqlitePool`, and "onepool:" in place of the URL.
async fn plugin() -> Result<(), Box<dyn Error>> {
    let pool = OnepoolPool::connect("onepool:").await?;
    let sum: i64 = sqlx::query_scalar("SELECT ? + ?")
        .bind(20)
        .bind(22)
        .fetch_one(&pool)
        .await?;
    eprintln!(
        "hello from the plugin, process {}: 20 + 22 = {sum}",
        std::process::id()
    );
    if sum == 42 {
        Ok(())
    } else {
        Err("that is not the sum".into())
    }
}
