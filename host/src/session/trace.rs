//! The span of a call that belongs to a plugin's trace.

use onepool_proto::codec::Trace;
use tracing::Span;

use super::SessionContext;

/// The span of one call. Without a trace there is none, and it costs nothing.
pub(super) fn span(trace: Option<Trace>, context: &SessionContext) -> Span {
    let Some(trace) = trace else {
        return Span::none();
    };
    tracing::info_span!(
        "call",
        plugin = &*context.plugin,
        session = %context.id,
        trace_id = trace.trace_text(),
        parent_id = trace.span_text(),
    )
}
