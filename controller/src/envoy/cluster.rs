//! Clusters: one for each subset, and the one app behind a proxy.

use std::net::SocketAddr;

use graylane_core::name::VersionName;
use serde_json::{Value, json};

use super::{Routing, socket_address, type_url};
use crate::api::Protocol;
use crate::plan::Service;

/// The endpoints of one version of a service.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Subset {
    /// The service.
    pub service: Service,
    /// The port by which clusters are named.
    pub port: u16,
    /// The version.
    pub version: VersionName,
}

impl Subset {
    /// The name of the cluster, in Istio's form.
    #[must_use]
    pub fn cluster_name(&self) -> String {
        let Self { service, port, version } = self;
        format!("outbound|{port}|{version}|{}", service.host())
    }
}

/// The app behind a proxy, as a cluster.
pub(super) const APP: &str = "app";

/// The resources of [`Resource::Clusters`](super::Resource::Clusters): every subset that `routing` leads to, with the
/// inbound listeners of the replicas that serve it.
#[must_use]
pub fn clusters(routing: &Routing, serving: impl Fn(&Subset) -> Vec<SocketAddr>) -> Vec<Value> {
    routing.subsets().map(|(subset, protocol)| cluster(&subset, protocol, &serving(&subset))).collect()
}

fn cluster(subset: &Subset, protocol: Protocol, endpoints: &[SocketAddr]) -> Value {
    let options = match protocol {
        Protocol::Http => json!({
            "use_downstream_protocol_config": {"http_protocol_options": {}, "http2_protocol_options": {}},
        }),
        Protocol::Grpc => json!({"explicit_http_config": {"http2_protocol_options": {}}}),
    };
    typed("envoy.config.cluster.v3.Cluster", fixed(&subset.cluster_name(), endpoints, options))
}

/// The one app behind a proxy, which is spoken to in its own protocol whatever the caller speaks.
pub(super) fn app(address: SocketAddr, protocol: Protocol) -> Value {
    let explicit = match protocol {
        Protocol::Http => json!({"http_protocol_options": {}}),
        Protocol::Grpc => json!({"http2_protocol_options": {}}),
    };
    let options = json!({
        "explicit_http_config": explicit,
        // Before servers do it, commonly after 5 s: a request must not meet a connection that is being closed.
        "common_http_protocol_options": {"idle_timeout": "4s"},
    });
    fixed(APP, &[address], options)
}

/// A server that has nothing to do with the services of the mesh.
pub(super) fn plain(name: &str, address: SocketAddr) -> Value {
    fixed(name, &[address], json!({"explicit_http_config": {"http_protocol_options": {}}}))
}

fn fixed(name: &str, endpoints: &[SocketAddr], options: Value) -> Value {
    const OPTIONS: &str = "envoy.extensions.upstreams.http.v3.HttpProtocolOptions";
    let endpoint = |address: &SocketAddr| json!({"endpoint": {"address": socket_address(*address)}});
    let endpoints: Vec<Value> = endpoints.iter().map(endpoint).collect();
    json!({
        "name": name,
        "type": "STATIC",
        "load_assignment": {"cluster_name": name, "endpoints": [{"lb_endpoints": endpoints}]},
        "connect_timeout": "1s",
        "circuit_breakers": unlimited(),
        "typed_extension_protocol_options": {OPTIONS: typed(OPTIONS, options)},
    })
}

/// `object`, saying that it is a `message`.
fn typed(message: &str, mut object: Value) -> Value {
    if let Value::Object(members) = &mut object {
        members.insert("@type".to_owned(), type_url(message).into());
    }
    object
}

/// Envoy's own limits, 3 retries at a time among them, are for proxies that guard a network.
fn unlimited() -> Value {
    let all = u32::MAX;
    json!({"thresholds": [
        {"max_connections": all, "max_pending_requests": all, "max_requests": all, "max_retries": all},
    ]})
}
