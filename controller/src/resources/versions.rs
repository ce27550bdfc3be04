//! Versions that must not be one: what serves base anyway is neither a release nor a lane.
//!
//! The planner takes them as they come, because a trial of it knows no better name for a version that is to come.

use graylane_core::{Path, Problems};

use crate::api::{GrayRelease, Lane, LocalMesh};
use crate::plan::ServiceFacts;

/// Checks what a release is of.
///
/// # Errors
/// Every workload that would be released to the version that it has.
pub(super) fn of_release(release: &GrayRelease) -> Result<(), Problems> {
    let mut problems = Problems::default();
    let (spec, said) = (Path::Root.field("spec"), &release.spec.workloads);
    let list = spec.field("workloads");
    for (index, workload) in said.iter().enumerate() {
        if let Some(version) = workload.gray.as_ref().filter(|gray| workload.stable.as_ref() == Some(gray)) {
            let found = format!("\"{version}\" is the stable version too: nothing is released");
            problems.add(&list.index(index).field("gray"), found, "another version than stable");
        }
    }
    problems.or(())
}

/// Checks what a lane is of: in `mesh`, which says itself how versions are called, or else in a cluster.
///
/// # Errors
/// Every service that would be served by base in the lane.
pub(super) fn of_lane(lane: &Lane, mesh: Option<&LocalMesh>) -> Result<(), Problems> {
    let mut problems = Problems::default();
    let (spec, said) = (Path::Root.field("spec"), &lane.spec.services);
    let list = spec.field("services");
    for (index, member) in said.iter().enumerate() {
        let path = list.index(index);
        if mesh.is_none() && member.version.as_str() == ServiceFacts::BASE {
            let found = format!("\"{}\" is what base is called in a cluster", member.version);
            problems.add(&path.field("version"), found, "another name for the version of the lane");
        }
        let labels = member.pod_labels();
        if member.base.as_ref() == Some(&labels) {
            let found = format!("the pods of base have the labels of the lane's ({labels}), and would serve both");
            problems.add(&path.field("base"), found, "labels that tell them apart");
        }
    }
    problems.or(())
}
