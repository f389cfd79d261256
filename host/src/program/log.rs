//! Where the program's log goes.

use std::fmt;
use std::io;
use std::sync::Arc;

use tracing_subscriber::{EnvFilter, reload};

use super::ProgramError;
use super::config::{LogFormat, LogSettings};

/// tarpc's spans halve the throughput when somebody listens to them.
const TARPC: &str = "tarpc";

/// What is logged, which may change while the program runs.
#[derive(Clone)]
pub(crate) struct Filter(Arc<dyn Fn(EnvFilter) -> Result<(), reload::Error> + Send + Sync>);

impl fmt::Debug for Filter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Filter(..)")
    }
}

impl Filter {
    /// Logs as the settings say from now on. `RUST_LOG` overrides them for good.
    ///
    /// # Errors
    /// What is wrong with the filter.
    #[cfg(unix)]
    pub(crate) fn set(&self, settings: &LogSettings) -> Result<(), Vec<String>> {
        let filter = filter(settings).map_err(|error| vec![error.to_string()])?;
        (self.0)(filter).map_err(|error| vec![error.to_string()])
    }
}

/// Logs to the standard error as the settings say; `RUST_LOG` overrides what is logged.
pub(crate) fn start(settings: &LogSettings) -> Result<Filter, ProgramError> {
    let filter = filter(settings)?;
    Ok(match settings.format {
        LogFormat::Text => {
            let log = tracing_subscriber::fmt()
                .with_env_filter(filter)
                .with_writer(io::stderr)
                .with_ansi(io::IsTerminal::is_terminal(&io::stderr()))
                .with_filter_reloading();
            let handle = log.reload_handle();
            log.init();
            Filter(Arc::new(move |filter| handle.reload(filter)))
        }
        LogFormat::Json => {
            let log = tracing_subscriber::fmt()
                .json()
                .with_env_filter(filter)
                .with_writer(io::stderr)
                .with_filter_reloading();
            let handle = log.reload_handle();
            log.init();
            Filter(Arc::new(move |filter| handle.reload(filter)))
        }
    })
}

fn filter(settings: &LogSettings) -> Result<EnvFilter, ProgramError> {
    let wanted = std::env::var("RUST_LOG").unwrap_or_else(|_| settings.filter.clone());
    let filter = if wanted.contains(TARPC) {
        wanted
    } else {
        format!("{wanted},{TARPC}=off")
    };
    EnvFilter::try_new(filter)
        .map_err(|error| ProgramError::Usage(format!("RUST_LOG is not a filter: {error}")))
}
