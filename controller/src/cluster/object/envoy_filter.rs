//! The filter as an `EnvoyFilter`: what a `WasmPlugin` can not say.
//!
//! A module that traps is started anew (`FAIL_RELOAD`) on any version of Istio, and filters have a `vm_id` of their own, so
//! that the table of remembered requests is shared with no other plugin of the proxy. Envoy reads the module from a file.

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
    let spec = json!({"configPatches": [{
        "applyTo": "HTTP_FILTER",
        "match": {"context": context, "listener": {"filterChain": {"filter": {"name": manager}}}},
        "patch": {"operation": "INSERT_FIRST", "value": envoy::http_filter(placed.config, code)},
    }]});
    let selector = placed.gateway.map(|label| json!({"labels": {Places::GATEWAY_LABEL: label}}));
    with(spec, "workloadSelector", selector)
}

/// The text of the configuration in a spec that was made here.
pub(super) fn config(spec: &Value) -> Option<&str> {
    spec.pointer(CONFIG)?.as_str()
}

/// How Envoy gets the module by itself: from a file. `None`: not at all.
///
/// It could fetch one, too, but answers 503 to everything until it has it, as fetching goes on after the filter is in
/// place; with a `WasmPlugin`, Istio's agent fetches the module first.
pub(in crate::cluster) fn code(module: &ModuleSource) -> Option<Value> {
    let file = module.url.strip_prefix("file://")?;
    Some(json!({"local": {"filename": file}}))
}
