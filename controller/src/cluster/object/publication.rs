//! Where the filter and its configuration are placed: one object for each role and place.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use graylane_core::{FilterConfig, Phase};
use kube::ResourceExt;
use serde::Deserialize;
use serde_json::{Value, json};

use super::super::covers::{Elements, covers, is_same};
use super::super::scope::Places;
use super::super::supply::{Exchange, Supplied, Supply};
use super::super::{Change, Data, Kept, Kind, MANAGED, Objects, Placement, Settings, World};
use super::additions::taken_out;
use super::{apply, deletion, envoy_filter, json_of, wasm_plugin};
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
pub(in crate::cluster) fn is_ours(object: &Kept<Placement>, role: &str) -> bool {
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
    let wanted = wanted(places, configs);
    let kind = supplied.supply.kind();
    let metadata = json!({"labels": {MANAGED.0: MANAGED.1}, "annotations": supplied.annotations()});
    let apply = wanted.iter().flat_map(|(placed, namespaces)| {
        let (name, spec) = (placed.name(), spec(&supplied.supply, *placed));
        let data = Data(Arc::new(json!({"spec": spec})));
        let mut wanted = Wanted { kind, name: &name, metadata: &metadata, data: &data, is_said: None, read: None };
        let differs = |namespace: &&String| wanted.differs(namespace, objects(world, kind).get(namespace, &name));
        namespaces.iter().flat_map(differs).collect::<Vec<_>>()
    });
    let surplus = [Kind::WasmPlugin, Kind::EnvoyFilter].into_iter().flat_map(|other| {
        let is_wanted = |object: &Kept<Placement>| {
            let mut named = wanted.iter().filter(|(placed, _)| object.name_any() == placed.name());
            other == kind && named.any(|(_, namespaces)| object.namespace().is_some_and(|it| namespaces.contains(&&it)))
        };
        let surplus = ours(objects(world, other)).filter(|object| !is_wanted(object));
        surplus.filter_map(|object| deletion(other, object)).collect::<Vec<_>>()
    });
    apply.chain(surplus).collect()
}

/// The filters of all roles, each with the namespaces that have it.
fn wanted<'a>(places: &'a Places, configs: &'a Configs) -> Vec<(Placed<'a>, BTreeSet<&'a String>)> {
    let mut gateways: BTreeMap<&str, BTreeSet<&String>> = BTreeMap::new();
    for (namespace, label) in &places.gateways {
        gateways.entry(label).or_default().insert(namespace);
    }
    let gateways = gateways
        .into_iter()
        .map(|(label, namespaces)| (Placed { config: &configs.gateway, gateway: Some(label) }, namespaces));
    let sidecars = [&configs.inbound, &configs.outbound]
        .map(|config| (Placed { config, gateway: None }, places.sidecars.iter().collect()));
    gateways.chain(sidecars).collect()
}

/// An object as it is wanted, in one namespace or in several.
#[derive(Debug)]
struct Wanted<'a> {
    kind: Kind,
    name: &'a str,
    metadata: &'a Value,
    data: &'a Data,
    /// A spec that says it, as was found out before: objects that say the same share it.
    is_said: Option<&'a Arc<Value>>,
    /// The spec that was read last, and whether filters can read it, too.
    read: Option<(&'a Arc<Value>, bool)>,
}

impl<'a> Wanted<'a> {
    /// What `live` lacks, or has too much. What we have said before and say no more goes by the apply that says the rest,
    /// so that no proxy is told half of a configuration.
    fn differs(&mut self, namespace: &str, live: Option<&'a Kept<Placement>>) -> Vec<Change> {
        let named = |live: &&Kept<Placement>| covers(&json_of(&live.metadata), self.metadata, Elements::AsWritten);
        let there = live.filter(named).map(|live| &live.spec);
        let is_known = |there: &&Arc<Value>| self.is_said.is_some_and(|said| Arc::ptr_eq(said, there));
        if let Some(there) = there.filter(|there| is_known(there) || is_same(there, self.spec())) {
            self.is_said = Some(there);
            return Vec::new();
        }
        let is_there = there.is_some_and(|there| covers(there, self.spec(), Elements::AsWritten));
        // A filter refuses a configuration with something that it does not know.
        let purged = live.filter(|live| is_there || !self.is_readable(live));
        let purged = purged.and_then(|live| taken_out(self.kind, &live.metadata, &live.spec, self.spec()));
        let apply = || apply(self.kind, namespace, self.name, self.metadata.clone(), self.data.clone());
        purged.into_iter().chain((!is_there).then(apply)).collect()
    }

    fn spec(&self) -> &'a Value {
        self.data.0.get("spec").unwrap_or(&Value::Null)
    }

    /// Whether filters can read what `live` says they go by.
    fn is_readable(&mut self, live: &'a Kept<Placement>) -> bool {
        match self.read {
            Some((spec, is_readable)) if Arc::ptr_eq(spec, &live.spec) => is_readable,
            _ => {
                let is_readable = is_readable(live);
                self.read = Some((&live.spec, is_readable));
                is_readable
            }
        }
    }
}

fn objects(world: &World, kind: Kind) -> &Objects<Kept<Placement>> {
    if kind == Kind::EnvoyFilter { &world.envoy_filters } else { &world.wasm_plugins }
}

fn ours(objects: &Objects<Kept<Placement>>) -> impl Iterator<Item = &Kept<Placement>> {
    let roles = [GATEWAY, INBOUND, OUTBOUND];
    objects.iter().map(AsRef::as_ref).filter(move |object| roles.iter().any(|role| is_ours(object, role)))
}

/// Everything of ours that says what filters go by.
pub(in crate::cluster) fn all(world: &World) -> impl Iterator<Item = &Kept<Placement>> {
    ours(&world.wasm_plugins).chain(ours(&world.envoy_filters))
}

/// The configuration that an object says filters go by.
pub(in crate::cluster) fn config(object: &Kept<Placement>) -> Option<String> {
    let spec = &object.spec;
    match spec.get("pluginConfig") {
        Some(config) => Some(config.to_string()),
        None => envoy_filter::config(spec).map(str::to_owned),
    }
}

/// Whether filters can read what an object says they go by.
fn is_readable(object: &Kept<Placement>) -> bool {
    config(object).is_some_and(|config| FilterConfig::from_json(config.as_bytes()).is_ok())
}

/// The generation that an object names, also where the rest can not be read.
pub(in crate::cluster) fn generation(object: &Kept<Placement>) -> Option<u64> {
    #[derive(Deserialize)]
    struct Numbered {
        generation: u64,
    }
    let spec = &object.spec;
    match spec.get("pluginConfig") {
        Some(config) => config.get("generation")?.as_u64(),
        None => serde_json::from_str(envoy_filter::config(spec)?).ok().map(|Numbered { generation }| generation),
    }
}

/// The highest generation that is named in any place.
pub(in crate::cluster) fn highest_generation(world: &World) -> u64 {
    all(world).filter_map(generation).max().unwrap_or_default()
}
