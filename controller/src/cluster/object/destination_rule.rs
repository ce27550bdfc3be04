//! The subsets of a service: one for each version, selected by labels of its pods.

use std::sync::Arc;

use kube::api::DynamicObject;
use serde_json::{Value, json};

use super::super::way::{Way, Ways};
use super::super::{Change, Kind, World};
use super::{deletion, differs, goes_with, is_named, known, name_of, names_of, owners};
use crate::plan::Service;

/// The subsets of `service`. They last as long as what they belong to: a subset that nobody names does no harm, and one
/// that is named and missing answers 503.
pub(in crate::cluster) fn subsets(world: &World, service: &Service, way: &Way) -> Option<Change> {
    if way.subsets.is_empty() {
        return None;
    }
    let subsets: Vec<Value> =
        way.subsets.iter().map(|(name, labels)| json!({"name": name, "labels": labels})).collect();
    let body = json!({
        "metadata": {"ownerReferences": owners(way)},
        "spec": {"host": service.host(), "subsets": subsets},
    });
    let live = world.destination_rules.get(service.namespace(), &name_of(service));
    differs(Kind::DestinationRule, service, body, live)
}

/// Removes the subsets of services that nobody wants anything of.
pub(in crate::cluster) fn surplus_subsets(world: &World, ways: &Ways) -> Vec<Change> {
    surplus(Kind::DestinationRule, world, &world.destination_rules, ways)
}

/// Removes ours among `objects` where nobody wants anything of their service.
pub(super) fn surplus(kind: Kind, world: &World, objects: &[Arc<DynamicObject>], ways: &Ways) -> Vec<Change> {
    let (known, wanted) = (known(world), names_of(ways));
    let ours = objects.iter().filter(|object| goes_with(&known, object) && !is_named(object, &wanted));
    ours.filter_map(|object| deletion(kind, object.as_ref())).collect()
}
