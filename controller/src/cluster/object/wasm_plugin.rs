//! The filter as a `WasmPlugin` of Istio's.

use graylane_core::{FilterConfig, Phase};
use serde_json::{Value, json};

use super::super::ModuleSource;
use super::super::scope::Places;
use super::publication::Placed;
use super::{json_of, with};

/// Before other filters of its phase.
const PRIORITY: u32 = 1_000;

/// The filter of one role in one place.
pub(super) fn spec(module: &ModuleSource, placed: Placed<'_>) -> Value {
    let mode = match placed.config.phase {
        Phase::Gateway | Phase::SidecarOutbound => "CLIENT",
        Phase::SidecarInbound => "SERVER",
    };
    let spec = json!({
        "url": module.url,
        "pluginName": "graylane",
        "phase": "AUTHN",
        "priority": PRIORITY,
        // A proxy that can not have the module goes on without it: everybody is on base.
        "failStrategy": "FAIL_OPEN",
        "match": [{"mode": mode}],
        "pluginConfig": plugin_config(placed.config),
    });
    let selector = placed.gateway.map(|label| json!({"matchLabels": {Places::GATEWAY_LABEL: label}}));
    with(with(spec, "selector", selector), "sha256", module.sha256.as_ref().map(|sha256| json!(sha256)))
}

/// The configuration without members that say nothing: server-side apply makes `null` of an object that has become
/// empty, which is not what a configuration may say.
fn plugin_config(config: &FilterConfig) -> Value {
    match json_of(config) {
        Value::Object(members) => {
            let says_nothing = |value: &Value| value.as_object().is_some_and(serde_json::Map::is_empty);
            Value::Object(members.into_iter().filter(|(_, value)| !says_nothing(value)).collect())
        }
        other => other,
    }
}
