//! What keeps an object until nothing of it is left.

use kube::{Resource, ResourceExt};
use serde_json::json;

use super::{Change, Kind, Write};
use crate::release::{Finalizer, Life};

/// Adds or removes the finalizer `name` of `object`, where that is due.
pub(super) fn of<K: Resource>(kind: Kind, object: &K, name: &str, life: Life, finalizer: Finalizer) -> Option<Change> {
    let mut finalizers = object.finalizers().to_vec();
    let present = finalizers.iter().any(|known| known == name);
    match (life, finalizer) {
        (Life::Kept, _) if !present => finalizers.push(name.to_owned()),
        (Life::Deleted, Finalizer::Dropped) if present => finalizers.retain(|known| known != name),
        (Life::Kept | Life::Deleted, Finalizer::Kept | Finalizer::Dropped) => return None,
    }
    let metadata = json!({"resourceVersion": object.resource_version(), "finalizers": finalizers});
    Some(Change {
        kind,
        namespace: object.namespace()?,
        name: object.name_any(),
        write: Write::Merge(json!({"metadata": metadata})),
        news: None,
    })
}
