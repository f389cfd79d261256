//! The `onepool` command line.

#[cfg(unix)]
mod admin;
mod arguments;
mod check;
mod config;
#[cfg(unix)]
mod dump;
mod explain;
mod generate;
mod log;
#[cfg(unix)]
mod running;
mod serve;
#[cfg(target_os = "linux")]
mod service;
mod spans;
#[cfg(unix)]
mod table;
#[cfg(all(unix, feature = "top"))]
mod top;

use std::ffi::OsString;
use std::io::{self, Write};
use std::process::ExitCode;

use clap::Parser;
use tokio::runtime::Runtime;

use arguments::{Arguments, Command};

/// How the program ends when something went wrong.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ProgramError {
    /// It was asked for something that cannot be.
    #[error("{0}")]
    Usage(String),
    /// Its configuration cannot work.
    #[error("the configuration is not right:{}", listed(.0))]
    Configuration(Vec<config::Problem>),
    /// It could not do what it was asked for.
    #[error("{0}")]
    Failed(String),
    /// It was told twice to stop.
    #[error("stopped at once; what was under way in the database is rolled back there")]
    Interrupted,
}

impl ProgramError {
    fn exit_code(&self) -> u8 {
        match self {
            Self::Failed(_) => 1,
            Self::Usage(_) | Self::Configuration(_) => 2,
            // As shells say it: 128 and the number of SIGINT.
            Self::Interrupted => 130,
        }
    }
}

/// Does what the command line says.
pub(crate) fn run() -> ExitCode {
    let done = match Arguments::parse().command {
        Command::Serve(arguments) => serve::run(&arguments),
        Command::Check(arguments) => check::run(&arguments),
        Command::Schema => print(&format!("{:#}\n", config::schema())),
        #[cfg(unix)]
        Command::Status(arguments) => admin::status(&arguments),
        #[cfg(unix)]
        Command::Plugins(arguments) => admin::plugins(&arguments),
        #[cfg(unix)]
        Command::Leases(arguments) => admin::leases(&arguments),
        #[cfg(all(unix, feature = "top"))]
        Command::Top(arguments) => top::run(&arguments),
        #[cfg(unix)]
        Command::Statements(arguments) => admin::statements(&arguments),
        #[cfg(unix)]
        Command::Config(arguments) => admin::config(&arguments),
        #[cfg(unix)]
        Command::Reload(arguments) => admin::reload(&arguments),
        #[cfg(unix)]
        Command::Set(arguments) => admin::set(&arguments),
        #[cfg(unix)]
        Command::Pause(arguments) => admin::pause(&arguments),
        #[cfg(unix)]
        Command::Resume(arguments) => admin::resume(&arguments),
        #[cfg(unix)]
        Command::Drain(arguments) => admin::drain(&arguments),
        #[cfg(unix)]
        Command::Kill(arguments) => admin::kill(&arguments),
        #[cfg(unix)]
        Command::Reconnect(arguments) => admin::reconnect(&arguments),
        #[cfg(unix)]
        Command::Dump(arguments) => dump::run(&arguments),
        #[cfg(unix)]
        Command::Restart(arguments) => admin::restart(&arguments),
        #[cfg(unix)]
        Command::Attach(arguments) => admin::attach(&arguments),
        Command::Explain { code } => explain::run(code.as_deref()),
        Command::Completions { shell } => generate::completions(shell),
        Command::Manual { folder } => generate::manual(&folder),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // Nobody is left to tell if this fails.
            let _ = writeln!(io::stderr(), "onepool: {error}");
            ExitCode::from(error.exit_code())
        }
    }
}

/// Prints to the standard output, which may have been closed.
fn print(text: &str) -> Result<(), ProgramError> {
    let mut out = io::stdout().lock();
    out.write_all(text.as_bytes())
        .and_then(|()| out.flush())
        .map_err(|error| ProgramError::Failed(format!("cannot write the output: {error}")))
}

fn listed(problems: &[config::Problem]) -> String {
    problems
        .iter()
        .map(|problem| format!("\n  {problem}"))
        .collect()
}

/// The variables of the environment that are text.
fn variables() -> impl Iterator<Item = (String, String)> {
    let text = |(name, value): (OsString, OsString)| {
        Some((name.into_string().ok()?, value.into_string().ok()?))
    };
    std::env::vars_os().filter_map(text)
}

fn runtime() -> Result<Runtime, ProgramError> {
    tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|error| ProgramError::Failed(format!("cannot start the runtime: {error}")))
}
