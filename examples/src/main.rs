//! The demo: a host application and its plugins, on one small pool.
//!
//! ```text
//! cargo run --release -p onepool-examples
//! cargo run --release -p onepool-examples -- --database postgres://user:password@localhost/test
//! ```
//!
//! Twelve plugin processes work on one database through four connections. [`host_app`] is the host
//! application, [`plugins`] are the plugins, and [`checks`] are what must be true at the end.

mod cast;
mod checks;
mod error;
mod host_app;
mod log;
mod options;
mod plugins;
mod progress;
mod report;

use std::process::ExitCode;

use clap::Parser;
use tokio::runtime;

use crate::options::{Command, Options};

fn main() -> ExitCode {
    let options = Options::parse();
    let ended = match options.command {
        Some(Command::Plugin { kind, seconds }) => run_plugin(kind, seconds),
        None => run_host(&options),
    };
    match ended {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

type Failure = Box<dyn std::error::Error + Send + Sync>;

fn run_host(options: &Options) -> Result<(), Failure> {
    let runtime = runtime::Builder::new_multi_thread().enable_all().build()?;
    Ok(runtime.block_on(host_app::run(options))?)
}

fn run_plugin(kind: plugins::Kind, seconds: options::Seconds) -> Result<(), Failure> {
    let runtime = runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    runtime.block_on(plugins::run(kind, seconds.into()))
}
