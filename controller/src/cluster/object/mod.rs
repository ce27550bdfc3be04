//! The objects that releases are made of.

mod deployment;
mod destination_rule;
mod replica_set;
mod virtual_service;
pub(super) mod wasm_plugin;

use kube::core::{DynamicObject, TypeMeta};
use kube::{Resource, ResourceExt};
use serde_json::{Value, json};

use super::covers::covers;
use super::{Change, Kind, Write};
use crate::api::GrayRelease;

pub(super) use deployment::{let_go, pausing};
pub(super) use destination_rule::subsets;
pub(super) use replica_set::{gray, removed, twins};
pub(super) use virtual_service::{conflict, routes, unrouted};

/// The server-side apply of an object, if the one that is there does not say the same.
fn applied(kind: Kind, namespace: &str, name: &str, body: Value, live: Option<&Value>) -> Option<Change> {
    if live.is_some_and(|live| covers(live, &body)) {
        return None;
    }
    let resource = kind.resource();
    let types = TypeMeta { api_version: resource.api_version.clone(), kind: resource.kind.clone() };
    let mut object = DynamicObject { types: Some(types), ..DynamicObject::new(name, &resource).within(namespace) };
    let mut body = body;
    if let Some(metadata) = body.get_mut("metadata").map(Value::take) {
        let mut whole = serde_json::to_value(&object.metadata).unwrap_or_default();
        if let (Value::Object(whole), Value::Object(more)) = (&mut whole, metadata) {
            whole.extend(more);
        }
        object.metadata = serde_json::from_value(whole).unwrap_or_else(|_| object.metadata.clone());
    }
    if let Value::Object(members) = &mut body {
        members.remove("metadata");
    }
    object.data = body;
    Some(change(kind, namespace, name, Write::Apply(Box::new(object))))
}

fn change(kind: Kind, namespace: &str, name: &str, write: Write) -> Change {
    Change { kind, namespace: namespace.to_owned(), name: name.to_owned(), write }
}

/// What makes an object go with the release.
fn owner(release: &GrayRelease) -> Value {
    json!({
        "apiVersion": GrayRelease::api_version(&()),
        "kind": GrayRelease::kind(&()),
        "name": release.name_any(),
        "uid": release.uid(),
        "controller": true,
        "blockOwnerDeletion": true,
    })
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
