//! What an Envoy is told: a listener for each phase, routes by version header, a cluster for each version.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::Path;
use std::slice::from_ref;

use anyhow::Result;
use graylane_core::config::{HostPattern, PatternHost};
use graylane_core::{Phase, metric};
use serde_json::{Value, json};

use super::callers::{self, Authority};
use super::token;
use super::upstream::MIRROR;
use crate::scenario::mesh::{APP_CLUSTER, ELSEWHERE_CLUSTER, Mesh, Route, VERSION_HEADER, cluster};
use crate::scenario::patched;

/// Every phase; each has a listener and a filter of its own.
pub(super) const PHASES: [Phase; 3] = [Phase::Gateway, Phase::SidecarInbound, Phase::SidecarOutbound];

/// The name of a phase's listener and filter.
pub(super) fn name(phase: Phase) -> &'static str {
    match phase {
        Phase::Gateway => "graylane.gateway",
        Phase::SidecarInbound => "graylane.inbound",
        Phase::SidecarOutbound => "graylane.outbound",
    }
}

/// The bootstrap configuration. All ports are free ones.
///
/// # Errors
/// When certificates can not be made.
pub(super) fn bootstrap(
    mesh: &Mesh,
    clusters: &BTreeMap<String, SocketAddr>,
    self_lane: Option<&str>,
    folder: &Path,
) -> Result<Value> {
    let authority = Authority::new()?;
    let mut listeners: Vec<Value> = PHASES.map(|phase| listener(phase, mesh, folder)).into();
    let mut clusters: Vec<Value> = clusters.iter().map(|(name, upstream)| upstream_cluster(name, *upstream)).collect();
    listeners.push(json!({
        "name": "graylane.inbound.mirror",
        "address": mirror(folder),
        "filter_chains": [{"filters": [http(Phase::SidecarInbound, mesh, folder)]}],
    }));
    clusters.push(json!({
        "name": MIRROR,
        "type": "STATIC",
        "load_assignment": {
            "cluster_name": MIRROR,
            "endpoints": [{"lb_endpoints": [{"endpoint": {"address": mirror(folder)}}]}],
        },
    }));
    if !mesh.principals().is_empty() {
        listeners.push(json!({
            "name": "graylane.inbound.tls",
            "address": callers::address(folder),
            "filter_chains": [{
                "filters": [http(Phase::SidecarInbound, mesh, folder)],
                "transport_socket": authority.server()?,
            }],
        }));
        listeners.extend(callers::listeners(mesh.principals()));
    }
    for id in mesh.principals() {
        clusters.push(authority.cluster(id, folder)?);
    }
    let labels: BTreeMap<&str, &str> = self_lane.map(|lane| ("graylane.io/lane", lane)).into_iter().collect();
    let tag = |label: &&str| json!({"tag_name": label, "regex": metric::tag_regex(label)});
    Ok(json!({
        "node": {"id": "scenarios", "cluster": "scenarios", "metadata": {"LABELS": labels}},
        "admin": {"address": address(([127, 0, 0, 1], 0).into())},
        "stats_config": {"stats_tags": metric::LABELS.iter().map(tag).collect::<Vec<_>>()},
        "static_resources": {
            "listeners": listeners,
            "clusters": clusters,
        },
    }))
}

/// Where copies of requests come in.
fn mirror(folder: &Path) -> Value {
    json!({"pipe": {"path": folder.join("mirror.sock")}})
}

/// The file that holds the filter of a phase, and the resource in it.
pub(super) fn filter(phase: Phase, module: &Path, configuration: &[u8]) -> Value {
    json!({"resources": [{
        "@type": "type.googleapis.com/envoy.config.core.v3.TypedExtensionConfig",
        "name": name(phase),
        "typed_config": {
            "@type": "type.googleapis.com/envoy.extensions.filters.http.wasm.v3.Wasm",
            "config": {
                "name": name(phase),
                "root_id": "graylane",
                "vm_config": {
                    "vm_id": "graylane",
                    "runtime": "envoy.wasm.runtime.v8",
                    "code": {"local": {"filename": module}},
                },
                "configuration": {
                    "@type": "type.googleapis.com/google.protobuf.StringValue",
                    "value": String::from_utf8_lossy(configuration),
                },
                "failure_policy": "FAIL_RELOAD",
            },
        },
    }]})
}

fn listener(phase: Phase, mesh: &Mesh, folder: &Path) -> Value {
    json!({
        "name": name(phase),
        "address": address(([127, 0, 0, 1], 0).into()),
        "filter_chains": [{"filters": [http(phase, mesh, folder)]}],
    })
}

/// What a listener does with HTTP.
fn http(phase: Phase, mesh: &Mesh, folder: &Path) -> Value {
    let filter = json!({
        "name": name(phase),
        "config_discovery": {
            "config_source": {
                "resource_api_version": "V3",
                "path_config_source": {"path": folder.join(format!("{}.json", name(phase)))},
            },
            "type_urls": ["type.googleapis.com/envoy.extensions.filters.http.wasm.v3.Wasm"],
        },
    });
    let router = json!({
        "name": "envoy.filters.http.router",
        "typed_config": {"@type": "type.googleapis.com/envoy.extensions.filters.http.router.v3.Router"},
    });
    json!({
        "name": "envoy.filters.network.http_connection_manager",
        "typed_config": {
            "@type": "type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager",
            "stat_prefix": name(phase),
            "route_config": routes(phase, mesh),
            "upgrade_configs": [{"upgrade_type": "websocket"}, {"upgrade_type": "CONNECT"}],
            "http_filters": [token::verifier(), filter, router],
        },
    })
}

fn routes(phase: Phase, mesh: &Mesh) -> Value {
    let everything = |cluster| json!([{"match": {"prefix": "/"}, "route": action(cluster)}]);
    let hosts = match phase {
        Phase::SidecarInbound => vec![json!({"name": "app", "domains": ["*"], "routes": everything(APP_CLUSTER)})],
        Phase::Gateway | Phase::SidecarOutbound => {
            let mut patterns: BTreeMap<&PatternHost, &HostPattern> = BTreeMap::new();
            patterns.extend(mesh.routes().iter().map(|route| (route.pattern.host(), &route.pattern)));
            let mut hosts: Vec<Value> = patterns.into_keys().map(|host| virtual_host(host, mesh.routes())).collect();
            hosts.push(json!({"name": "elsewhere", "domains": ["*"], "routes": everything(ELSEWHERE_CLUSTER)}));
            hosts
        }
    };
    json!({"name": name(phase), "ignore_port_in_host_matching": true, "virtual_hosts": hosts})
}

/// Envoy looks up only the most specific domain, so the routes of less specific patterns are repeated below it.
fn virtual_host(host: &PatternHost, all: &[Route]) -> Value {
    let domains = match host {
        PatternHost::Exact(host) => vec![host.clone(), format!("{host}.")],
        PatternHost::Suffix(suffix) => vec![format!("*{suffix}"), format!("*{suffix}.")],
        PatternHost::Any => vec!["*".to_owned()],
    };
    let covers = |wide: &PatternHost| match (wide, host) {
        (PatternHost::Any, _) => true,
        (PatternHost::Suffix(suffix), PatternHost::Exact(host) | PatternHost::Suffix(host)) => host.ends_with(suffix),
        (wide, host) => wide == host,
    };
    let versions = all.iter().filter(|route| covers(route.pattern.host())).flat_map(to_versions);
    let elsewhere = json!({"match": {"prefix": "/"}, "route": action(ELSEWHERE_CLUSTER)});
    json!({
        "name": domains.first(),
        "domains": domains,
        "include_request_attempt_count": true,
        "routes": versions.chain([elsewhere]).collect::<Vec<_>>(),
    })
}

fn to_versions(route: &Route) -> Vec<Value> {
    let matched = |headers: Value| match route.pattern.path() {
        "" => json!({"prefix": "/", "headers": headers}),
        path => json!({"path_separated_prefix": path, "headers": headers}),
    };
    let to = |matched: Value, action: Value| json!({"match": matched, "route": action, "request_headers_to_remove": [VERSION_HEADER]});
    let asked = |version: &String| json!({"name": VERSION_HEADER, "string_match": {"exact": version}});
    let to_be_mirrored = json!({"name": MIRROR, "present_match": true});
    let to_version = |version: &String, asked: &[Value]| {
        let cluster = cluster(&route.service, version);
        let mirrored = patched(&action(&cluster), &json!({"request_mirror_policies": [{"cluster": MIRROR}]}));
        let tunnel = json!({"connect_matcher": {}, "headers": asked});
        let tunnels = route.pattern.path().is_empty().then(|| to(tunnel, through(&cluster)));
        let copied = to(matched(json!([asked, from_ref(&to_be_mirrored)].concat())), mirrored);
        [copied].into_iter().chain(tunnels).chain([to(matched(json!(asked)), action(&cluster))])
    };
    let versions = route.versions.iter().flat_map(|version| to_version(version, &[asked(version)]));
    versions.chain(to_version(&route.base, &[])).collect()
}

fn action(cluster: &str) -> Value {
    json!({
        "cluster": cluster,
        "timeout": "0s",
        "retry_policy": {"retry_on": "5xx", "num_retries": 3},
        "internal_redirect_policy": {"max_internal_redirects": 1},
    })
}

/// A tunnel that goes on to the upstream; nothing of it can be sent again.
fn through(cluster: &str) -> Value {
    json!({"cluster": cluster, "timeout": "0s", "upgrade_configs": [{"upgrade_type": "CONNECT"}]})
}

fn upstream_cluster(name: &str, upstream: SocketAddr) -> Value {
    json!({
        "name": name,
        "type": "STATIC",
        "load_assignment": {
            "cluster_name": name,
            "endpoints": [{"lb_endpoints": [{"endpoint": {"address": address(upstream)}}]}],
        },
        "typed_extension_protocol_options": {
            "envoy.extensions.upstreams.http.v3.HttpProtocolOptions": {
                "@type": "type.googleapis.com/envoy.extensions.upstreams.http.v3.HttpProtocolOptions",
                "use_downstream_protocol_config": {"http_protocol_options": {}, "http2_protocol_options": {}},
            },
        },
    })
}

fn address(address: SocketAddr) -> Value {
    json!({"socket_address": {"address": address.ip().to_string(), "port_value": address.port()}})
}
