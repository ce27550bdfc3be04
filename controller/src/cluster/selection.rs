//! Which Deployments serve a Service, and which labels tell their pods apart.

use std::collections::BTreeMap;

use k8s_openapi::api::core::v1;
use kube::ResourceExt;

use super::{Kept, Rollout, World};
use crate::api::{Lane, PodLabels, Reason};
use crate::plan::Service;
use crate::release::Objection;

/// The Service of this name.
pub(super) fn find<'w>(world: &'w World, service: &Service) -> Option<&'w v1::Service> {
    world.services.get(service.namespace(), service.name())
}

/// Whether `service` sends to pods with `labels`.
pub(super) fn selects(service: &v1::Service, labels: &BTreeMap<String, String>) -> bool {
    let selector = service.spec.as_ref().and_then(|spec| spec.selector.as_ref());
    selector.is_some_and(|selector| {
        !selector.is_empty() && selector.iter().all(|(name, value)| labels.get(name) == Some(value))
    })
}

/// The labels that a Deployment gives its pods.
pub(super) fn template_labels(deployment: &Kept<Rollout>) -> Option<&BTreeMap<String, String>> {
    deployment.spec.template.metadata.as_ref()?.labels.as_ref()
}

/// The Deployments whose pods `service` sends to, but for those of standing lanes.
pub(super) fn serving<'w>(
    world: &'w World,
    service: &'w Service,
    object: &'w v1::Service,
) -> impl Iterator<Item = &'w Kept<Rollout>> {
    let here = world.deployments.within(service.namespace());
    let here = here.filter(|deployment| deployment.metadata.deletion_timestamp.is_none());
    here.filter(move |deployment| {
        template_labels(deployment)
            .is_some_and(|labels| selects(object, labels) && !lanes(world, service).any(|lane| lane.select(labels)))
    })
}

/// The labels of every version of `service` that a standing lane names.
fn lanes<'w>(world: &'w World, service: &'w Service) -> impl Iterator<Item = PodLabels> + 'w {
    world.lanes.iter().flat_map(|lane| of_lane(lane, service))
}

fn of_lane<'w>(lane: &'w Lane, service: &'w Service) -> impl Iterator<Item = PodLabels> + 'w {
    let namespace = lane.namespace().unwrap_or_default();
    let members = lane.spec.services.iter();
    members
        .filter(move |member| Service::resolve(&member.service, &namespace).as_ref() == Ok(service))
        .map(crate::api::LaneMember::pod_labels)
}

/// The labels by which a Deployment selects its pods, which it keeps for life.
pub(super) fn selector(deployment: &Kept<Rollout>) -> Option<PodLabels> {
    let selector = &deployment.spec.selector;
    let plain = selector.match_expressions.as_ref().is_none_or(Vec::is_empty);
    let labels = selector.match_labels.clone().filter(|_| plain)?;
    labels.try_into().ok()
}

/// The labels of the pods that serve everyone who is in no lane, where no lane says which.
///
/// # Errors
/// When no Deployment, or more than one, serves the service besides those of lanes, or its selector is more than labels.
pub(super) fn base(world: &World, service: &Service, object: &v1::Service) -> Result<PodLabels, Objection> {
    let serving: Vec<&Kept<Rollout>> = serving(world, service, object).collect();
    let unknown = |found: &str| Objection {
        reason: Reason::BaseUnknown,
        message: format!("{found}; say which pods serve base of {service}, by labels that they alone have, in base"),
    };
    match serving.as_slice() {
        [only] => selector(only).ok_or_else(|| {
            unknown(&format!("Deployment \"{}\" selects its pods by more than labels", only.name_any()))
        }),
        [] => Err(unknown(&format!("no Deployment serves {service} besides those of lanes"))),
        several => {
            let names: Vec<_> = several.iter().map(|deployment| deployment.name_any()).collect();
            Err(unknown(&format!("several Deployments serve {service}: {}", names.join(", "))))
        }
    }
}
