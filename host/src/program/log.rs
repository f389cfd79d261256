//! Where the program's log goes.

use std::io;
use std::sync::Arc;

use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{EnvFilter, Layer, fmt, reload};

use super::ProgramError;
use super::config::{LogFormat, LogSettings};
use super::spans::Spans;

/// tarpc's spans halve the throughput when somebody listens to them.
const TARPC: &str = "tarpc";

/// What is logged, which may change while the program runs.
#[derive(Clone)]
pub(crate) struct Filter(Arc<dyn Fn(EnvFilter) -> Result<(), reload::Error> + Send + Sync>);

impl std::fmt::Debug for Filter {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
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

/// Logs to the standard error as the settings say; `RUST_LOG` overrides what is logged. What is
/// exported does not depend on it.
pub(crate) fn start(settings: &LogSettings, spans: &Spans) -> Result<Filter, ProgramError> {
    let (filter, handle) = reload::Layer::new(filter(settings)?);
    let lines = fmt::layer().with_writer(io::stderr);
    let lines = match settings.format {
        LogFormat::Text => {
            let is_terminal = io::IsTerminal::is_terminal(&io::stderr());
            lines.with_ansi(is_terminal).boxed()
        }
        LogFormat::Json => lines.json().boxed(),
    };
    tracing_subscriber::registry()
        .with(spans.layer())
        .with(lines.with_filter(filter))
        .init();
    Ok(Filter(Arc::new(move |filter| handle.reload(filter))))
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
