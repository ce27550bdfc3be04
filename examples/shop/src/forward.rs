//! Which headers of a request an application passes on with the calls that the request causes.
//!
//! Frameworks and tracing libraries differ in exactly this, and a mesh must cope with all of them.

use axum::http::{HeaderMap, HeaderName, HeaderValue};

/// What an application passes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, clap::ValueEnum)]
pub enum Forward {
    /// Every `x-` header and the trace context, as frameworks with header propagation do
    #[default]
    All,
    /// Only the trace id, as a bare tracing library does
    TraceId,
    /// No header at all
    Nothing,
}

impl Forward {
    /// The headers of `inbound` to call on with, repeated ones included; a trace begins here where none came in.
    pub(crate) fn select(self, inbound: &HeaderMap) -> HeaderMap {
        let chosen = inbound.iter().filter(|(name, _)| self.includes(name));
        let mut chosen: HeaderMap = chosen.map(|(name, value)| (name.clone(), value.clone())).collect();
        if self != Self::Nothing && !chosen.contains_key(TRACE) {
            chosen.extend(new_trace().map(|trace| (TRACE, trace)));
        }
        chosen
    }

    fn includes(self, name: &HeaderName) -> bool {
        match (self, name.as_str()) {
            (Self::All, "traceparent" | "tracestate" | "baggage" | "b3") | (Self::TraceId, "traceparent") => true,
            // Among them x-request-id and the x-b3- family.
            (Self::All, other) => other.starts_with("x-"),
            (Self::TraceId | Self::Nothing, _) => false,
        }
    }
}

/// The trace that a request belongs to (W3C Trace Context).
const TRACE: HeaderName = HeaderName::from_static("traceparent");

/// A trace that begins here, as tracing libraries do it; `None` where the system has no randomness.
fn new_trace() -> Option<HeaderValue> {
    let [high, low, span] = [getrandom::u64().ok()?, getrandom::u64().ok()?, getrandom::u64().ok()?];
    // Zero would be no id.
    HeaderValue::try_from(format!("00-{high:016x}{:016x}-{:016x}-01", low | 1, span | 1)).ok()
}
