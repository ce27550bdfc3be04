//! Which endpoints of a service are ready, as its `EndpointSlice`s say.

use std::collections::{BTreeMap, BTreeSet};

use k8s_openapi::api::discovery::v1::{Endpoint, EndpointSlice};
use kube::ResourceExt;

use super::World;
use crate::api::PodLabels;
use crate::plan::Service;

/// Kubernetes' label of a slice: the service that it belongs to.
const SERVICE_LABEL: &str = "kubernetes.io/service-name";

/// The pods behind services, by service.
#[derive(Debug)]
pub(super) struct Endpoints<'w> {
    ready: BTreeMap<(String, String), Vec<&'w BTreeMap<String, String>>>,
}

impl<'w> Endpoints<'w> {
    /// The labels of every pod that is a ready endpoint, once for each service, however many addresses it has.
    pub(super) fn of(world: &'w World) -> Self {
        let mut names: BTreeMap<(String, String), BTreeSet<&str>> = BTreeMap::new();
        for slice in &world.endpoint_slices {
            if let Some(service) = service(slice) {
                let endpoints = slice.endpoints.iter().flatten().filter(|endpoint| is_ready(endpoint));
                names.entry(service).or_default().extend(endpoints.filter_map(pod));
            }
        }
        let pods: BTreeMap<(String, String), &BTreeMap<String, String>> = world
            .pods
            .iter()
            .map(|pod| ((pod.namespace().unwrap_or_default(), pod.name_any()), pod.labels()))
            .collect();
        let labelled = |((namespace, service), names): ((String, String), BTreeSet<&str>)| {
            let labels = names.into_iter().filter_map(|name| pods.get(&(namespace.clone(), name.to_owned())).copied());
            let labels = labels.collect();
            ((namespace, service), labels)
        };
        Self { ready: names.into_iter().map(labelled).collect() }
    }

    /// How many pods with `labels` are ready endpoints of `service`.
    pub(super) fn ready(&self, service: &Service, labels: &PodLabels) -> u32 {
        let of_it = self.ready.get(&(service.namespace().to_owned(), service.name().to_owned()));
        let selected = of_it.into_iter().flatten().filter(|pod| labels.select(pod));
        u32::try_from(selected.count()).unwrap_or(u32::MAX)
    }
}

fn service(slice: &EndpointSlice) -> Option<(String, String)> {
    Some((slice.namespace()?, slice.labels().get(SERVICE_LABEL)?.clone()))
}

/// An endpoint that says nothing of itself is to be taken for ready.
fn is_ready(endpoint: &Endpoint) -> bool {
    endpoint.conditions.as_ref().is_none_or(|conditions| conditions.ready != Some(false))
}

fn pod(endpoint: &Endpoint) -> Option<&str> {
    endpoint.target_ref.as_ref()?.name.as_deref()
}
