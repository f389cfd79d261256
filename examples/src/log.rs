//! What host and plugins have to say while the demo runs.

use std::io::{self, IsTerminal, Write};

use indicatif::MultiProgress;
use tracing_subscriber::EnvFilter;

/// Warnings, and every line that a plugin writes: they only write when something is wrong.
const DEFAULT_FILTER: &str =
    "warn,onepool_host::plugin=info,onepool_host::plugin::process=warn,sqlx=error,tarpc=off";

/// Logs to standard error, above the progress bars. `RUST_LOG` says what.
pub fn start(bars: &MultiProgress) {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| DEFAULT_FILTER.into());
    let bars = bars.clone();
    let subscriber = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_ansi(io::stderr().is_terminal())
        .with_writer(move || AboveBars(bars.clone()));
    // It fails only if there is a subscriber, which then does this work.
    let _ = subscriber.try_init();
}

struct AboveBars(MultiProgress);

impl Write for AboveBars {
    fn write(&mut self, text: &[u8]) -> io::Result<usize> {
        self.0.suspend(|| io::stderr().write(text))
    }

    fn flush(&mut self) -> io::Result<()> {
        io::stderr().flush()
    }
}
