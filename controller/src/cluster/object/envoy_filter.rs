//! The filter as an `EnvoyFilter`: what a `WasmPlugin` can not say.
//!
//! A module that traps is started anew (`FAIL_RELOAD`) on any version of Istio, and filters have a `vm_id` of their own, so
//! that the table of remembered requests is shared with no other plugin of the proxy. Envoy reads the module from a file.
//!
//! Listeners name the filter, and what it goes by follows apart (Envoy's extension configuration discovery): another weight
//! changes no listener, which would cut off streams that outlast the time in which a proxy lets the old one go.

use graylane_core::Phase;
use serde_json::{Value, json};

use super::super::ModuleSource;
use super::super::scope::Places;
use super::publication::Placed;
use super::with;
use crate::envoy;

/// Where the text of the configuration stands in the patch.
const CONFIG: &str = "/configPatches/0/patch/value/typed_config/config/configuration/value";

/// The filter of one role in one place; proxies get the module by `code`, which Envoy's configuration says.
pub(super) fn spec(placed: Placed<'_>, code: &Value) -> Value {
    let context = match placed.config.phase {
        Phase::Gateway => "GATEWAY",
        Phase::SidecarInbound => "SIDECAR_INBOUND",
        Phase::SidecarOutbound => "SIDECAR_OUTBOUND",
    };
    let manager = "envoy.filters.network.http_connection_manager";
    let spec = json!({"configPatches": [
        {
            "applyTo": "EXTENSION_CONFIG",
            "match": {"context": context},
            "patch": {"operation": "ADD", "value": envoy::http_filter(placed.config, code)},
        },
        {
            "applyTo": "HTTP_FILTER",
            "match": {"context": context, "listener": {"filterChain": {"filter": {"name": manager}}}},
            "patch": {
                "operation": "INSERT_FIRST",
                "value": envoy::announced_by_control_plane(placed.config.phase),
            },
        },
    ]});
    let selector = placed.gateway.map(|label| json!({"labels": {Places::GATEWAY_LABEL: label}}));
    with(spec, "workloadSelector", selector)
}

/// The text of the configuration in a spec that was made here.
pub(super) fn config(spec: &Value) -> Option<&str> {
    spec.pointer(CONFIG)?.as_str()
}

/// How Envoy gets the module by itself: from a file. `None`: not at all.
///
/// Istio's agent would fetch one, too, but turns every request away while it can not have it: all that it knows of a
/// failure policy is whether it says `FAIL_OPEN`, as a `WasmPlugin` does.
pub(in crate::cluster) fn code(module: &ModuleSource) -> Option<Value> {
    let file = module.url.strip_prefix("file://")?;
    Some(json!({"local": {"filename": file}}))
}
