//! Route tables: from the version header to a cluster, and from nowhere to a clear answer.

use std::cmp::Reverse;
use std::collections::BTreeSet;

use graylane_core::Phase;
use graylane_core::config::{HostPattern, PatternHost};
use graylane_core::name::{HeaderName, VersionName};
use serde_json::{Value, json};

use super::{Destination, Routing, Subset, cluster, role_name, type_url};
use crate::plan::Service;

/// The resource of [`Resource::OutboundRoutes`](super::Resource::OutboundRoutes).
///
/// A host that is no service answers 502, as in an Istio mesh that knows all of its services.
#[must_use]
pub fn outbound_routes(routing: &Routing) -> Vec<Value> {
    let hosts = routing.by_service().filter(|(_, hosts, _)| !hosts.is_empty()).map(|(service, hosts, destination)| {
        let routes = to_versions(service, destination, "", routing.version_headers());
        virtual_host(service.full_name().as_str(), &hosts, &routes)
    });
    let unknown = unanswered(502, "the host is no service of this mesh");
    let hosts = hosts.chain([virtual_host("unknown", &["*"], &[unknown])]);
    vec![table(Phase::SidecarOutbound, routing, &hosts.collect::<Vec<_>>())]
}

/// The resource of [`Resource::GatewayRoutes`](super::Resource::GatewayRoutes).
///
/// A request that no pattern takes answers 404.
#[must_use]
pub fn gateway_routes(routing: &Routing) -> Vec<Value> {
    let mut hosts: BTreeSet<&PatternHost> = routing.entrances().keys().map(HostPattern::host).collect();
    hosts.insert(&PatternHost::Any);
    let hosts = hosts.into_iter().map(|host| {
        let domain = match host {
            PatternHost::Exact(host) => host.clone(),
            PatternHost::Suffix(suffix) => format!("*{suffix}"),
            PatternHost::Any => "*".to_owned(),
        };
        virtual_host(&domain, &[&domain], &entered_by(host, routing))
    });
    vec![table(Phase::Gateway, routing, &hosts.collect::<Vec<_>>())]
}

/// The whole table in front of an app.
pub(super) fn to_app() -> Value {
    let route = json!({"match": {"prefix": "/"}, "route": {"cluster": cluster::APP, "timeout": "0s"}});
    let host = json!({"name": cluster::APP, "domains": ["*"], "routes": [route]});
    json!({"name": role_name(Phase::SidecarInbound), "virtual_hosts": [host]})
}

/// The routes of requests for `host`.
///
/// Envoy looks at the most specific host alone, the filter goes on to the less specific patterns where no path fits: so
/// their routes follow.
fn entered_by(host: &PatternHost, routing: &Routing) -> Vec<Value> {
    let mut patterns: Vec<_> = routing.entrances().iter().filter(|(pattern, _)| covers(pattern.host(), host)).collect();
    patterns.sort_by_key(|(pattern, _)| Reverse((specificity(pattern.host()), pattern.path().len())));
    let routes = patterns.into_iter().flat_map(|(pattern, service)| {
        let destination = routing.destination(service);
        destination.map(|to| to_versions(service, to, pattern.path(), routing.version_headers())).unwrap_or_default()
    });
    routes.chain([unanswered(404, "no route of the gateway takes this host and path")]).collect()
}

/// Whether a pattern for `wide` takes every host that one for `narrow` takes.
fn covers(wide: &PatternHost, narrow: &PatternHost) -> bool {
    match (wide, narrow) {
        (PatternHost::Any, _) => true,
        (PatternHost::Suffix(suffix), PatternHost::Exact(host) | PatternHost::Suffix(host)) => host.ends_with(suffix),
        (PatternHost::Exact(one), PatternHost::Exact(other)) => one == other,
        (PatternHost::Suffix(_), PatternHost::Any)
        | (PatternHost::Exact(_), PatternHost::Suffix(_) | PatternHost::Any) => false,
    }
}

fn specificity(host: &PatternHost) -> usize {
    match host {
        PatternHost::Any => 0,
        PatternHost::Suffix(suffix) => suffix.len(),
        PatternHost::Exact(_) => usize::MAX,
    }
}

/// Requests below `path` to one service: a route for each version that a version header may name, then one to base.
fn to_versions(
    service: &Service,
    destination: &Destination,
    path: &str,
    version_headers: &BTreeSet<HeaderName>,
) -> Vec<Value> {
    let Destination { port, base, versions, .. } = destination;
    let route = |version: &VersionName, headers: Value| {
        let subset = Subset { service: service.clone(), port: *port, version: version.clone() };
        let matched = match path {
            "" => json!({"prefix": "/", "headers": headers}),
            path => json!({"path_separated_prefix": path, "headers": headers}),
        };
        // Apps know how long they take: a release does not get in their way.
        let route = json!({"cluster": subset.cluster_name(), "timeout": "0s", "retry_policy": retry_policy()});
        json!({"name": format!("{service}/{version}"), "match": matched, "route": route})
    };
    let by_header = |version| {
        let exactly = move |name| json!([{"name": name, "string_match": {"exact": version}}]);
        version_headers.iter().map(move |name| route(version, exactly(name)))
    };
    let others = versions.iter().filter(|version| *version != base);
    others.flat_map(by_header).chain([route(base, json!([]))]).collect()
}

/// Istio's default: what has certainly not been processed is tried twice more, elsewhere where possible.
fn retry_policy() -> Value {
    let elsewhere = "envoy.extensions.retry.host.previous_hosts.v3.PreviousHostsPredicate";
    json!({
        "retry_on": "connect-failure,refused-stream,unavailable,cancelled,reset-before-request",
        "num_retries": 2,
        "retry_host_predicate": [
            {"name": "envoy.retry_host_predicates.previous_hosts", "typed_config": {"@type": type_url(elsewhere)}},
        ],
        "host_selection_retry_max_attempts": 5,
    })
}

fn unanswered(status: u16, reason: &str) -> Value {
    let body = json!({"inline_string": format!("graylane: {reason}\n")});
    json!({"name": "unknown", "match": {"prefix": "/"}, "direct_response": {"status": status, "body": body}})
}

fn virtual_host(name: &str, domains: &[impl AsRef<str>], routes: &[Value]) -> Value {
    let domains: Vec<&str> = domains.iter().map(AsRef::as_ref).collect();
    json!({"name": name, "domains": domains, "routes": routes})
}

fn table(phase: Phase, routing: &Routing, virtual_hosts: &[Value]) -> Value {
    json!({
        "@type": type_url("envoy.config.route.v3.RouteConfiguration"),
        "name": role_name(phase),
        "ignore_port_in_host_matching": true,
        "request_headers_to_remove": routing.version_headers(),
        "virtual_hosts": virtual_hosts,
    })
}
