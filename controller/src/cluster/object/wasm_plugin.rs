//! The filter and its configuration: one object for each role and place.

use std::sync::Arc;

use graylane_core::{FilterConfig, Phase};
use kube::ResourceExt;
use kube::api::DynamicObject;
use serde_json::{Value, json};

use super::super::scope::Places;
use super::super::{Change, Kind, MANAGED, Settings, World, Write};
use super::{applied, change, json_of, with};
use crate::plan::Configs;

/// The names of the objects for each role.
pub(in crate::cluster) const GATEWAY: &str = "graylane-gateway";
pub(in crate::cluster) const INBOUND: &str = "graylane-inbound";
pub(in crate::cluster) const OUTBOUND: &str = "graylane-outbound";

/// Before other filters of its phase.
const PRIORITY: u32 = 1_000;

/// The name of the object for proxies of a phase.
pub(in crate::cluster) fn name(phase: Phase) -> &'static str {
    match phase {
        Phase::Gateway => GATEWAY,
        Phase::SidecarInbound => INBOUND,
        Phase::SidecarOutbound => OUTBOUND,
    }
}

/// Whether `plugin` is the one of ours for a role.
pub(in crate::cluster) fn is_ours(plugin: &DynamicObject, role: &str) -> bool {
    let name = plugin.name_any();
    let named = name == role || name.strip_prefix(role).is_some_and(|rest| rest.starts_with('-'));
    named && plugin.labels().get(MANAGED.0).is_some_and(|manager| manager == MANAGED.1)
}

/// What differs from `configs` being published everywhere.
pub(in crate::cluster) fn publication(world: &World, settings: &Settings, configs: &Configs) -> Vec<Change> {
    let places = Places::of(world, settings);
    let mut wanted: Vec<(String, String, Value)> = Vec::new();
    for (namespace, label) in &places.gateways {
        let selector = json!({"matchLabels": {Places::GATEWAY_LABEL: label}});
        let spec = with(spec(settings, &configs.gateway, "CLIENT"), "selector", Some(selector));
        wanted.push((namespace.clone(), format!("{GATEWAY}-{label}"), spec));
    }
    for namespace in &places.sidecars {
        wanted.push((namespace.clone(), INBOUND.to_owned(), spec(settings, &configs.inbound, "SERVER")));
        wanted.push((namespace.clone(), OUTBOUND.to_owned(), spec(settings, &configs.outbound, "CLIENT")));
    }
    let surplus = surplus(world, &wanted);
    let apply = wanted.into_iter().filter_map(|(namespace, name, spec)| {
        let is_it =
            |plugin: &&Arc<DynamicObject>| plugin.name_any() == name && plugin.namespace().as_ref() == Some(&namespace);
        let live = world.wasm_plugins.iter().find(is_it).map(|live| json_of(live.as_ref()));
        let body = json!({"metadata": {"labels": {MANAGED.0: MANAGED.1}}, "spec": spec});
        applied(Kind::WasmPlugin, &namespace, &name, body, live.as_ref())
    });
    apply.chain(surplus).collect()
}

/// What is in places where there is no proxy any more.
fn surplus(world: &World, wanted: &[(String, String, Value)]) -> Vec<Change> {
    let ours = world
        .wasm_plugins
        .iter()
        .filter(|plugin| [GATEWAY, INBOUND, OUTBOUND].iter().any(|role| is_ours(plugin, role)));
    let is_wanted = |plugin: &DynamicObject| {
        wanted
            .iter()
            .any(|(namespace, name, _)| plugin.namespace().as_ref() == Some(namespace) && plugin.name_any() == *name)
    };
    let deletion = |plugin: &Arc<DynamicObject>| {
        let write = Write::Delete { uid: plugin.uid() };
        Some(change(Kind::WasmPlugin, &plugin.namespace()?, &plugin.name_any(), write))
    };
    ours.filter(|plugin| !is_wanted(plugin)).filter_map(deletion).collect()
}

fn spec(settings: &Settings, config: &FilterConfig, mode: &str) -> Value {
    let spec = json!({
        "url": settings.module.url,
        "pluginName": "graylane",
        "phase": "AUTHN",
        "priority": PRIORITY,
        // A proxy that can not have the module goes on without it: everybody is on base.
        "failStrategy": "FAIL_OPEN",
        "match": [{"mode": mode}],
        "pluginConfig": plugin_config(config),
    });
    with(spec, "sha256", settings.module.sha256.as_ref().map(|sha256| json!(sha256)))
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

/// The highest generation that is named in any place, also where the rest can not be read.
pub(in crate::cluster) fn highest_generation(plugins: &[Arc<DynamicObject>]) -> u64 {
    let ours = plugins.iter().filter(|plugin| [GATEWAY, INBOUND, OUTBOUND].iter().any(|role| is_ours(plugin, role)));
    let named = |plugin: &Arc<DynamicObject>| plugin.data.pointer("/spec/pluginConfig/generation")?.as_u64();
    ours.filter_map(named).max().unwrap_or_default()
}
