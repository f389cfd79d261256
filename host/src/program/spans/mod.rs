//! Sending the spans of calls to a collector of OpenTelemetry, where the environment says so.

#[cfg(feature = "opentelemetry")]
mod collector;
mod endpoint;
#[cfg(feature = "opentelemetry")]
mod export;
#[cfg(not(feature = "opentelemetry"))]
mod no_export;

use tracing_subscriber::{Layer, Registry};

use endpoint::Endpoint;
#[cfg(feature = "opentelemetry")]
use export::Export;
#[cfg(not(feature = "opentelemetry"))]
use no_export::Export;

/// Why spans are not exported although they are to be.
#[derive(Debug, thiserror::Error)]
enum SpansError {
    #[error("{0} is no URL that begins with http:// or https://")]
    NoUrl(&'static str),
    #[cfg(not(feature = "opentelemetry"))]
    #[error("{0} is set, and this program was built without the feature `opentelemetry`")]
    NotBuilt(&'static str),
    #[cfg(feature = "opentelemetry")]
    #[error("what the environment says of the exporter is not right")]
    Exporter(#[source] opentelemetry_otlp::ExporterBuildError),
}

/// The export of spans, if there is to be one.
pub(crate) struct Spans(Result<Option<Export>, SpansError>);

impl Spans {
    /// Starts the export that the environment asks for.
    pub(crate) fn start() -> Self {
        let endpoint = Endpoint::find(|variable| std::env::var(variable).ok());
        Self(endpoint.and_then(|found| found.map(Export::start).transpose()))
    }

    /// What collects the spans.
    pub(crate) fn layer(&self) -> Option<impl Layer<Registry> + use<>> {
        self.0.as_ref().ok()?.as_ref().map(Export::layer)
    }

    /// Says in the log where spans go, or why they do not.
    pub(crate) fn tell(&self) {
        match &self.0 {
            Ok(Some(export)) => tracing::info!(to = %export.endpoint(), "spans are exported"),
            Ok(None) => (),
            Err(error) => {
                let cause = std::error::Error::source(error).map(tracing::field::display);
                tracing::warn!(cause, "no spans are exported: {error}");
            }
        }
    }

    /// Sends what is left, which takes a bounded time.
    pub(crate) fn stop(self) {
        if let Ok(Some(export)) = self.0 {
            export.stop();
        }
    }
}
