//! The subsets of a service: one for each version, selected by `pod-template-hash`.

use graylane_core::name::VersionName;
use kube::ResourceExt;
use serde_json::{Value, json};

use super::super::{Change, HASH_LABEL, Kind, World};
use super::{applied, owner};
use crate::api::GrayRelease;
use crate::plan::Service;

/// The subsets `versions` of `service`. It lasts as long as the release: a subset that nobody names does no harm, and
/// one that is named and missing answers 503.
pub(in crate::cluster) fn subsets<'v>(
    world: &World,
    release: &GrayRelease,
    service: &Service,
    versions: impl Iterator<Item = &'v VersionName>,
) -> Option<Change> {
    let subset = |version: &VersionName| json!({"name": version, "labels": {HASH_LABEL: version}});
    let subsets: Vec<Value> = versions.map(subset).collect();
    if subsets.is_empty() {
        return None;
    }
    let body = json!({
        "metadata": {"ownerReferences": [owner(release)]},
        "spec": {"host": service.host(), "subsets": subsets},
    });
    let name = format!("graylane-{}", service.name());
    let is_it = |object: &&std::sync::Arc<kube::api::DynamicObject>| {
        object.name_any() == name && object.namespace().as_deref() == Some(service.namespace())
    };
    let live = world.destination_rules.iter().find(is_it).map(|live| super::json_of(live.as_ref()));
    applied(Kind::DestinationRule, service.namespace(), &name, body, live.as_ref())
}
