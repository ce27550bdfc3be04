//! The bootstrap of the measured proxy: one listener for each variant, everything else shared.
//! All ports are zero: the system chooses, the admin interface tells.

use std::net::SocketAddr;
use std::path::Path;

use serde_json::{Value, json};

use super::modules::Modules;
use super::request::{HOST, PORT};
use super::upstream::Upstreams;
use super::variant::{Filter, Routes};

/// The header that a filter writes and the routes match, as in the planner's routes.
const VERSION_HEADER: &str = "x-gray-version";

const WASM_TYPE: &str = "type.googleapis.com/envoy.extensions.filters.http.wasm.v3.Wasm";

/// Reads one header and replaces one, as the smallest Lua router would.
const LUA: &str = r#"
function envoy_on_request(handle)
  local headers = handle:headers()
  if headers:get("x-gray-lane") then
    headers:replace("x-gray-version", "v2")
  end
end
"#;

/// One named listener with its filter and routes.
#[derive(Debug)]
pub(crate) struct Listener {
    pub(crate) name: String,
    /// What stands before Envoy's router, if anything.
    pub(crate) filter: Option<Value>,
    pub(crate) routes: Routes,
}

/// A whole static configuration.
pub(crate) fn bootstrap(listeners: &[Listener], upstreams: Upstreams) -> Value {
    json!({
        "node": { "id": "bench", "cluster": "bench" },
        "admin": { "address": loopback(0) },
        "static_resources": {
            "listeners": listeners.iter().map(listener).collect::<Vec<_>>(),
            "clusters": [cluster("", upstreams.base), cluster("v2", upstreams.gray)],
        },
    })
}

fn listener(listener: &Listener) -> Value {
    let mut filters: Vec<_> = listener.filter.iter().cloned().collect();
    filters.push(json!({
        "name": "envoy.filters.http.router",
        "typed_config": {
            "@type": "type.googleapis.com/envoy.extensions.filters.http.router.v3.Router",
        },
    }));
    let manager = json!({
        "@type": "type.googleapis.com/envoy.extensions.filters.network.\
                  http_connection_manager.v3.HttpConnectionManager",
        "stat_prefix": listener.name,
        "route_config": {
            "virtual_hosts": [{
                "name": HOST,
                "domains": ["*"],
                "routes": routes(listener.routes),
            }],
        },
        "http_filters": filters,
    });
    json!({
        "name": listener.name,
        "address": loopback(0),
        "filter_chains": [{
            "filters": [{
                "name": "envoy.filters.network.http_connection_manager",
                "typed_config": manager,
            }],
        }],
    })
}

/// The filter of a listener called `name`.
pub(crate) fn http_filter(name: &str, filter: &Filter, modules: &Modules) -> Option<Value> {
    match filter {
        Filter::None => None,
        Filter::Lua => Some(json!({
            "name": "envoy.filters.http.lua",
            "typed_config": {
                "@type": "type.googleapis.com/envoy.extensions.filters.http.lua.v3.Lua",
                "default_source_code": { "inline_string": LUA },
            },
        })),
        Filter::Wasm { module, config } => Some(json!({
            "name": "envoy.filters.http.wasm",
            "typed_config": wasm(name, &modules.path(*module), &modules.vm_id(*module), config),
        })),
    }
}

/// A filter that Envoy takes, again and again, from a file of discovered resources.
pub(crate) fn discovered_filter(name: &str, file: &Path) -> Value {
    json!({
        "name": name,
        "config_discovery": {
            "config_source": { "path_config_source": { "path": file }, "resource_api_version": "V3" },
            "type_urls": [WASM_TYPE],
        },
    })
}

/// The content of such a file.
pub(crate) fn discovered_resource(name: &str, filter: &Value) -> Value {
    json!({
        "resources": [{
            "@type": "type.googleapis.com/envoy.config.core.v3.TypedExtensionConfig",
            "name": name,
            "typed_config": filter,
        }],
    })
}

/// A Wasm filter in a VM of its own, which shares data with all of the same `vm_id`, as the two filters of a sidecar do. It
/// fails closed, so that a trap ends the measurement instead of passing for a fast filter.
pub(crate) fn wasm(name: &str, module: &Path, vm_id: &str, config: &Value) -> Value {
    json!({
        "@type": WASM_TYPE,
        "config": {
            "name": name,
            "failure_policy": "FAIL_CLOSED",
            "vm_config": {
                "vm_id": vm_id,
                "runtime": "envoy.wasm.runtime.v8",
                "code": { "local": { "filename": module } },
                // Filters whose machines are configured alike would share one.
                "configuration": text(name),
            },
            "configuration": text(&config.to_string()),
        },
    })
}

fn text(value: &str) -> Value {
    json!({ "@type": "type.googleapis.com/google.protobuf.StringValue", "value": value })
}

fn routes(routes: Routes) -> Value {
    let base = cluster_name("");
    let gray = cluster_name("v2");
    match routes {
        Routes::ByVersionHeader => json!([
            {
                "match": {
                    "prefix": "/",
                    "headers": [{ "name": VERSION_HEADER, "string_match": { "exact": "v2" } }],
                },
                "route": { "cluster": gray },
                "request_headers_to_remove": [VERSION_HEADER],
            },
            { "match": { "prefix": "/" }, "route": { "cluster": base } },
        ]),
        Routes::Weighted => json!([{
            "match": { "prefix": "/" },
            "route": {
                "weighted_clusters": {
                    "clusters": [
                        { "name": base, "weight": 90 },
                        { "name": gray, "weight": 10 },
                    ],
                },
            },
        }]),
    }
}

/// Istio's name for a version's endpoints.
fn cluster_name(version: &str) -> String {
    format!("outbound|{PORT}|{version}|{HOST}")
}

fn cluster(version: &str, upstream: SocketAddr) -> Value {
    let name = cluster_name(version);
    json!({
        "name": name,
        "connect_timeout": "1s",
        "load_assignment": {
            "cluster_name": name,
            "endpoints": [{
                "lb_endpoints": [{ "endpoint": { "address": loopback(upstream.port()) } }],
            }],
        },
    })
}

fn loopback(port: u16) -> Value {
    json!({ "socket_address": { "address": "127.0.0.1", "port_value": port } })
}
