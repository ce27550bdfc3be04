//! The objects that releases and lanes are made of.

mod additions;
mod deployment;
mod destination_rule;
pub(super) mod envoy_filter;
mod fronted;
pub(super) mod publication;
mod replica_set;
mod virtual_service;
mod wasm_plugin;

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use kube::core::{DynamicObject, ObjectMeta, TypeMeta};
use kube::{Resource, ResourceExt};
use serde_json::{Value, json};

use super::covers::{Elements, covers};
use super::way::{Way, Ways};
use super::{Change, Data, Kind, SAID_ANNOTATION, Said, World, Write};
use crate::api::{GROUP, GrayRelease};
use crate::plan::Service;
use crate::release::fingerprint;
use additions::taken_out;

pub(super) use deployment::{abandoned, let_go, pausing};
pub(super) use destination_rule::{subsets, surplus_subsets};
pub(super) use fronted::{addresses, fronted};
pub(super) use replica_set::{gray, removed, twins};
pub(super) use virtual_service::{named_is_wrong, routes, surplus_routes};

/// The server-side apply of an object, if the one that is there does not say the same.
fn applied(kind: Kind, namespace: &str, name: &str, body: Value, live: Option<&Value>) -> Option<Change> {
    if live.is_some_and(|live| covers(live, &body, elements(kind))) {
        return None;
    }
    let mut body = body;
    let metadata = body.as_object_mut().and_then(|members| members.remove("metadata")).unwrap_or_default();
    Some(apply(kind, namespace, name, metadata, Data(Arc::new(body))))
}

/// What differs from our object for `service` saying `body`, and nothing of others that does not go with it.
fn differs(kind: Kind, service: &Service, body: Value, live: Option<&DynamicObject>) -> Option<Change> {
    let added = live.and_then(|live| taken_out(kind, &live.metadata, live.data.get("spec")?, body.get("spec")?));
    let live = live.map(owned);
    applied(kind, service.namespace(), &name_of(service), body, live.as_ref()).or(added)
}

/// The server-side apply of an object with `metadata` and `data`.
fn apply(kind: Kind, namespace: &str, name: &str, metadata: Value, data: Data) -> Change {
    let resource = kind.resource();
    let types = TypeMeta { api_version: resource.api_version, kind: resource.kind };
    let metadata = ObjectMeta {
        name: Some(name.to_owned()),
        namespace: Some(namespace.to_owned()),
        ..serde_json::from_value(metadata).unwrap_or_default()
    };
    let mut said = Said { types, metadata, data };
    if kind.is_ours_alone() {
        let short = fingerprint(&said);
        said.metadata.annotations.get_or_insert_default().insert(SAID_ANNOTATION.to_owned(), short);
    }
    change(kind, namespace, name, Write::Apply(Box::new(said)))
}

/// Istio's definitions have no defaults.
fn elements(kind: Kind) -> Elements {
    match kind {
        Kind::DestinationRule | Kind::VirtualService | Kind::WasmPlugin | Kind::EnvoyFilter => Elements::AsWritten,
        Kind::GrayRelease | Kind::Lane | Kind::MeshPolicy | Kind::Deployment | Kind::ReplicaSet => Elements::Defaulted,
    }
}

fn change(kind: Kind, namespace: &str, name: &str, write: Write) -> Change {
    Change { kind, namespace: namespace.to_owned(), name: name.to_owned(), write, news: None }
}

/// What makes an object go with the release that looks after it.
fn owner(release: &GrayRelease) -> Value {
    with(owner_of(release), "controller", Some(json!(true)))
}

/// What makes an object go with one of ours, or with the last of several.
pub(super) fn owner_of<K: Resource<DynamicType = ()>>(object: &K) -> Value {
    json!({
        "apiVersion": K::api_version(&()),
        "kind": K::kind(&()),
        "name": object.name_any(),
        "uid": object.uid(),
        "blockOwnerDeletion": true,
    })
}

/// The owners of the objects of a way, by uid.
fn owners(way: &Way) -> Vec<&Value> {
    way.owners.values().collect()
}

/// An object as JSON, to be compared, with its owners by uid: an API server keeps the order in which they came.
fn owned(object: &DynamicObject) -> Value {
    let mut object = object.clone();
    object.owner_references_mut().sort_by(|one, other| one.uid.cmp(&other.uid));
    json_of(&object)
}

/// The name of our objects for a service.
fn name_of(service: &Service) -> String {
    format!("graylane-{}", service.name())
}

/// The names of our objects for the services of `ways` that are not over, by namespace.
fn names_of(ways: &Ways) -> HashMap<&str, HashSet<String>> {
    let mut names: HashMap<&str, HashSet<String>> = HashMap::new();
    for (service, _) in ways.iter().filter(|(_, way)| !way.is_over()) {
        names.entry(service.namespace()).or_default().insert(name_of(service));
    }
    names
}

/// Whether `names` has the name of `object`.
fn is_named(object: &DynamicObject, names: &HashMap<&str, HashSet<String>>) -> bool {
    let (namespace, name) = (object.metadata.namespace.as_deref(), object.metadata.name.as_deref());
    namespace
        .and_then(|namespace| names.get(namespace))
        .is_some_and(|names| name.is_some_and(|name| names.contains(name)))
}

/// The uids of all resources of ours.
fn known(world: &World) -> HashSet<&str> {
    let releases = world.releases.iter().filter_map(|release| release.metadata.uid.as_deref());
    releases.chain(world.lanes.iter().filter_map(|lane| lane.metadata.uid.as_deref())).collect()
}

/// Whether `object` goes with resources of ours, all of which are `known`: one that can not be read may still need it.
fn goes_with(known: &HashSet<&str>, object: &DynamicObject) -> bool {
    let is_ours = |api_version: &str| api_version.split_once('/').is_some_and(|(group, _)| group == GROUP);
    let mut ours = object.owner_references().iter().filter(|owner| is_ours(&owner.api_version)).peekable();
    ours.peek().is_some() && ours.all(|owner| known.contains(owner.uid.as_str()))
}

/// Removes an object, unless it is going already.
fn deletion<K: Resource>(kind: Kind, object: &K) -> Option<Change> {
    if object.meta().deletion_timestamp.is_some() {
        return None;
    }
    let write = Write::Delete { uid: object.uid() };
    Some(change(kind, &object.namespace()?, &object.name_any(), write))
}

/// An object as JSON, to be compared.
fn json_of<T: serde::Serialize + ?Sized>(object: &T) -> Value {
    serde_json::to_value(object).unwrap_or_default()
}

/// `object` with one more member, if there is one.
fn with(object: Value, member: &str, value: Option<Value>) -> Value {
    match (object, value) {
        (Value::Object(mut members), Some(value)) => {
            members.insert(member.to_owned(), value);
            Value::Object(members)
        }
        (object, _) => object,
    }
}
