//! What stands in the way of a release outside of what the planner sees.

use kube::ResourceExt;

use super::{World, facts, object, selection};
use crate::api::{GrayRelease, Reason, Workload};
use crate::plan::Service;
use crate::release::Objection;

/// The first thing that stands in the way of `release`.
pub(super) fn to_release(world: &World, release: &GrayRelease) -> Option<Objection> {
    // Who comes second is told that before anything else, and has no say in anything.
    first_of(release, |workload| {
        let other = rival(world, release, workload)?;
        let found = format!("{other} releases it already: take it out of one of them, or release all in one object");
        Some((Reason::Conflict, "deployment", found))
    })
    .or_else(|| first_of(release, |workload| to_workload(world, release, workload)))
}

fn first_of(
    release: &GrayRelease,
    wrong: impl Fn(&Workload) -> Option<(Reason, &'static str, String)>,
) -> Option<Objection> {
    release.spec.workloads.iter().enumerate().find_map(|(index, workload)| {
        let (reason, field, found) = wrong(workload)?;
        Some(Objection { reason, message: format!("spec.workloads[{index}].{field}: {found}") })
    })
}

fn to_workload(world: &World, release: &GrayRelease, workload: &Workload) -> Option<(Reason, &'static str, String)> {
    let namespace = release.namespace().unwrap_or_default();
    let service = match Service::resolve(&workload.service, &namespace) {
        Ok(service) => service,
        Err(error) => return Some((Reason::ServiceNotFound, "service", error.to_string())),
    };
    if service.namespace() != namespace {
        let found =
            format!("{service} is in another namespace than its Deployment: release it by an object over there");
        return Some((Reason::ForeignNamespace, "service", found));
    }
    let Some(found) = selection::find(world, &service) else {
        let found =
            format!("there is no Service \"{}\" in this namespace: create it, or mend the name", service.name());
        return Some((Reason::ServiceNotFound, "service", found));
    };
    if let Some(Objection { reason, message }) = object::named_is_wrong(world, &service, &workload.virtual_services) {
        return Some((reason, "service", message));
    }
    let deployment = facts::deployment(world, &namespace, workload.deployment.as_ref()?)?;
    let scalers: Vec<String> = object::autoscalers(world, deployment).map(ResourceExt::name_any).collect();
    if scalers.len() > 1 {
        let found = format!(
            "Deployment \"{}\" is scaled by several autoscalers, which fight: {}: keep one",
            deployment.name_any(),
            scalers.join(", ")
        );
        return Some((Reason::AutoscalerConflict, "deployment", found));
    }
    let labels = selection::template_labels(deployment)?;
    if !selection::selects(found, labels) {
        let found = format!(
            "Service \"{}\" selects no pod of Deployment \"{}\": mend its selector, or name another service",
            service.name(),
            deployment.name_any()
        );
        return Some((Reason::SelectorMismatch, "service", found));
    }
    let mut others = selection::serving(world, &service, found);
    let other = others.find(|other| other.name_any() != deployment.name_any())?;
    let found = format!(
        "Service \"{}\" selects the pods of Deployment \"{}\" too, which would get no requests while this one is released: narrow the selector, or name those pods in a Lane",
        service.name(),
        other.name_any()
    );
    Some((Reason::SelectorOverlap, "service", found))
}

/// Whether an earlier release names one of the Deployments or services of `release`.
pub(super) fn is_second(world: &World, release: &GrayRelease) -> bool {
    release.spec.workloads.iter().any(|workload| rival(world, release, workload).is_some())
}

/// An earlier release that names the same Deployment or the same service.
fn rival(world: &World, release: &GrayRelease, workload: &Workload) -> Option<String> {
    let age = |release: &GrayRelease| (release.metadata.creation_timestamp.clone(), release.name_any());
    let here = world.releases.iter().filter(|other| other.namespace() == release.namespace());
    let mut earlier = here.filter(|other| age(other) < age(release));
    let namespace = release.namespace().unwrap_or_default();
    let service = |workload: &Workload| Service::resolve(&workload.service, &namespace).ok();
    let same = |other: &Workload| other.deployment == workload.deployment || service(other) == service(workload);
    earlier
        .find(|other| other.spec.workloads.iter().any(same))
        .map(|other| format!("GrayRelease \"{}\"", other.name_any()))
}
