//! How a sidecar recognises the calls that its app makes for a request, by the trace id of both.

use serde::{Deserialize, Serialize};

use crate::read::{At, Read, read_choice};

/// What a sidecar remembers of the requests that its app serves, so that the calls made for them keep the mark even if
/// the app hands on nothing but the trace id.
///
/// Inbound and outbound of a sidecar must be told the same.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Correlation {
    /// Where trace ids are found, in order: a request is remembered by the first that it has, a call looked up by each.
    #[cfg_attr(feature = "schema", schemars(length(max = 5)))]
    pub sources: Vec<TraceSource>,
    /// How long a request is remembered after it came, in seconds, and at least as long as it is under way: 1 to 3600.
    #[serde(deserialize_with = "crate::integer::deserialize")]
    #[cfg_attr(feature = "schema", schemars(range(min = 1, max = 3600)))]
    pub ttl_seconds: u16,
    /// How many requests are remembered at a time: a power of two from 64 to 524288. Each takes 25 bytes of the proxy's
    /// memory, and as many again in a proxy with one worker.
    #[serde(deserialize_with = "crate::integer::deserialize")]
    #[cfg_attr(feature = "schema", schemars(range(min = 64, max = 524_288)))]
    pub requests: u32,
}

/// Where a trace id is found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub enum TraceSource {
    /// `traceparent` (W3C Trace Context).
    Traceparent,
    /// `b3`, else `x-b3-traceid` (Zipkin).
    B3,
    /// `sw8` (Apache `SkyWalking`).
    Sw8,
    /// `x-datadog-trace-id`.
    Datadog,
    /// `x-request-id`, if it is a UUID or 32 hexadecimal digits.
    RequestId,
}

impl Correlation {
    /// How long a request is remembered unless something else is said.
    pub const TTL_SECONDS: u16 = 60;
    /// How many requests are remembered unless something else is said: with their keys, less than a mebibyte.
    pub const REQUESTS: u32 = 32_768;
    /// How long a request may be remembered.
    pub(crate) const LONGEST_TTL: u16 = 3_600;
    /// How few and how many requests may be remembered.
    pub(crate) const SIZES: std::ops::RangeInclusive<u32> = 64..=524_288;
    /// All sources. Envoy gives every request an `x-request-id`, so this must be last to let others count at all.
    pub const SOURCES: [TraceSource; 5] =
        [TraceSource::Traceparent, TraceSource::B3, TraceSource::Sw8, TraceSource::Datadog, TraceSource::RequestId];
}

impl Default for Correlation {
    fn default() -> Self {
        Self { sources: Self::SOURCES.to_vec(), ttl_seconds: Self::TTL_SECONDS, requests: Self::REQUESTS }
    }
}

impl Read for Correlation {
    fn read(at: &mut At<'_>) -> Self {
        at.open(&["sources", "ttlSeconds", "requests"]);
        Self {
            sources: at.or("sources", || Self::SOURCES.to_vec()),
            ttl_seconds: at.or("ttlSeconds", || Self::TTL_SECONDS),
            requests: at.or("requests", || Self::REQUESTS),
        }
    }
}

read_choice!(TraceSource {
    "traceparent" => Traceparent,
    "b3" => B3,
    "sw8" => Sw8,
    "datadog" => Datadog,
    "requestId" => RequestId,
});

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_empty_object_means_every_source_for_a_minute() {
        let empty: Correlation = serde_json::from_str("{}").unwrap();
        assert_eq!(empty, Correlation::default());
        assert_eq!(empty.sources.last(), Some(&TraceSource::RequestId));
    }
}
