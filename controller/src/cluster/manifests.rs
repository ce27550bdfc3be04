//! The objects that carry a plan through Istio, for people who apply manifests themselves.
//!
//! The functions that make those of the controller make them, for a cluster in which there is nothing yet. What only a
//! controller can do is refused: nobody would look after it.

use std::sync::Arc;

use graylane_core::config::HeaderNames;
use graylane_core::name::VersionName;
use kube::api::DynamicObject;

use super::object::{self, envoy_filter, publication};
use super::scope::Places;
use super::supply::{Supplied, Supply};
use super::way::{Way, Ways};
use super::{Change, ModuleSource, World, Write, named_secrets};
use crate::api::{Delivery, GrayRelease, Kind, Lane, LaneMember, MeshPolicy, ObjectRef, PodLabels};
use crate::plan::{Observed, Plan, Refusals, Service, ServiceFacts, ServiceRoutes};

/// The objects of Istio for `plan`, which is that of `observed`, in the order in which they are to be applied: subsets, then
/// routes, then the filters in the namespaces of all services and at Istio's own gateway, which get the module by `module`.
///
/// Versions are told apart by the labels that lanes say, and all others by the label `version`.
///
/// # Errors
/// Everything that the objects ask for and only a controller can do.
pub fn manifests(observed: &Observed, plan: &Plan, module: &ModuleSource) -> Result<Vec<DynamicObject>, Refusals> {
    let mut refusals = Refusals::default();
    for release in &observed.releases {
        refuse_deployments(release, &mut refusals);
    }
    for lane in &observed.lanes {
        refuse_routes_of_others(lane, &mut refusals);
    }
    if let Some(policy) = &observed.policy {
        refuse_secrets(policy, &mut refusals);
        refuse_delivery(policy, module, &mut refusals);
    }
    let ways = ways(observed, plan, &mut refusals);
    let world = World { policy: observed.policy.clone().map(Arc::new), ..World::default() };
    refusals.or_else(|| objects(&world, &ways, plan, module))
}

fn objects(world: &World, ways: &Ways, plan: &Plan, module: &ModuleSource) -> Vec<DynamicObject> {
    let header = world.policy.as_ref().map_or_else(HeaderNames::default, |policy| policy.spec.headers.clone()).version;
    let supply = Supply::wanted(world, module);
    let supplied = Supplied { supply, since: plan.configs.generation() };
    let places = Places::sidecars_in(plan.routes.iter().map(|routes| routes.service.namespace().to_owned()));
    let subsets = ways.iter().filter_map(|(service, way)| object::subsets(world, service, way));
    let routes = ways.iter().filter_map(|(service, way)| object::routes(world, service, &header, way));
    let filters = publication::publication_at(&places, world, &supplied, &plan.configs);
    let changes = subsets.chain(routes).chain(filters);
    let applied = |change: Change| match change.write {
        Write::Apply(mut object) => {
            // They go with nothing: whoever applies them takes them away, and exchanges the module.
            object.metadata.owner_references = None;
            object.metadata.annotations = None;
            Some(DynamicObject::from(*object))
        }
        Write::Merge(_) | Write::Delete { .. } => None,
    };
    changes.filter_map(applied).collect()
}

/// The ways to all services that have more than one version.
fn ways(observed: &Observed, plan: &Plan, refusals: &mut Refusals) -> Ways {
    let mut ways = Ways::new();
    for ServiceRoutes { service, base, versions, .. } in plan.routes.iter().filter(|routes| routes.versions.len() > 1) {
        let mut way = Way { base: Some(base.clone()), ..Way::default() };
        for version in versions {
            let labels = labels(observed, service, version, refusals);
            way.subsets.extend(labels.map(|labels| (version.clone(), labels)));
            way.versions.extend(Some(version).filter(|version| *version != base).cloned());
        }
        ways.insert(service.clone(), way);
    }
    ways
}

/// The labels of the pods of a version; a base that nothing but lanes speak of has those that one of them says.
fn labels(observed: &Observed, service: &Service, version: &VersionName, refusals: &mut Refusals) -> Option<PodLabels> {
    let members = || members(observed, service);
    if let Some((.., member)) = members().find(|(.., member)| member.version == *version) {
        return Some(member.pod_labels());
    }
    let is_released = || observed.releases.iter().any(|release| names(release, service, version));
    let Some((lane, index, _)) = members().next().filter(|_| version.as_str() == ServiceFacts::BASE && !is_released())
    else {
        return Some(PodLabels::of_version(version));
    };
    let said = members().find_map(|(.., member)| member.base.clone());
    if said.is_none() {
        let lane = ObjectRef::of(Kind::Lane, &lane.metadata);
        let found = format!("is missing: only a cluster knows which pods serve base of {service}");
        refusals.add(&lane, format!("spec.services[{index}].base"), found, "labels that they alone have");
    }
    said
}

/// What lanes say of a service, each with its lane and its index there.
fn members<'o>(
    observed: &'o Observed,
    service: &'o Service,
) -> impl Iterator<Item = (&'o Lane, usize, &'o LaneMember)> + 'o {
    let all = observed.lanes.iter().flat_map(|lane| {
        let members = lane.spec.services.iter().enumerate();
        members.map(move |(index, member)| (lane, index, member))
    });
    all.filter(move |(lane, _, member)| {
        let namespace = ObjectRef::of(Kind::Lane, &lane.metadata).namespace.unwrap_or_default();
        Service::resolve(&member.service, &namespace).as_ref() == Ok(service)
    })
}

/// Whether `release` names this version of the service.
fn names(release: &GrayRelease, service: &Service, version: &VersionName) -> bool {
    let namespace = ObjectRef::of(Kind::GrayRelease, &release.metadata).namespace.unwrap_or_default();
    let is_it = |written| Service::resolve(written, &namespace).as_ref() == Ok(service);
    let workloads = release.spec.workloads.iter().filter(|workload| is_it(&workload.service));
    let mut workloads = workloads.flat_map(|workload| workload.stable.iter().chain(&workload.gray));
    let splits = release.spec.service_splits.iter().filter(|split| is_it(&split.service));
    let mut splits = splits.flat_map(|split| &split.weights).map(|weight| &weight.version);
    workloads.any(|named| named == version) || splits.any(|named| named == version)
}

fn refuse_deployments(release: &GrayRelease, refusals: &mut Refusals) {
    let object = ObjectRef::of(Kind::GrayRelease, &release.metadata);
    for (index, workload) in release.spec.workloads.iter().enumerate() {
        if workload.deployment.is_some() {
            let found = "only a controller releases a Deployment: what its versions are called is known in a cluster";
            let allowed = "stable and gray in its place: versions whose pods have the label version";
            refusals.add(&object, format!("spec.workloads[{index}].deployment"), found, allowed);
        }
        if !workload.virtual_services.is_empty() {
            refuse_virtual_services(&object, &format!("spec.workloads[{index}]"), refusals);
        }
    }
}

fn refuse_routes_of_others(lane: &Lane, refusals: &mut Refusals) {
    let object = ObjectRef::of(Kind::Lane, &lane.metadata);
    let members = lane.spec.services.iter().enumerate();
    for (index, _) in members.filter(|(_, member)| !member.virtual_services.is_empty()) {
        refuse_virtual_services(&object, &format!("spec.services[{index}]"), refusals);
    }
}

fn refuse_virtual_services(object: &ObjectRef, path: &str, refusals: &mut Refusals) {
    let found = "only a controller keeps routes in front of those of others";
    let allowed = "no such member; take the printed routes over into your own object";
    refusals.add(object, format!("{path}.virtualServices"), found, allowed);
}

fn refuse_secrets(policy: &MeshPolicy, refusals: &mut Refusals) {
    let object = ObjectRef::of(Kind::MeshPolicy, &policy.metadata);
    for (index, _) in named_secrets(&policy.spec) {
        let path = format!("spec.overrides.keys[{index}].from.secretRef");
        refusals.add(&object, path, "only a controller reads Secrets", "file");
    }
}

fn refuse_delivery(policy: &MeshPolicy, module: &ModuleSource, refusals: &mut Refusals) {
    if policy.spec.delivery == Delivery::EnvoyFilter && envoy_filter::code(module).is_none() {
        let object = ObjectRef::of(Kind::MeshPolicy, &policy.metadata);
        let found = format!("EnvoyFilter can not deliver {:?}", module.url);
        refusals.add(&object, "spec.delivery", found, "a module at file://, in a file that every proxy has");
    }
}
