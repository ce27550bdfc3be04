//! Which headers of a request an application passes on with the calls that the request causes.
//!
//! Frameworks and tracing libraries differ in exactly this, and a mesh must cope with all of them.

use axum::http::{HeaderMap, HeaderName};

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
    /// The headers of `inbound` to call on with, repeated ones included.
    pub(crate) fn select(self, inbound: &HeaderMap) -> HeaderMap {
        let chosen = inbound.iter().filter(|(name, _)| self.includes(name));
        chosen.map(|(name, value)| (name.clone(), value.clone())).collect()
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
