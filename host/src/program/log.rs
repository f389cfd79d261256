//! Where the program's log goes.

use std::io;

use tracing_subscriber::EnvFilter;

use super::ProgramError;

/// What is logged unless `RUST_LOG` says otherwise.
const DEFAULT: &str = "info";

/// tarpc's spans halve the throughput when somebody listens to them.
const TARPC: &str = "tarpc";

/// Logs to the standard error, filtered by `RUST_LOG`.
pub(crate) fn start() -> Result<(), ProgramError> {
    let wanted = std::env::var("RUST_LOG").unwrap_or_else(|_| DEFAULT.to_owned());
    let filter = if wanted.contains(TARPC) {
        wanted
    } else {
        format!("{wanted},{TARPC}=off")
    };
    let filter = EnvFilter::try_new(filter)
        .map_err(|error| ProgramError::Usage(format!("RUST_LOG is not a filter: {error}")))?;
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(io::stderr)
        .with_ansi(io::IsTerminal::is_terminal(&io::stderr()))
        .init();
    Ok(())
}
