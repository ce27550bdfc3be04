//! Where the filter and its configuration are placed: one object for each role and place.

use std::sync::Arc;

use graylane_core::{FilterConfig, Phase};
use kube::ResourceExt;
use kube::api::DynamicObject;
use serde_json::{Value, json};

use super::super::covers::removal;
use super::super::scope::Places;
use super::super::supply::{Exchange, Supplied, Supply};
use super::super::{Change, Kind, MANAGED, Settings, World, Write};
use super::{applied, change, deletion, envoy_filter, json_of, wasm_plugin};
use crate::api::Delivery;
use crate::plan::Configs;

/// The names of the objects for each role.
pub(in crate::cluster) const GATEWAY: &str = "graylane-gateway";
pub(in crate::cluster) const INBOUND: &str = "graylane-inbound";
pub(in crate::cluster) const OUTBOUND: &str = "graylane-outbound";

/// The name of the object for proxies of a phase.
pub(in crate::cluster) fn name(phase: Phase) -> &'static str {
    match phase {
        Phase::Gateway => GATEWAY,
        Phase::SidecarInbound => INBOUND,
        Phase::SidecarOutbound => OUTBOUND,
    }
}

/// Whether `object` is the one of ours for a role.
pub(in crate::cluster) fn is_ours(object: &DynamicObject, role: &str) -> bool {
    let name = object.name_any();
    let named = name == role || name.strip_prefix(role).is_some_and(|rest| rest.starts_with('-'));
    named && object.labels().get(MANAGED.0).is_some_and(|manager| manager == MANAGED.1)
}

/// The filter of one role in one place.
#[derive(Debug, Clone, Copy)]
pub(super) struct Placed<'a> {
    /// What it goes by.
    pub(super) config: &'a FilterConfig,
    /// The value of Istio's label of the gateway, where it is one.
    pub(super) gateway: Option<&'a str>,
}

impl Placed<'_> {
    fn name(&self) -> String {
        let role = name(self.config.phase);
        self.gateway.map_or_else(|| role.to_owned(), |gateway| format!("{role}-{gateway}"))
    }
}

/// The filter as an object of Istio's, by which proxies get it as `supply` says.
fn spec(supply: &Supply, placed: Placed<'_>) -> Value {
    match (supply.delivery, envoy_filter::code(&supply.module)) {
        (Delivery::EnvoyFilter, Some(code)) => envoy_filter::spec(placed, &code),
        (Delivery::EnvoyFilter, None) | (Delivery::WasmPlugin, _) => wasm_plugin::spec(&supply.module, placed),
    }
}

/// What differs from `configs` being published everywhere. What was there before goes after what replaces it.
pub(in crate::cluster) fn publication(
    world: &World,
    settings: &Settings,
    exchange: &Exchange,
    configs: &Configs,
) -> Vec<Change> {
    let supplied = exchange.supplied(world, settings, configs.generation());
    publication_at(&Places::of(world, settings), world, &supplied, configs)
}

/// What differs from `configs` being published in `places`, and nowhere else.
pub(in crate::cluster) fn publication_at(
    places: &Places,
    world: &World,
    supplied: &Supplied,
    configs: &Configs,
) -> Vec<Change> {
    let gateways = places
        .gateways
        .iter()
        .map(|(namespace, label)| (namespace, Placed { config: &configs.gateway, gateway: Some(label) }));
    let sidecars = places.sidecars.iter().flat_map(|namespace| {
        [&configs.inbound, &configs.outbound].map(|config| (namespace, Placed { config, gateway: None }))
    });
    let wanted: Vec<(&String, Placed<'_>)> = gateways.chain(sidecars).collect();
    let kind = supplied.supply.kind();
    let apply = wanted.iter().flat_map(|(namespace, placed)| {
        let name = placed.name();
        let metadata = json!({"labels": {MANAGED.0: MANAGED.1}, "annotations": supplied.annotations()});
        let body = json!({"metadata": metadata, "spec": spec(&supplied.supply, *placed)});
        let is_it =
            |object: &&Arc<DynamicObject>| object.name_any() == name && object.namespace().as_ref() == Some(namespace);
        let live = objects(world, kind).iter().find(is_it).map(|live| json_of(live.as_ref()));
        let purged = live.as_ref().and_then(|live| purged(kind, namespace, &name, &body, live));
        purged.into_iter().chain(applied(kind, namespace, &name, body, live.as_ref()))
    });
    let surplus = [Kind::WasmPlugin, Kind::EnvoyFilter].into_iter().flat_map(|other| {
        let is_wanted = |object: &DynamicObject| {
            let is_it = |(namespace, placed): &(&String, Placed<'_>)| {
                object.namespace().as_ref() == Some(*namespace) && object.name_any() == placed.name()
            };
            other == kind && wanted.iter().any(is_it)
        };
        let surplus = ours(objects(world, other)).filter(|object| !is_wanted(object));
        surplus.filter_map(|object| deletion(other, object)).collect::<Vec<_>>()
    });
    apply.chain(surplus).collect()
}

/// Takes out of a configuration what somebody else has put there: a filter refuses what it does not know, and a
/// server-side apply leaves it.
fn purged(kind: Kind, namespace: &str, name: &str, body: &Value, live: &Value) -> Option<Change> {
    let config = |object: &Value| object.pointer("/spec/pluginConfig").cloned();
    let removal = removal(&config(live)?, &config(body)?)?;
    let metadata = json!({"resourceVersion": live.pointer("/metadata/resourceVersion")});
    let patch = json!({"metadata": metadata, "spec": {"pluginConfig": removal}});
    Some(change(kind, namespace, name, Write::Merge(patch)))
}

fn objects(world: &World, kind: Kind) -> &[Arc<DynamicObject>] {
    if kind == Kind::EnvoyFilter { &world.envoy_filters } else { &world.wasm_plugins }
}

fn ours(objects: &[Arc<DynamicObject>]) -> impl Iterator<Item = &DynamicObject> {
    let roles = [GATEWAY, INBOUND, OUTBOUND];
    objects.iter().map(AsRef::as_ref).filter(move |object| roles.iter().any(|role| is_ours(object, role)))
}

/// Everything of ours that says what filters go by.
pub(in crate::cluster) fn all(world: &World) -> impl Iterator<Item = &DynamicObject> {
    ours(&world.wasm_plugins).chain(ours(&world.envoy_filters))
}

/// The configuration that an object says filters go by.
pub(in crate::cluster) fn config(object: &DynamicObject) -> Option<String> {
    let spec = object.data.get("spec")?;
    match spec.get("pluginConfig") {
        Some(config) => Some(config.to_string()),
        None => envoy_filter::config(spec).map(str::to_owned),
    }
}

/// The highest generation that is named in any place, also where the rest can not be read.
pub(in crate::cluster) fn highest_generation(world: &World) -> u64 {
    let named = |object: &DynamicObject| {
        let config: Value = serde_json::from_str(&config(object)?).ok()?;
        config.get("generation")?.as_u64()
    };
    all(world).filter_map(named).max().unwrap_or_default()
}
