//! The `onepool` command line.

mod arguments;
mod explain;
mod log;
mod serve;

use std::io::{self, Write};
use std::process::ExitCode;

use clap::Parser;

use arguments::{Arguments, Command};

/// How the program ends when something went wrong.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ProgramError {
    /// It was asked for something that cannot be.
    #[error("{0}")]
    Usage(String),
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
            Self::Usage(_) => 2,
            // As shells say it: 128 and the number of SIGINT.
            Self::Interrupted => 130,
        }
    }
}

/// Does what the command line says.
pub(crate) fn run() -> ExitCode {
    let done = match Arguments::parse().command {
        Command::Serve(arguments) => serve::run(arguments),
        Command::Explain { code } => explain::run(code.as_deref()),
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
