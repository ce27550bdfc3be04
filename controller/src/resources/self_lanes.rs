//! The lanes in which apps begin requests: each should be one that an object forms.
//!
//! In a local mesh the files are all there is, so a lane that nobody forms is wrong. Manifests for a cluster may name one
//! whose object lies elsewhere, so of them it is only noted.

use std::collections::BTreeSet;

use graylane_core::{Path, Problems};

use super::Resources;
use super::document::Node;
use crate::api::LocalMesh;

/// The label of pods that says it.
const LABEL: &str = "graylane.io/lane";

/// Where objects of Kubernetes hold the metadata of pods.
const PODS: [&[&str]; 3] =
    [&["spec", "template", "metadata"], &["spec", "jobTemplate", "spec", "template", "metadata"], &["metadata"]];

/// The lanes that `resources` form, by name. The names of objects that can not name one are refused elsewhere.
pub(super) fn lanes(resources: &Resources) -> BTreeSet<String> {
    let of_releases = resources.releases.iter().filter_map(|release| match &release.spec.lane {
        Some(lane) => Some(lane.to_string()),
        None => release.metadata.name.clone(),
    });
    of_releases.chain(resources.lanes.iter().filter_map(|lane| lane.metadata.name.clone())).collect()
}

/// Checks what the versions of `mesh` say.
///
/// # Errors
/// Every lane that is not among `lanes`.
pub(super) fn check(mesh: &LocalMesh, lanes: &BTreeSet<String>) -> Result<(), Problems> {
    let mut problems = Problems::default();
    let (spec, allowed) = (Path::Root.field("spec"), allowed(lanes));
    let list = spec.field("services");
    for (index, service) in mesh.spec.services.iter().enumerate() {
        let path = list.index(index);
        let versions = path.field("versions");
        for (index, version) in service.versions.iter().enumerate() {
            if let Some(lane) = version.self_lane.as_ref().filter(|lane| !lanes.contains(lane.as_str())) {
                let found = format!("no object forms the lane {:?}", lane.as_str());
                problems.add(&versions.index(index).field("selfLane"), found, &allowed);
            }
        }
    }
    problems.or(())
}

/// What is odd about the label of the pods that a foreign object makes.
pub(super) fn odd_label(node: &Node, lanes: &BTreeSet<String>) -> Option<String> {
    let labelled = |path: &&[&str]| {
        let metadata = path.iter().try_fold(node, |node, member| node.member(member))?;
        metadata.member("labels")?.text(LABEL)
    };
    let lane = PODS.iter().find_map(labelled).filter(|lane| !lanes.contains(*lane))?;
    let allowed = allowed(lanes);
    Some(format!("its pods begin requests in lane {lane:?}, which no object here forms; here are: {allowed}"))
}

fn allowed(lanes: &BTreeSet<String>) -> String {
    if lanes.is_empty() { "none".to_owned() } else { lanes.iter().cloned().collect::<Vec<_>>().join(", ") }
}
