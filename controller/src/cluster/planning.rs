//! What is published for a world: the planner's view of it, and what the planner leaves out.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use graylane_core::config::{HostPattern, Secret};
use graylane_core::name::{ServiceName, VersionName};
use graylane_core::{FilterConfig, Phase};
use k8s_openapi::api::core::v1;
use kube::ResourceExt;

use super::endpoints::Endpoints;
use super::object::{self, publication};
use super::standing::{self, BASE};
use super::version_names::resolve;
use super::{Kept, NoSecret, Placement, World, gone};
use crate::api::{
    GrayRelease, GrayReleaseStatus, Kind, Lane, LaneStatus, NewPods, ObjectRef, SecretRef, SecretSource, Stage,
    WorkloadStatus,
};
use crate::plan::{Configs, Observed, Readiness, Service, ServiceFacts, plan};
use crate::release::Facts;

/// What is to be planned: objects with the status that is or will be stored.
pub(super) struct Statuses<'a> {
    /// Releases by `NAMESPACE/NAME`, with their facts.
    pub(super) releases: BTreeMap<String, (&'a GrayRelease, &'a Facts, GrayReleaseStatus)>,
    /// Standing lanes.
    pub(super) lanes: Vec<(&'a Lane, LaneStatus)>,
    /// Which endpoints are ready.
    pub(super) endpoints: &'a Endpoints<'a>,
}

/// Namespaces whose services are no business of the mesh.
const SYSTEM: [&str; 2] = ["kube-system", "istio-system"];

/// What is to be published, and what was left out, as a whole or in part, with the reason.
#[derive(Debug)]
pub(super) struct Planned {
    pub(super) configs: Option<Configs>,
    pub(super) refused: BTreeMap<ObjectRef, String>,
}

/// Plans for `statuses`, after `previous` was published. What the planner refuses is left out, so that nothing of it
/// stops others.
pub(super) fn of(world: &World, statuses: &Statuses<'_>, previous: Option<&Configs>) -> Planned {
    let mut observed = observe(world, statuses);
    let mut gone = gone::forget(&mut observed);
    let Planned { configs, mut refused } = settle(&mut observed, previous);
    refused.append(&mut gone);
    Planned { configs, refused }
}

/// Plans for what is `observed`, and takes out of it what is refused.
pub(super) fn settle(observed: &mut Observed, previous: Option<&Configs>) -> Planned {
    let mut refused = BTreeMap::new();
    loop {
        match plan(observed, previous) {
            Ok(plan) => return Planned { configs: Some(plan.configs), refused },
            Err(refusals) => {
                let before = refused.len();
                for (object, problems) in refusals.by_object() {
                    refused.entry(object.clone()).or_insert(problems);
                }
                if refused.len() == before {
                    return Planned { configs: None, refused };
                }
                observed.leave_out(&refused);
            }
        }
    }
}

impl Observed {
    fn leave_out(&mut self, refused: &BTreeMap<ObjectRef, String>) {
        self.releases.retain(|release| !refused.contains_key(&ObjectRef::of(Kind::GrayRelease, &release.metadata)));
        self.lanes.retain(|lane| !refused.contains_key(&ObjectRef::of(Kind::Lane, &lane.metadata)));
        let policy = |policy: &crate::api::MeshPolicy| ObjectRef::of(Kind::MeshPolicy, &policy.metadata);
        self.policy = self.policy.take().filter(|known| !refused.contains_key(&policy(known)));
    }
}

/// What the planner is told.
pub(super) fn observe(world: &World, statuses: &Statuses<'_>) -> Observed {
    let mut services: BTreeMap<Service, ServiceFacts> = BTreeMap::new();
    for service in &world.services {
        services.extend(facts_of(service));
    }
    for (release, facts, status) in statuses.releases.values() {
        let namespace = release.namespace().unwrap_or_default();
        for ((named, known), facts) in release.spec.workloads.iter().zip(&status.workloads).zip(&facts.workloads) {
            let service = Service::resolve(&named.service, &namespace).ok();
            if let Some(service) = service.and_then(|service| services.get_mut(&service))
                && known.stable.is_some()
            {
                service.base.clone_from(&known.stable);
                service.versions = versions(known, status.traffic.new_pods, facts.as_ref());
            }
        }
    }
    gateways(world, statuses, &mut services);
    of_lanes(statuses, &mut services);
    Observed {
        releases: statuses.releases.values().filter_map(|(release, _, status)| resolve(release, status)).collect(),
        lanes: statuses.lanes.iter().map(|(lane, status)| standing::resolve(lane, status)).collect(),
        policy: world.policy.as_deref().cloned(),
        secrets: secrets(world),
        services,
        newcomers: Vec::new(),
        left: BTreeMap::new(),
    }
}

/// Adds the versions of standing lanes: nothing is sent to one before its routes are laid, and one that leaves is there no
/// more.
fn of_lanes(statuses: &Statuses<'_>, services: &mut BTreeMap<Service, ServiceFacts>) {
    for known in statuses.lanes.iter().flat_map(|(_, status)| &status.services) {
        // The name is a full one.
        let Ok(service) = Service::resolve(&known.service, "") else { continue };
        let Some(facts) = services.get_mut(&service) else { continue };
        match known.stage {
            Stage::Serving => {
                let ready = statuses.endpoints.ready(&service, &known.labels);
                let readiness = if ready > 0 { Readiness::Ready } else { Readiness::NotReady };
                facts.versions.insert(known.version.clone(), readiness);
            }
            // Another lane may have it already.
            Stage::Preparing | Stage::Routing => {
                facts.versions.entry(known.version.clone()).or_insert(Readiness::NotReady);
            }
            Stage::Leaving | Stage::Unrouting => {}
        }
    }
}

/// Adds what gateways lead to services, by the routes of others that objects name. Of two services that are addressed
/// alike, the first one has it.
fn gateways(world: &World, statuses: &Statuses<'_>, services: &mut BTreeMap<Service, ServiceFacts>) {
    let released = statuses.releases.values().flat_map(|(release, _, _)| {
        let namespace = release.namespace().unwrap_or_default();
        let workloads = release.spec.workloads.iter();
        workloads.filter_map(move |workload| {
            Some((Service::resolve(&workload.service, &namespace).ok()?, &workload.virtual_services))
        })
    });
    let standing = statuses.lanes.iter().flat_map(|(lane, _)| {
        let namespace = lane.namespace().unwrap_or_default();
        let members = lane.spec.services.iter();
        members.filter_map(move |member| {
            Some((Service::resolve(&member.service, &namespace).ok()?, &member.virtual_services))
        })
    });
    let mut taken: BTreeSet<HostPattern> =
        services.values().flat_map(|facts| facts.gateway_hosts.iter().cloned()).collect();
    for (service, named) in released.chain(standing) {
        let Some(facts) = services.get_mut(&service) else { continue };
        let routed = world.virtual_services.iter().filter(|object| {
            object.namespace().as_deref() == Some(service.namespace())
                && named.iter().any(|name| name.as_str() == object.name_any())
        });
        let hosts = routed.flat_map(|object| object::addresses(object, &service));
        for host in hosts.filter_map(|host| host.parse::<HostPattern>().ok()) {
            if taken.insert(host.clone()) {
                facts.gateway_hosts.push(host);
            }
        }
    }
}

/// The secrets that were found.
fn secrets(world: &World) -> BTreeMap<SecretSource, Secret> {
    let found = |(named, found): (&SecretRef, &Result<Secret, NoSecret>)| {
        Some((SecretSource::SecretRef(named.clone()), found.as_ref().ok()?.clone()))
    };
    world.secrets.iter().filter_map(found).collect()
}

/// The versions of a workload. New pods count only when those of all workloads do; what is stable counts as ready: where it
/// is not, nothing better is known.
fn versions(
    known: &WorkloadStatus,
    new_pods: NewPods,
    facts: Option<&crate::release::WorkloadFacts>,
) -> BTreeMap<VersionName, Readiness> {
    let available =
        |version: &VersionName| facts.and_then(|facts| facts.sets.get(version)).is_some_and(|set| set.available > 0);
    let serves = |version: &VersionName| new_pods == NewPods::Announced && available(version);
    let gray = known.gray.iter().map(|gray| (gray, if serves(gray) { Readiness::Ready } else { Readiness::NotReady }));
    let stable = known.stable.iter().map(|stable| (stable, Readiness::Ready));
    gray.chain(stable).map(|(version, readiness)| (version.clone(), readiness)).collect()
}

fn facts_of(service: &v1::Service) -> Option<(Service, ServiceFacts)> {
    let namespace = service.namespace()?;
    if SYSTEM.contains(&namespace.as_str()) {
        return None;
    }
    let name = Service::resolve(&ServiceName::new(service.name_any()).ok()?, &namespace).ok()?;
    let port = service.spec.as_ref()?.ports.as_ref()?.first()?.port;
    let only = VersionName::new(BASE).ok()?;
    let facts = ServiceFacts {
        port: u16::try_from(port).ok()?,
        base: Some(only.clone()),
        gateway_hosts: gateway_hosts(&name),
        versions: BTreeMap::from([(only, Readiness::Ready)]),
    };
    Some((name, facts))
}

fn gateway_hosts(service: &Service) -> Vec<HostPattern> {
    let names = [service.full_name().to_string(), service.host()];
    names.iter().filter_map(|host| host.parse().ok()).collect()
}

/// What is published, read from the objects that say so: of each role, the latest in any place. `None` where a role is
/// missing.
pub(super) fn published(world: &World) -> Option<Configs> {
    let latest = |phase| published_config(publication::all(world), phase);
    Some(Configs {
        gateway: latest(Phase::Gateway)?,
        inbound: latest(Phase::SidecarInbound)?,
        outbound: latest(Phase::SidecarOutbound)?,
    })
}

/// The latest configuration for proxies of `phase` among `objects`.
pub fn published_config<'p>(
    objects: impl IntoIterator<Item = &'p Kept<Placement>>,
    phase: Phase,
) -> Option<FilterConfig> {
    let ours = objects.into_iter().filter(|object| publication::is_ours(object, publication::name(phase)));
    let mut latest_first: Vec<&Kept<Placement>> = ours.collect();
    latest_first.sort_by_key(|object| Reverse(publication::generation(object)));
    latest_first.into_iter().find_map(|object| FilterConfig::from_json(publication::config(object)?.as_bytes()).ok())
}
