//! What objects in force name and what is there no more: a Service, a version in a split, or a lane to fall back to.
//!
//! Nobody can be sent there, so it is left out, and the object is told so; all else that it says stays in force.

use std::collections::{BTreeMap, BTreeSet};

use graylane_core::name::{LaneName, ServiceName};
use kube::core::ObjectMeta;

use super::in_force::Judged;
use crate::api::{GrayRelease, ObjectRef, ServiceSplit};
use crate::plan::{Observed, Readiness, Service, ServiceFacts, in_one_line};

type Services = BTreeMap<Service, ServiceFacts>;

/// Leaves out of `observed` what is gone; says of each object what that is.
pub(super) fn forget(observed: &mut Observed) -> BTreeMap<ObjectRef, String> {
    let mut gone = BTreeMap::new();
    let lanes: BTreeSet<LaneName> = lanes(observed).collect();
    let Observed { releases, lanes: standing, services, .. } = observed;
    for release in releases {
        let (address, metadata) = (release.address(), &release.metadata);
        release.spec.workloads.retain(|workload| is_there(services, metadata, &workload.service));
        let mut problems = fallback(&mut release.spec.fallback, &lanes);
        problems.extend(splits(&mut release.spec.service_splits, metadata, services));
        gone.extend(in_one_line(&problems).map(|problems| (address, problems)));
    }
    for lane in standing {
        let (address, metadata) = (lane.address(), &lane.metadata);
        lane.spec.services.retain(|member| is_there(services, metadata, &member.service));
        let problems = fallback(&mut lane.spec.fallback, &lanes);
        gone.extend(in_one_line(&problems).map(|problems| (address, problems)));
    }
    gone
}

/// The lanes that objects form.
fn lanes(observed: &Observed) -> impl Iterator<Item = LaneName> {
    let standing = observed.lanes.iter().filter_map(|lane| LaneName::new(lane.metadata.name.clone()?).ok());
    observed.releases.iter().filter_map(GrayRelease::lane).chain(standing)
}

/// The service that the object with `metadata` means; `None`: what is wrong with its name is the planner's to say.
fn named(metadata: &ObjectMeta, service: &ServiceName) -> Option<Service> {
    Service::resolve(service, metadata.namespace.as_deref().unwrap_or_default()).ok()
}

fn is_there(services: &Services, metadata: &ObjectMeta, service: &ServiceName) -> bool {
    named(metadata, service).is_none_or(|service| services.contains_key(&service))
}

/// Leaves out splits of services that are not there, and gives no requests to versions that are not; says which these are.
fn splits(splits: &mut Vec<ServiceSplit>, metadata: &ObjectMeta, services: &mut Services) -> Vec<String> {
    let mut gone = Vec::new();
    for (index, split) in splits.iter().enumerate() {
        let Some(service) = named(metadata, &split.service) else { continue };
        let path = format!("spec.serviceSplits[{index}]");
        match services.get_mut(&service) {
            Some(facts) => gone.extend(versions(split, &path, &service, facts)),
            None => gone.push(format!(
                "{path}.service: there is no Service {service} any more: nobody is shared out there; take the split out, or name another one"
            )),
        }
    }
    splits.retain(|split| is_there(services, metadata, &split.service));
    gone
}

/// Notes versions of a split that are not there as ones that are not ready: base gets their shares, nobody else is moved,
/// and when they come back, so do their users. Says which these are.
fn versions(split: &ServiceSplit, path: &str, service: &Service, facts: &mut ServiceFacts) -> Vec<String> {
    let mut gone = Vec::new();
    for (index, weight) in split.weights.iter().enumerate() {
        if facts.versions.contains_key(&weight.version) {
            continue;
        }
        facts.versions.insert(weight.version.clone(), Readiness::NotReady);
        let version = weight.version.as_str();
        // While somebody releases the service, base has another name, and its share all the same.
        if version != ServiceFacts::BASE {
            gone.push(format!(
                "{path}.weights[{index}].version: {service} has no version {version:?} any more: base gets its share; give the share to another version"
            ));
        }
    }
    gone
}

/// Leaves lanes out of a fallback that are not there; says which these are.
fn fallback(fallback: &mut Vec<LaneName>, lanes: &BTreeSet<LaneName>) -> Vec<String> {
    let is_there = |lane: &LaneName| lane.is_base() || lanes.contains(lane);
    let gone = fallback.iter().enumerate().filter(|(_, lane)| !is_there(lane)).map(|(index, lane)| {
        let lane = lane.as_str();
        format!(
            "spec.fallback[{index}]: there is no lane {lane:?} any more: requests skip it; take it out, or name another one"
        )
    });
    let gone = gone.collect();
    fallback.retain(is_there);
    gone
}
