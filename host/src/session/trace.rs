//! The span of a call that belongs to a plugin's trace.

#[cfg(feature = "opentelemetry")]
use onepool_proto::Failure;
use onepool_proto::codec::Trace;
use tracing::Span;
#[cfg(feature = "opentelemetry")]
use {
    onepool_proto::DatabaseKind,
    opentelemetry::trace::{
        SpanContext, SpanId, Status, TraceContextExt, TraceFlags, TraceId, TraceState,
    },
    tracing_opentelemetry::OpenTelemetrySpanExt,
};

use super::SessionContext;

const NAME: &str = "call";

/// The span of one call. Without a trace there is none, and it costs nothing.
pub(super) fn span(trace: Option<Trace>, context: &SessionContext) -> Span {
    let Some(trace) = trace else {
        return Span::none();
    };
    let span = tracing::info_span!(
        NAME,
        plugin = &*context.plugin,
        session = %context.id,
        trace_id = trace.trace_text(),
        parent_id = trace.span_text(),
        otel.kind = cfg!(feature = "opentelemetry").then_some("server"),
    );
    #[cfg(feature = "opentelemetry")]
    adopt(&span, trace, context.pool.kind());
    span
}

/// Makes it a child of the plugin's span, for whoever exports it.
#[cfg(feature = "opentelemetry")]
fn adopt(span: &Span, trace: Trace, database: DatabaseKind) {
    if span.is_disabled() {
        return;
    }
    let parent = SpanContext::new(
        TraceId::from_bytes(trace.trace_id),
        SpanId::from_bytes(trace.span_id),
        // Calls carry no flags: a plugin tells of its trace, or it does not.
        TraceFlags::SAMPLED,
        true,
        TraceState::NONE,
    );
    let parent = opentelemetry::Context::new().with_remote_span_context(parent);
    // It fails where nobody exports, which is as well.
    let _ = span.set_parent(parent);
    // Named by OpenTelemetry.
    let system = match database {
        DatabaseKind::Sqlite => "sqlite",
        DatabaseKind::Postgres => "postgresql",
        DatabaseKind::MySql => "mysql",
    };
    span.set_attribute("db.system.name", system);
}

/// Says on the span of the call that is under way that it failed, by codes alone: what a database says
/// of an error may repeat a value.
#[cfg(feature = "opentelemetry")]
pub(super) fn fail(failure: &Failure) {
    let span = Span::current();
    if span.metadata().is_none_or(|of| of.name() != NAME) {
        return;
    }
    let code = failure.code.to_string();
    span.set_attribute("error.type", code.clone());
    span.set_status(Status::error(code));
    if let Some(code) = failure.database.as_ref().and_then(|of| of.code.clone()) {
        span.set_attribute("db.response.status_code", code);
    }
}
