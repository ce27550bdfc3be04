//! The subsets of a service: one for each version, selected by labels of its pods.

use std::sync::Arc;

use kube::api::DynamicObject;
use serde_json::{Value, json};

use super::super::way::{Way, Ways};
use super::super::{Change, Kind, World};
use super::{applied, deletion, is_ours, name_of, owned, owners};
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
    let live = world.destination_rules.iter().find(|object| is_ours(object, service)).map(|live| owned(live));
    applied(Kind::DestinationRule, service.namespace(), &name_of(service), body, live.as_ref())
}

/// Removes the subsets of services that nobody wants anything of.
pub(in crate::cluster) fn surplus_subsets(world: &World, ways: &Ways) -> Vec<Change> {
    surplus(Kind::DestinationRule, world, &world.destination_rules, ways)
}

/// Removes ours among `objects` where nobody wants anything of their service.
pub(super) fn surplus(kind: Kind, world: &World, objects: &[Arc<DynamicObject>], ways: &Ways) -> Vec<Change> {
    let wanted = |object: &DynamicObject| ways.keys().any(|service| is_ours(object, service));
    let ours = objects.iter().filter(|object| super::goes_with_known(world, object) && !wanted(object));
    ours.filter_map(|object| deletion(kind, object.as_ref())).collect()
}
