//! Spans: what proxies tell an OpenTelemetry collector of each request, its lanes included.

use std::net::SocketAddr;

use graylane_core::name::HeaderName;
use serde_json::{Value, json};

use super::{cluster, type_url};

/// Where spans go, and where a request's lanes are found.
#[derive(Debug, Clone)]
pub struct Tracing {
    /// A collector that takes OTLP over HTTP.
    pub collector: SocketAddr,
    /// The header that names a request's lanes. Envoy reads it when a span ends, after the filter has written it.
    pub lanes: HeaderName,
}

/// The cluster of the collector.
const COLLECTOR: &str = "otlp";
/// The attribute of a span that names the lanes.
const LANES: &str = "graylane.lanes";

impl Tracing {
    /// What listeners of a proxy of `group` say of spans.
    pub(super) fn of(&self, group: &str) -> Value {
        let Self { collector, lanes } = self;
        json!({
            "provider": {
                "name": "envoy.tracers.opentelemetry",
                "typed_config": {
                    "@type": type_url("envoy.config.trace.v3.OpenTelemetryConfig"),
                    "http_service": {"http_uri": {
                        "uri": format!("http://{collector}/v1/traces"),
                        "cluster": COLLECTOR,
                        "timeout": "1s",
                    }},
                    "service_name": group,
                },
            },
            "random_sampling": {"value": 100.0},
            "custom_tags": [{"tag": LANES, "request_header": {"name": lanes}}],
        })
    }

    /// The cluster of the collector.
    pub(super) fn cluster(&self) -> Value {
        cluster::plain(COLLECTOR, self.collector)
    }
}
