//! What the state machine needs to know of a release.

use std::collections::BTreeMap;

use graylane_core::name::VersionName;
use kube::ResourceExt;

use super::endpoints::Endpoints;
use super::seen::Seen;
use super::{HASH_LABEL, Kept, RELEASE_LABEL, Report, Rollout, VERB_ANNOTATION, World};
use crate::api::{DeploymentName, GrayRelease, PodLabels, Workload};
use crate::plan::Service;
use crate::release::{Facts, Filter, Life, Owner, WorkloadFacts};

/// The facts of `release`; what is published, and what the planner says of it, is added by whoever plans.
pub(super) fn of(world: &World, seen: &Seen<'_>, release: &GrayRelease) -> Facts {
    let namespace = release.namespace().unwrap_or_default();
    let named = release.spec.workloads.iter().filter_map(|named| Some((named, named.deployment.as_ref()?)));
    let workloads = named.map(|(named, name)| {
        let deployment = deployment(world, &namespace, name)?;
        let mut facts = workload(seen, release, deployment)?;
        facts.serve(&seen.endpoints, named, &namespace);
        Some(facts)
    });
    Facts {
        workloads: workloads.collect(),
        proxies: seen.proxies.clone(),
        mismatches: mismatches(world, release),
        published: None,
        filter: Filter::InPlace,
        verb: release.annotations().get(VERB_ANNOTATION).cloned(),
        life: if release.metadata.deletion_timestamp.is_some() { Life::Deleted } else { Life::Kept },
        generation: release.metadata.generation.unwrap_or_default(),
        objection: None,
        edit: None,
    }
}

/// How many requests of the versions that are released each proxy has sent to another one, where it has.
fn mismatches(world: &World, release: &GrayRelease) -> BTreeMap<String, u64> {
    let namespace = release.namespace().unwrap_or_default();
    let known = release.status.iter().flat_map(|status| &status.workloads);
    let released: Vec<(Service, &VersionName)> = release
        .spec
        .workloads
        .iter()
        .zip(known)
        .filter_map(|(named, known)| Some((Service::resolve(&named.service, &namespace).ok()?, known.gray.as_ref()?)))
        .collect();
    if released.is_empty() {
        return BTreeMap::new();
    }
    let of = |report: &Report| released.iter().map(|(service, version)| report.mismatches(service, version)).sum();
    let all = world.reports.iter().map(|(proxy, report)| (proxy, of(report)));
    all.filter(|(_, count)| *count > 0).map(|(proxy, count)| (proxy.clone(), count)).collect()
}

impl WorkloadFacts {
    /// New pods count as available when their Service sends to them, too.
    fn serve(&mut self, endpoints: &Endpoints<'_>, named: &Workload, namespace: &str) {
        let Ok(service) = Service::resolve(&named.service, namespace) else { return };
        for (version, set) in self.sets.iter_mut().filter(|(_, set)| set.owner == Owner::Release) {
            let ready = endpoints.ready(&service, &PodLabels::one(HASH_LABEL, version));
            set.available = set.available.min(ready);
        }
    }
}

/// The Deployment of this name.
pub(super) fn deployment<'w>(world: &'w World, namespace: &str, name: &DeploymentName) -> Option<&'w Kept<Rollout>> {
    let found = world.deployments.get(namespace, name.as_str());
    found.filter(|deployment| deployment.metadata.deletion_timestamp.is_none())
}

fn workload(seen: &Seen<'_>, release: &GrayRelease, deployment: &Kept<Rollout>) -> Option<WorkloadFacts> {
    let spec = &deployment.spec;
    Some(WorkloadFacts {
        replicas: u32::try_from(spec.replicas.unwrap_or(1)).unwrap_or_default(),
        paused: spec.paused == Some(true),
        labelled: deployment.labels().get(RELEASE_LABEL) == Some(&release.name_any()),
        template: deployment.template.clone()?,
        sets: seen.sets.for_deployment(release, deployment).filter_map(|(owner, set)| set.pod_set(owner)).collect(),
    })
}
