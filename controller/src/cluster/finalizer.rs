//! What keeps a release until nothing of it is left.

use kube::ResourceExt;
use serde_json::json;

use super::{Change, FINALIZER, Kind, Write};
use crate::api::GrayRelease;
use crate::release::{Finalizer, Life};

/// Adds or removes the finalizer, where that is due.
pub(super) fn of(release: &GrayRelease, life: Life, finalizer: Finalizer) -> Option<Change> {
    let mut finalizers = release.finalizers().to_vec();
    let present = finalizers.iter().any(|known| known == FINALIZER);
    match (life, finalizer) {
        (Life::Kept, _) if !present => finalizers.push(FINALIZER.to_owned()),
        (Life::Deleted, Finalizer::Dropped) if present => finalizers.retain(|known| known != FINALIZER),
        (Life::Kept | Life::Deleted, Finalizer::Kept | Finalizer::Dropped) => return None,
    }
    let metadata = json!({"resourceVersion": release.resource_version(), "finalizers": finalizers});
    Some(Change {
        kind: Kind::GrayRelease,
        namespace: release.namespace()?,
        name: release.name_any(),
        write: Write::Merge(json!({"metadata": metadata})),
    })
}
