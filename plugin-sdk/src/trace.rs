//! In which trace a call is made.

use std::str::FromStr;

use onepool_proto::codec::Trace;

tokio::task_local! {
    static SCOPE: Trace;
}

/// The trace and the span in which calls are made: a `traceparent` of W3C trace context.
///
/// The flags are read and not carried: a host traces, and logs, what it is told of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TraceParent(Trace);

/// The text is no `traceparent`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "this is no traceparent of W3C trace context; it looks like \
     00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
)]
pub struct TraceParentError;

impl TraceParent {
    /// The span of this number, in the trace of this number: their bytes as OpenTelemetry has them.
    ///
    /// # Errors
    /// If either is all zeros, which means none.
    pub fn new(trace_id: [u8; 16], span_id: [u8; 8]) -> Result<Self, TraceParentError> {
        if trace_id == [0; 16] || span_id == [0; 8] {
            return Err(TraceParentError);
        }
        Ok(Self(Trace { trace_id, span_id }))
    }
}

impl FromStr for TraceParent {
    type Err = TraceParentError;

    /// Reads `00-<32 digits>-<16 digits>-<2 digits>`. What a later version puts behind that is passed
    /// over.
    fn from_str(text: &str) -> Result<Self, TraceParentError> {
        let mut parts = text.split('-');
        let mut next = || parts.next().ok_or(TraceParentError);
        let (version, trace_id, span_id) = (next()?, next()?, next()?);
        let [version] = bytes(version)?;
        let [_flags] = bytes(next()?)?;
        if version == 0xff || version == 0 && parts.next().is_some() {
            return Err(TraceParentError);
        }
        Self::new(bytes(trace_id)?, bytes(span_id)?)
    }
}

/// Runs `future` so that every onepool call in it says to be part of this trace.
///
/// The host carries it on: the span `call` that it opens for each, and what its log says of a slow
/// statement, have the fields `trace_id` and `parent_id`. It does not reach into tasks that `future`
/// spawns, and it crosses sockets: code in the host's own process is traced by that process's own
/// subscriber.
///
/// With `tracing-opentelemetry`, what to give is
/// `Span::current().context().span().span_context()`:
///
/// ```no_run
/// # async fn example(pool: onepool_sdk::OnepoolPool) -> Result<(), Box<dyn std::error::Error>> {
/// use onepool_sdk::{TraceParent, with_traceparent};
///
/// // From the header of a request; or TraceParent::new(trace_id.to_bytes(), span_id.to_bytes()).
/// let parent: TraceParent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01".parse()?;
/// let inbox = sqlx_core::query::query("SELECT * FROM inbox");
/// let rows = with_traceparent(parent, inbox.fetch_all(&pool)).await?;
/// # Ok(())
/// # }
/// ```
///
/// # Cancel safety
/// As cancel-safe as `future`.
pub async fn with_traceparent<F: Future>(parent: TraceParent, future: F) -> F::Output {
    SCOPE.scope(parent.0, future).await
}

/// The trace that a call is made in from here, if any.
#[cfg(unix)]
pub(crate) fn current() -> Option<Trace> {
    SCOPE.try_with(|trace| *trace).ok()
}

/// The bytes of so many lowercase digits, and no others.
fn bytes<const N: usize>(digits: &str) -> Result<[u8; N], TraceParentError> {
    let mut bytes = [0; N];
    if digits.len() != 2 * N {
        return Err(TraceParentError);
    }
    for (byte, pair) in bytes.iter_mut().zip(digits.as_bytes().chunks_exact(2)) {
        for digit in pair {
            let digit = match digit {
                b'0'..=b'9' => digit - b'0',
                b'a'..=b'f' => digit - b'a' + 10,
                _ => return Err(TraceParentError),
            };
            *byte = *byte << 4 | digit;
        }
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    const TRACE: &str = "0af7651916cd43dd8448eb211c80319c";

    #[test]
    fn a_traceparent_is_read() {
        let parent: TraceParent = format!("00-{TRACE}-b7ad6b7169203331-01").parse().unwrap();
        assert_eq!(parent.0.trace_id[..3], [0x0a, 0xf7, 0x65]);
        assert_eq!(parent.0.span_id[5..], [0x20, 0x33, 0x31]);
        let later = format!("cc-{TRACE}-b7ad6b7169203331-01-more");
        assert_eq!(later.parse(), Ok(parent));
    }

    #[test]
    fn what_is_none_is_refused() {
        let zeros = "0".repeat(32);
        for text in [
            String::new(),
            TRACE.to_owned(),
            format!("00-{TRACE}-b7ad6b7169203331"),
            format!("00-{TRACE}-b7ad6b716920333-01"),
            format!("00-{TRACE}-b7ad6b7169203331-01-more"),
            format!("ff-{TRACE}-b7ad6b7169203331-01"),
            format!("00-{}-b7ad6b7169203331-01", TRACE.to_uppercase()),
            format!("00-{zeros}-b7ad6b7169203331-01"),
            format!("00-{TRACE}-0000000000000000-01"),
            format!("00-{TRACE}-b7ad6b71692033é-01"),
        ] {
            assert_eq!(text.parse::<TraceParent>(), Err(TraceParentError), "{text}");
        }
    }
}
