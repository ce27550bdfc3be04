//! What the controller learns from the world: watched objects, and what proxies report.
//!
//! One cache of each kind, shared by everybody. A kind whose definition is not installed is retried with growing pauses,
//! and keeps the rest waiting, because half a world would look like a world in which things were deleted.

mod cache;
mod known;
mod proxies;
mod secrets;

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use k8s_openapi::api::apps::v1::{Deployment, ReplicaSet};
use k8s_openapi::api::autoscaling::v2::HorizontalPodAutoscaler;
use k8s_openapi::api::core::v1::{Pod, Service};
use k8s_openapi::api::discovery::v1::EndpointSlice;
use kube::api::DynamicObject;
use kube::runtime::reflector::{ObjectRef, Store};
use kube::{Client, ResourceExt};
use tokio::sync::Notify;
use tokio::time::{Instant, sleep};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::api::{GrayRelease, Lane, MeshPolicy, SecretRef};
use crate::cluster::{Kind, World, named_secrets};
pub use cache::Pauses;
use cache::{Typed, watch};
use known::Known;
pub use proxies::{Pace, Proxies};
pub use secrets::Secrets;

/// The caches.
#[derive(Debug, Clone)]
pub struct Watches {
    releases: Typed<GrayRelease>,
    lanes: Typed<Lane>,
    policies: Typed<MeshPolicy>,
    deployments: Store<Deployment>,
    replica_sets: Store<ReplicaSet>,
    autoscalers: Store<HorizontalPodAutoscaler>,
    services: Store<Service>,
    endpoint_slices: Store<EndpointSlice>,
    pods: Store<Pod>,
    destination_rules: Store<DynamicObject>,
    virtual_services: Store<DynamicObject>,
    wasm_plugins: Store<DynamicObject>,
    envoy_filters: Store<DynamicObject>,
    changed: Arc<Notify>,
}

/// How often a cache is looked at that is to catch up.
const PERIOD: Duration = Duration::from_millis(5);

impl Watches {
    /// Starts watching, until `stop`.
    #[must_use]
    pub fn start(client: &Client, tasks: &TaskTracker, stop: &CancellationToken) -> Self {
        let changed = Arc::new(Notify::new());
        let ours = |kind: Kind, known: Known| {
            let tidied = move |object: &mut DynamicObject| known.keep(object);
            watch(client, &kind.resource(), tidied, tasks, stop, &changed)
        };
        let dynamic = |kind: Kind| watch(client, &kind.resource(), as_it_is, tasks, stop, &changed);
        Self {
            releases: Typed::of(ours(Kind::GrayRelease, Known::of::<GrayRelease>())),
            lanes: Typed::of(ours(Kind::Lane, Known::of::<Lane>())),
            policies: Typed::of(ours(Kind::MeshPolicy, Known::of::<MeshPolicy>())),
            deployments: watch(client, &(), as_it_is, tasks, stop, &changed),
            replica_sets: watch(client, &(), as_it_is, tasks, stop, &changed),
            autoscalers: watch(client, &(), as_it_is, tasks, stop, &changed),
            services: watch(client, &(), as_it_is, tasks, stop, &changed),
            endpoint_slices: watch(client, &(), as_it_is, tasks, stop, &changed),
            pods: watch(client, &(), as_it_is, tasks, stop, &changed),
            destination_rules: dynamic(Kind::DestinationRule),
            virtual_services: dynamic(Kind::VirtualService),
            wasm_plugins: dynamic(Kind::WasmPlugin),
            envoy_filters: dynamic(Kind::EnvoyFilter),
            changed,
        }
    }

    /// Waits until every kind has been listed once.
    pub async fn ready(&self) {
        for store in [
            self.releases.store(),
            self.lanes.store(),
            self.policies.store(),
            &self.destination_rules,
            &self.virtual_services,
            &self.wasm_plugins,
            &self.envoy_filters,
        ] {
            // A watch ends when the controller does.
            let _ = store.wait_until_ready().await;
        }
        let _ = self.deployments.wait_until_ready().await;
        let _ = self.replica_sets.wait_until_ready().await;
        let _ = self.autoscalers.wait_until_ready().await;
        let _ = self.services.wait_until_ready().await;
        let _ = self.endpoint_slices.wait_until_ready().await;
        let _ = self.pods.wait_until_ready().await;
    }

    /// What wakes the controller.
    #[must_use]
    pub fn changed(&self) -> &Arc<Notify> {
        &self.changed
    }

    /// The pods.
    #[must_use]
    pub fn pods(&self) -> Vec<Arc<Pod>> {
        self.pods.state()
    }

    fn policy(&self) -> Option<Arc<MeshPolicy>> {
        self.policies.state().first().cloned()
    }

    /// The secrets that the policy of the mesh names, and named when it was accepted last.
    #[must_use]
    pub fn named_secrets(&self) -> BTreeSet<SecretRef> {
        let Some(policy) = self.policy() else { return BTreeSet::new() };
        let accepted = policy.status.as_ref().and_then(|status| status.accepted.as_ref());
        let specs = accepted.map(|accepted| &accepted.spec).into_iter().chain([&policy.spec]);
        specs.flat_map(named_secrets).map(|(_, named)| named.clone()).collect()
    }

    /// The world as it was last seen. An object of ours that can not be read is left out, and told in the log.
    #[must_use]
    pub fn world(&self, proxies: &Proxies, secrets: &Secrets) -> World {
        World {
            releases: self.releases.state(),
            lanes: self.lanes.state(),
            policy: self.policy(),
            secrets: secrets.known(),
            deployments: self.deployments.state().into_iter().collect(),
            replica_sets: self.replica_sets.state().into_iter().collect(),
            autoscalers: self.autoscalers.state().into_iter().collect(),
            services: self.services.state().into_iter().collect(),
            endpoint_slices: self.endpoint_slices.state().into_iter().collect(),
            pods: self.pods.state().into_iter().collect(),
            destination_rules: self.destination_rules.state().into_iter().collect(),
            virtual_services: self.virtual_services.state().into_iter().collect(),
            wasm_plugins: self.wasm_plugins.state().into_iter().collect(),
            envoy_filters: self.envoy_filters.state().into_iter().collect(),
            reports: proxies.reports(),
        }
    }

    /// The resource version of an object in the caches; `None` where there is none.
    #[must_use]
    pub fn version(&self, kind: Kind, namespace: &str, name: &str) -> Option<String> {
        let dynamic = |store: &Store<DynamicObject>| {
            let key = ObjectRef::new_with(name, kind.resource()).within(namespace);
            store.get(&key).and_then(|object| object.resource_version())
        };
        match kind {
            Kind::GrayRelease => dynamic(self.releases.store()),
            Kind::Lane => dynamic(self.lanes.store()),
            Kind::MeshPolicy => {
                let key = ObjectRef::new_with(name, kind.resource());
                self.policies.store().get(&key).and_then(|object| object.resource_version())
            }
            Kind::DestinationRule => dynamic(&self.destination_rules),
            Kind::VirtualService => dynamic(&self.virtual_services),
            Kind::WasmPlugin => dynamic(&self.wasm_plugins),
            Kind::EnvoyFilter => dynamic(&self.envoy_filters),
            Kind::Deployment => typed_version(&self.deployments, namespace, name),
            Kind::ReplicaSet => typed_version(&self.replica_sets, namespace, name),
        }
    }

    /// Waits until the caches show what was written, so that it is not written again; at most until `deadline`.
    pub async fn until_seen(&self, written: &[Written], deadline: Instant) {
        let is_seen = |one: &Written| self.version(one.kind, &one.namespace, &one.name) != one.before;
        while !written.iter().all(is_seen) && Instant::now() < deadline {
            sleep(PERIOD).await;
        }
    }
}

/// What is done to objects of which nothing is too much.
fn as_it_is<K>(_: &mut K) {}

/// A write that has changed something.
#[derive(Debug)]
pub struct Written {
    /// The kind of the object.
    pub kind: Kind,
    /// Its namespace.
    pub namespace: String,
    /// Its name.
    pub name: String,
    /// Its resource version in the caches before; `None`: it was not there.
    pub before: Option<String>,
}

fn typed_version<K>(store: &Store<K>, namespace: &str, name: &str) -> Option<String>
where
    K: kube::Resource<DynamicType = ()> + Clone + 'static,
{
    store.get(&ObjectRef::new(name).within(namespace)).and_then(|object| object.resource_version())
}
