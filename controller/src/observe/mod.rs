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

use k8s_openapi::api::autoscaling::v2::HorizontalPodAutoscaler;
use k8s_openapi::api::core::v1::Service;
use k8s_openapi::api::discovery::v1::EndpointSlice;
use kube::api::{ApiResource, DynamicObject};
use kube::core::ObjectMeta;
use kube::runtime::reflector::{ObjectRef, Store};
use kube::{Client, CustomResourceExt, Resource};
use serde::de::DeserializeOwned;
use tokio::sync::Notify;
use tokio::time::{Instant, sleep};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::api::{GrayRelease, Lane, MeshPolicy, SecretRef};
use crate::cluster::{
    Kept, Kind, Placement, PodProxy, Replicas, Rollout, SAID_ANNOTATION, Specs, World, named_secrets,
};
pub use cache::Pauses;
use cache::{Ours, Page, Watcher, whole};
use known::Known;
pub use proxies::{Pace, Proxies};
pub use secrets::Secrets;

/// The caches.
#[derive(Debug, Clone)]
pub struct Watches {
    releases: Store<Kept<Ours<GrayRelease>>>,
    lanes: Store<Kept<Ours<Lane>>>,
    policies: Store<Kept<Ours<MeshPolicy>>>,
    deployments: Store<Kept<Rollout>>,
    replica_sets: Store<Kept<Replicas>>,
    autoscalers: Store<HorizontalPodAutoscaler>,
    services: Store<Service>,
    endpoint_slices: Store<EndpointSlice>,
    pods: Store<Kept<PodProxy>>,
    destination_rules: Store<DynamicObject>,
    virtual_services: Store<DynamicObject>,
    wasm_plugins: Store<Kept<Placement>>,
    envoy_filters: Store<Kept<Placement>>,
    changed: Arc<Notify>,
}

/// How often a cache is looked at that is to catch up.
const PERIOD: Duration = Duration::from_millis(5);

impl Watches {
    /// Starts watching, until `stop`.
    #[must_use]
    pub fn start(client: &Client, tasks: &TaskTracker, stop: &CancellationToken) -> Self {
        let changed = Arc::new(Notify::new());
        let watcher = Watcher { client, tasks, stop, changed: &changed };
        let routes = |kind: Kind| watcher.watch(&kind.resource(), Page::Usual, whole);
        let filters = |kind: Kind| {
            let mut specs = Specs::default();
            watcher.watch(&kind.resource(), Page::Large, move |object| Placement::kept(object, &mut specs))
        };
        Self {
            releases: watcher.ours(Kind::GrayRelease),
            lanes: watcher.ours(Kind::Lane),
            policies: watcher.ours(Kind::MeshPolicy),
            deployments: watcher.watch(&(), Page::Usual, Rollout::kept),
            replica_sets: watcher.watch(&(), Page::Usual, Replicas::kept),
            autoscalers: watcher.watch(&(), Page::Usual, |scaler: HorizontalPodAutoscaler| {
                whole(HorizontalPodAutoscaler { status: None, ..scaler })
            }),
            services: watcher.watch(&(), Page::Usual, whole),
            endpoint_slices: watcher.watch(&(), Page::Usual, whole),
            pods: watcher.watch(&(), Page::Usual, PodProxy::kept),
            destination_rules: routes(Kind::DestinationRule),
            virtual_services: routes(Kind::VirtualService),
            wasm_plugins: filters(Kind::WasmPlugin),
            envoy_filters: filters(Kind::EnvoyFilter),
            changed,
        }
    }

    /// Waits until every kind has been listed once.
    pub async fn ready(&self) {
        // A watch ends when the controller does.
        let _ = self.releases.wait_until_ready().await;
        let _ = self.lanes.wait_until_ready().await;
        let _ = self.policies.wait_until_ready().await;
        let _ = self.destination_rules.wait_until_ready().await;
        let _ = self.virtual_services.wait_until_ready().await;
        let _ = self.wasm_plugins.wait_until_ready().await;
        let _ = self.envoy_filters.wait_until_ready().await;
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
    pub fn pods(&self) -> Vec<Arc<Kept<PodProxy>>> {
        self.pods.state()
    }

    fn policy(&self) -> Option<Arc<MeshPolicy>> {
        Ours::all(&self.policies).first().cloned()
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
            releases: Ours::all(&self.releases),
            unread_releases: Ours::unread(&self.releases),
            lanes: Ours::all(&self.lanes),
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
        self.read(kind, namespace, name, |metadata| metadata.resource_version.clone())
    }

    /// What was said last of an object in the caches, as its annotation tells; `None` where nothing was.
    #[must_use]
    pub fn said(&self, kind: Kind, namespace: &str, name: &str) -> Option<String> {
        self.read(kind, namespace, name, |metadata| metadata.annotations.as_ref()?.get(SAID_ANNOTATION).cloned())
    }

    fn read(&self, kind: Kind, namespace: &str, name: &str, what: Read) -> Option<String> {
        let address = Address { kind, namespace, name };
        match kind {
            Kind::GrayRelease => address.read_in(&self.releases, what),
            Kind::Lane => address.read_in(&self.lanes, what),
            Kind::MeshPolicy => address.read_in(&self.policies, what),
            Kind::DestinationRule => address.read_in(&self.destination_rules, what),
            Kind::VirtualService => address.read_in(&self.virtual_services, what),
            Kind::WasmPlugin => address.read_in(&self.wasm_plugins, what),
            Kind::EnvoyFilter => address.read_in(&self.envoy_filters, what),
            Kind::Deployment => read_typed(&self.deployments, namespace, name, what),
            Kind::ReplicaSet => read_typed(&self.replica_sets, namespace, name, what),
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

impl Watcher<'_> {
    /// Watches a kind of ours, each object without what this version of its definition does not have.
    fn ours<T>(&self, kind: Kind) -> Store<Kept<Ours<T>>>
    where
        T: CustomResourceExt + Resource + DeserializeOwned + Clone + PartialEq + Send + Sync + 'static,
    {
        let known = Known::of::<T>();
        self.watch(&kind.resource(), Page::Usual, move |mut object: DynamicObject| {
            known.keep(&mut object);
            Ours::kept(object)
        })
    }
}

/// What is read of an object.
type Read = fn(&ObjectMeta) -> Option<String>;

/// Where an object is looked for.
struct Address<'a> {
    kind: Kind,
    namespace: &'a str,
    name: &'a str,
}

impl Address<'_> {
    fn read_in<K>(&self, store: &Store<K>, what: Read) -> Option<String>
    where
        K: Resource<DynamicType = ApiResource> + Clone + 'static,
    {
        let key = ObjectRef::new_with(self.name, self.kind.resource());
        // What belongs to the cluster is in no namespace.
        let key = if self.namespace.is_empty() { key } else { key.within(self.namespace) };
        what(store.get(&key)?.meta())
    }
}

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

fn read_typed<K>(store: &Store<K>, namespace: &str, name: &str, what: Read) -> Option<String>
where
    K: kube::Resource<DynamicType = ()> + Clone + 'static,
{
    what(store.get(&ObjectRef::new(name).within(namespace))?.meta())
}
