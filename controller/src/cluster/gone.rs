//! What objects in force name and what is there no more: a Service, or a lane to fall back to.
//!
//! Nobody can be sent there, so it is left out, and the object is told so; all else that it says stays in force.

use std::collections::{BTreeMap, BTreeSet};

use graylane_core::name::{LaneName, ServiceName};
use kube::core::ObjectMeta;

use super::in_force::Judged;
use crate::api::{GrayRelease, ObjectRef};
use crate::plan::{Observed, Service};

/// Leaves out of `observed` what is gone; says of each object what that is.
pub(super) fn forget(observed: &mut Observed) -> BTreeMap<ObjectRef, String> {
    let mut gone = BTreeMap::new();
    let lanes: BTreeSet<LaneName> = lanes(observed).collect();
    let Observed { releases, lanes: standing, services, .. } = observed;
    let is_there = |metadata: &ObjectMeta, service: &ServiceName| {
        let namespace = metadata.namespace.as_deref().unwrap_or_default();
        // What is wrong otherwise is the planner's to say.
        Service::resolve(service, namespace).map_or(true, |service| services.contains_key(&service))
    };
    for release in releases {
        let (address, metadata) = (release.address(), &release.metadata);
        release.spec.workloads.retain(|workload| is_there(metadata, &workload.service));
        gone.extend(fallback(&mut release.spec.fallback, &lanes).map(|message| (address, message)));
    }
    for lane in standing {
        let (address, metadata) = (lane.address(), &lane.metadata);
        lane.spec.services.retain(|member| is_there(metadata, &member.service));
        gone.extend(fallback(&mut lane.spec.fallback, &lanes).map(|message| (address, message)));
    }
    gone
}

/// The lanes that objects form.
fn lanes(observed: &Observed) -> impl Iterator<Item = LaneName> {
    let standing = observed.lanes.iter().filter_map(|lane| LaneName::new(lane.metadata.name.clone()?).ok());
    observed.releases.iter().filter_map(GrayRelease::lane).chain(standing)
}

/// Leaves lanes out of a fallback that are not there; says which one was the first.
fn fallback(fallback: &mut Vec<LaneName>, lanes: &BTreeSet<LaneName>) -> Option<String> {
    let is_there = |lane: &LaneName| lane.is_base() || lanes.contains(lane);
    let index = fallback.iter().position(|lane| !is_there(lane))?;
    let lane = fallback.get(index).map(ToString::to_string).unwrap_or_default();
    fallback.retain(is_there);
    Some(format!(
        "spec.fallback[{index}]: there is no lane {lane:?} any more: requests skip it; take it out, or name another one"
    ))
}
