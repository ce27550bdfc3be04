//! Which proxies run the filter.

use std::collections::{BTreeMap, BTreeSet};

use k8s_openapi::api::core::v1::{Container, Pod};
use kube::ResourceExt;
use serde::{Deserialize, Serialize};

use super::{Kept, PodProxy, Settings, World};

/// The container that is a proxy of Istio.
pub const SIDECAR: &str = "istio-proxy";

/// Istio's label of gateways, by which its `Gateway` resources select them.
const GATEWAY_LABEL: &str = "istio";

/// Istio's own gateway: the filter is placed there before it starts.
const STANDARD_GATEWAY: [&str; 2] = ["istio-system", "ingressgateway"];

/// Where proxies get the module from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ModuleSource {
    /// `https://`, `http://`, `oci://` or `file://`.
    pub url: String,
    /// The SHA-256 of the module, in hexadecimal digits.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sha256: Option<String>,
}

/// Where in the mesh a proxy stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Role {
    /// Beside an app.
    Sidecar,
    /// At the edge.
    Gateway,
}

/// The proxy that a pod has, if it has one.
#[must_use]
pub fn role(pod: &Pod) -> Option<Role> {
    let spec = pod.spec.as_ref()?;
    let all = spec.containers.iter().chain(spec.init_containers.iter().flatten());
    let proxy = all.into_iter().find(|container| container.name == SIDECAR)?;
    // `pilot-agent proxy router`, as opposed to `proxy sidecar`.
    let says = |container: &Container| container.args.iter().flatten().any(|argument| argument == "router");
    Some(if says(proxy) { Role::Gateway } else { Role::Sidecar })
}

/// Whether the pod's proxy handles requests: it has an address, has started, and is not being stopped.
#[must_use]
pub fn is_live(pod: &Pod) -> bool {
    let status = pod.status.as_ref();
    let all = status
        .into_iter()
        .flat_map(|status| status.container_statuses.iter().chain(&status.init_container_statuses).flatten());
    let started = all.into_iter().any(|container| container.name == SIDECAR && container.ready);
    let addressed = status.is_some_and(|status| status.pod_ip.is_some());
    started && addressed && pod.metadata.deletion_timestamp.is_none()
}

/// How a pod is called in a status.
pub(super) fn pod_name(pod: &Kept<PodProxy>) -> String {
    format!("{}/{}", pod.namespace().unwrap_or_default(), pod.name_any())
}

/// The proxies in scope, and what each reported last.
pub(super) fn proxies(world: &World) -> BTreeMap<String, Option<u64>> {
    let live = world.pods.iter().filter(|pod| pod.role.is_some() && pod.is_live);
    live.map(|pod| pod_name(pod))
        .map(|name| (name.clone(), world.reports.get(&name).and_then(|report| report.generation)))
        .collect()
}

/// Where filters are placed.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Places {
    /// Namespaces with sidecars.
    pub(super) sidecars: BTreeSet<String>,
    /// Gateways, by namespace and by the value of Istio's label of them.
    pub(super) gateways: BTreeSet<(String, String)>,
}

impl Places {
    pub(super) const GATEWAY_LABEL: &str = GATEWAY_LABEL;

    /// Sidecars in these namespaces, and Istio's own gateway.
    pub(super) fn sidecars_in(namespaces: impl IntoIterator<Item = String>) -> Self {
        let standard = STANDARD_GATEWAY.map(str::to_owned).into();
        Self { sidecars: namespaces.into_iter().collect(), gateways: BTreeSet::from([standard]) }
    }

    /// Everywhere where there is a proxy, whether it has started or not; Istio's own gateway; and the controller's own
    /// namespace, so that what is published is always to be read somewhere.
    pub(super) fn of(world: &World, settings: &Settings) -> Self {
        let mut places = Self::sidecars_in([settings.namespace.clone()]);
        for pod in &world.pods {
            let namespace = pod.namespace().unwrap_or_default();
            match pod.role {
                Some(Role::Sidecar) => {
                    places.sidecars.insert(namespace);
                }
                Some(Role::Gateway) => {
                    let label = pod.labels().get(GATEWAY_LABEL).cloned();
                    places.gateways.extend(label.map(|label| (namespace, label)));
                }
                None => {}
            }
        }
        places
    }
}
