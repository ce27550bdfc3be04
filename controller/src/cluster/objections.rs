//! What stands in the way of a release outside of what the planner sees.

use std::collections::HashMap;

use k8s_openapi::api::apps::v1::Deployment;
use k8s_openapi::api::autoscaling::v2::HorizontalPodAutoscaler;
use kube::{Resource, ResourceExt};

use super::in_force::rank;
use super::{Kept, Rollout, World, facts, object, selection};
use crate::api::{DeploymentName, GrayRelease, Reason, Workload};
use crate::plan::Service;
use crate::release::Objection;

/// What stands in the way of a release that was one of Deployments before, and is not any more.
pub(super) fn to_kind(release: &GrayRelease) -> Option<Objection> {
    first_of(release, |workload| {
        let found =
            "is missing: versions by name are for local meshes, and in a cluster nobody would look after this one";
        workload.deployment.is_none().then(|| (Reason::Refused, "deployment", found.to_owned()))
    })
}

/// The first Deployment of `release` that is not there.
pub(super) fn to_deployments(world: &World, release: &GrayRelease) -> Option<Objection> {
    let namespace = release.namespace().unwrap_or_default();
    first_of(release, |workload| {
        let named = workload.deployment.as_ref()?;
        let found = || format!("there is no Deployment \"{named}\" in this namespace");
        let is_there = facts::deployment(world, &namespace, named).is_some();
        (!is_there).then(|| (Reason::DeploymentNotFound, "deployment", found()))
    })
}

/// The first thing that stands in the way of `release`.
pub(super) fn to_release(world: &World, precedence: &Precedence<'_>, release: &GrayRelease) -> Option<Objection> {
    // Who comes second is told that before anything else, and has no say in anything.
    to_second(precedence, release).or_else(|| first_of(release, |workload| to_workload(world, release, workload)))
}

/// A release that comes first stands in the way of `release`.
pub(super) fn to_second(precedence: &Precedence<'_>, release: &GrayRelease) -> Option<Objection> {
    first_of(release, |workload| {
        let other = precedence.rival(release, workload)?.name_any();
        let found = format!(
            "GrayRelease \"{other}\" releases it already: take it out of one of them, or release all in one object"
        );
        Some((Reason::Conflict, "deployment", found))
    })
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
    let scalers: Vec<String> = autoscalers(world, deployment).map(ResourceExt::name_any).collect();
    if scalers.len() > 1 {
        let found = format!(
            "Deployment \"{}\" is scaled by several autoscalers, of which Kubernetes then follows none: {}: keep one",
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

/// The autoscalers of `deployment`.
fn autoscalers<'w>(world: &'w World, deployment: &Kept<Rollout>) -> impl Iterator<Item = &'w HorizontalPodAutoscaler> {
    let (namespace, name) = (deployment.metadata.namespace.as_ref(), deployment.name_any());
    world.autoscalers.iter().map(AsRef::as_ref).filter(move |scaler: &&HorizontalPodAutoscaler| {
        let target = &scaler.spec.scale_target_ref;
        target.name == name && target.kind == Deployment::kind(&()) && scaler.metadata.namespace.as_ref() == namespace
    })
}

/// Which release comes first where several name the same Deployment or service: one that is in force, else the oldest.
#[derive(Debug, Default)]
pub(super) struct Precedence<'w> {
    /// By namespace and Deployment.
    deployments: HashMap<(&'w str, &'w DeploymentName), &'w GrayRelease>,
    services: HashMap<Service, &'w GrayRelease>,
}

impl<'w> Precedence<'w> {
    pub(super) fn of(releases: impl Iterator<Item = &'w GrayRelease>) -> Self {
        let mut in_order: Vec<&GrayRelease> = releases.collect();
        in_order.sort_by_key(|release| rank(*release));
        let mut precedence = Self::default();
        for release in in_order {
            precedence.add(release);
        }
        precedence
    }

    /// Adds a release that comes after all others.
    pub(super) fn add(&mut self, release: &'w GrayRelease) {
        let namespace = release.metadata.namespace.as_deref().unwrap_or_default();
        for workload in &release.spec.workloads {
            if let Some(deployment) = &workload.deployment {
                self.deployments.entry((namespace, deployment)).or_insert(release);
            }
            if let Some(service) = own_service(namespace, workload) {
                self.services.entry(service).or_insert(release);
            }
        }
    }

    /// A release that comes first and names the same Deployment or the same service.
    fn rival(&self, release: &GrayRelease, workload: &Workload) -> Option<&'w GrayRelease> {
        let namespace = release.metadata.namespace.as_deref().unwrap_or_default();
        let of_deployment = workload.deployment.as_ref().and_then(|named| self.deployments.get(&(namespace, named)));
        let of_service = own_service(namespace, workload).and_then(|service| self.services.get(&service));
        of_deployment.into_iter().chain(of_service).copied().find(|first| first.metadata.name != release.metadata.name)
    }

    /// Whether a release that comes first names one of the Deployments or services of `release`.
    pub(super) fn is_second(&self, release: &GrayRelease) -> bool {
        release.spec.workloads.iter().any(|workload| self.rival(release, workload).is_some())
    }
}

/// The service of a workload, if it is in the namespace of its release.
fn own_service(namespace: &str, workload: &Workload) -> Option<Service> {
    Service::resolve(&workload.service, namespace).ok().filter(|service| service.namespace() == namespace)
}
