//! The export of spans: collected by a layer, sent by a thread of its own.

use std::time::Duration;

use opentelemetry::Key;
use opentelemetry::trace::TracerProvider;
use opentelemetry_otlp::{ExporterBuildError, SpanExporter, WithExportConfig, WithHttpConfig};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::trace::SdkTracerProvider;
use tracing::Metadata;
use tracing::level_filters::LevelFilter;
use tracing_subscriber::filter::FilterFn;
use tracing_subscriber::{Layer, Registry};

use super::SpansError;
use super::collector::Collector;
use super::endpoint::Endpoint;

/// How long the end of the program waits for the last spans to be sent.
const FLUSH_TIMEOUT: Duration = Duration::from_secs(2);

/// Under which name spans come unless the environment says another.
const SERVICE: &str = "onepool";

/// A running export.
pub(super) struct Export {
    endpoint: Endpoint,
    provider: SdkTracerProvider,
}

impl Export {
    /// Begins to send spans to `endpoint`. It need not be there.
    pub(super) fn start(endpoint: Endpoint) -> Result<Self, SpansError> {
        let exporter = SpanExporter::builder()
            .with_http()
            .with_http_client(Collector::at(&endpoint.url))
            .with_endpoint(endpoint.url.as_str())
            .build()
            .map_err(|error| match error {
                // Which repeats it, with what in it may be a secret.
                ExporterBuildError::InvalidUri(..) => SpansError::NoUrl(endpoint.variable),
                error => SpansError::Exporter(error),
            })?;
        let provider = SdkTracerProvider::builder()
            .with_resource(resource())
            .with_batch_exporter(exporter)
            .build();
        Ok(Self { endpoint, provider })
    }

    pub(super) fn endpoint(&self) -> &Endpoint {
        &self.endpoint
    }

    /// Collects the spans of calls, whatever else is logged. What says where in the program a span is
    /// from is of no use to whoever reads it, and costs.
    pub(super) fn layer(&self) -> impl Layer<Registry> + use<> {
        let is_wanted = FilterFn::new(is_of_a_call).with_max_level_hint(LevelFilter::INFO);
        tracing_opentelemetry::layer()
            .with_tracer(self.provider.tracer(SERVICE))
            .with_context_activation(false)
            .with_location(false)
            .with_target(false)
            .with_threads(false)
            .with_tracked_inactivity(false)
            .with_filter(is_wanted)
    }

    pub(super) fn stop(self) {
        // The collector has said what is wrong with it.
        let _ = self.provider.shutdown_with_timeout(FLUSH_TIMEOUT);
    }
}

/// Events are left out: what the log says is for the log.
fn is_of_a_call(metadata: &Metadata<'_>) -> bool {
    metadata.is_span()
        && metadata.name() == "call"
        && metadata.target().starts_with("onepool_host::")
}

/// Whose spans they are. The SDK finds a name of its own where the environment has none.
fn resource() -> Resource {
    let found = Resource::builder().build();
    let name = found.get(&Key::from_static_str("service.name"));
    match name {
        Some(name) if !name.as_str().starts_with("unknown_service") => found,
        _ => Resource::builder().with_service_name(SERVICE).build(),
    }
}
